import type { Broker, ConsumedRecord, TopicPartition } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';
import { BEGINNING, type Bound, END, offsetsAt } from './bound.js';

/** Which part of a topic is read. */
export interface ReadRange {
  /** Default: the beginning. */
  readonly from?: Bound;
  /** Where it ends: the first offset that is not read. Default: the end when reading begins. */
  readonly to?: Bound;
  /** Default: all. */
  readonly partitions?: readonly number[];
}

const BATCH = 1_000;
const POLL_MS = 200;

/**
 * Reads what is committed in a part of a topic, and ends there: also where the last offsets are of transaction markers,
 * aborted or compacted away. Records come in batches, partition by partition in order of their offsets.
 *
 * @throws ConfigurationError when the topic, or a partition, does not exist; BrokerError when it cannot be read
 * @example
 * for await (const records of readRange(broker, 'prices', { from: { kind: 'offset', offset: 1_200 } })) print(records);
 */
export async function* readRange(
  broker: Broker,
  topic: string,
  { from = BEGINNING, to = END, partitions: asked }: ReadRange = {},
): AsyncGenerator<readonly ConsumedRecord[]> {
  const partitions = await partitionsOf(broker, topic, asked);
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  try {
    const starts = await offsetsAt(consumer, partitions, from);
    const ends = await offsetsAt(consumer, partitions, to);
    for (const [index, partition] of partitions.entries()) {
      const [start, end] = [starts[index]!, ends[index]!];
      if (start >= end) continue;
      consumer.assign([{ ...partition, offset: start }]);
      while ((consumer.position(partition) ?? start) < end) {
        const records = await consumer.poll(BATCH, POLL_MS);
        const inside = records.filter((record) => record.partition === partition.partition && record.offset < end);
        if (inside.length > 0) yield inside;
      }
    }
  } finally {
    await consumer.close();
  }
}

/** @throws ConfigurationError when the topic, or one of the partitions, does not exist */
export async function partitionsOf(
  broker: Broker,
  topic: string,
  asked?: readonly number[],
): Promise<readonly TopicPartition[]> {
  const admin = await broker.admin();
  const count = await admin.partitionCount(topic).finally(() => admin.close());
  if (count === undefined) throw new ConfigurationError(`the topic '${topic}' does not exist`, topic);
  const missing = asked?.find((partition) => partition >= count);
  if (missing !== undefined) {
    throw new ConfigurationError(`the topic '${topic}' has ${count} partitions, and no partition ${missing}`, topic);
  }
  return (asked ?? Array.from({ length: count }, (_, index) => index)).map((partition) => ({ topic, partition }));
}
