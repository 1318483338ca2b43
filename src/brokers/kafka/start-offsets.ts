/**
 * Where newly assigned partitions begin, when the reset differs from topic to topic or has to be an error: librdkafka
 * knows one `auto.offset.reset` for a consumer, and reports an error of it where a batch may swallow it.
 */
import { BrokerError } from '../../errors.js';
import { partitionName } from '../partition-name.js';
import type { Consumer, ConsumerConfig, TopicPartition, TopicPartitionOffset } from '../port.js';

/** What librdkafka does by itself, for partitions whose offset is deleted while they are read. */
export function clientReset(reset: ConsumerConfig['offsetReset']): 'earliest' | 'latest' | 'error' {
  // With a reset for each topic: the one that loses nothing.
  if (typeof reset === 'function') return 'earliest';
  return reset === 'none' ? 'error' : reset;
}

/** Whether {@link startOffsets} has to decide, because librdkafka alone would not do what is asked. */
export const needsStartOffsets = (reset: ConsumerConfig['offsetReset']): boolean =>
  typeof reset === 'function' || reset === 'none';

/**
 * The committed offset where it lies inside the partition, and the topic's reset otherwise.
 *
 * @throws BrokerError `fatal` with the code NO_OFFSET where the reset is `none`
 */
export async function startOffsets(
  consumer: Pick<Consumer, 'committed' | 'watermarks'>,
  reset: ConsumerConfig['offsetReset'],
  partitions: readonly TopicPartition[],
): Promise<TopicPartitionOffset[]> {
  const committed = await consumer.committed(partitions);
  return Promise.all(
    partitions.map(async (partition, i) => {
      const { low, high } = await consumer.watermarks(partition);
      const offset = committed[i];
      if (offset !== undefined && offset >= low && offset <= high) return { ...partition, offset };
      const policy = typeof reset === 'function' ? reset(partition.topic) : reset;
      if (policy !== 'none') return { ...partition, offset: policy === 'earliest' ? low : high };
      const place = partitionName(partition);
      const found = offset === undefined ? 'There is no committed offset' : `The committed offset ${offset} is not`;
      throw new BrokerError(
        `${found} in ${place} (it holds ${low} to ${high}), and its offset reset is 'none'. ` +
          `Commit an offset for the group, or choose 'earliest' or 'latest'.`,
        'fatal',
        'NO_OFFSET',
      );
    }),
  );
}
