/** Questions about offsets that are asked of the broker, not of what the client remembers. */
import type { TopicPartition, TopicPartitionOffset, TopicPartitionTime } from '../port.js';
import type { Rdkafka } from './client.js';
import { translate } from './errors.js';

const TIMEOUT_MS = 10_000;

/**
 * Committed offsets of the client's group, in the order asked; undefined where there is none.
 *
 * @throws BrokerError `retriable` also while a transaction that commits offsets for the group is open
 */
export function committedOffsets(
  client: Rdkafka.KafkaConsumer,
  partitions: readonly TopicPartition[],
  groupId: string,
): Promise<readonly (number | undefined)[]> {
  return new Promise((resolve, reject) => {
    client.committed([...partitions], TIMEOUT_MS, (error, answers) => {
      if (error) reject(translate(error, `Asking for the committed offsets of group ${JSON.stringify(groupId)}`));
      else resolve(partitions.map((partition) => offsetOf(answers, partition)));
    });
  });
}

function offsetOf(answers: readonly TopicPartitionOffset[], asked: TopicPartition): number | undefined {
  const answer = answers.find(({ topic, partition }) => topic === asked.topic && partition === asked.partition);
  // librdkafka writes "no offset" as a negative number, and the binding may leave it out.
  return answer?.offset === undefined || answer.offset < 0 ? undefined : answer.offset;
}

/**
 * The first offset of each partition whose record is of the time or later; undefined where there is none.
 *
 * @throws BrokerError `retriable` also when one of the topics does not exist
 */
export function offsetsForTimes(
  client: Rdkafka.KafkaConsumer,
  partitions: readonly TopicPartitionTime[],
): Promise<readonly (number | undefined)[]> {
  return new Promise((resolve, reject) => {
    // librdkafka takes the time in the place of the offset.
    const asked = partitions.map(({ topic, partition, timestamp }) => ({ topic, partition, offset: timestamp }));
    client.offsetsForTimes(asked, TIMEOUT_MS, (error, answers) => {
      if (error) reject(translate(error, 'Asking for the offsets of a time'));
      else resolve(partitions.map((partition) => offsetOf(answers, partition)));
    });
  });
}

/** Where a partition begins and ends; under read_committed it ends at the last stable offset. */
export function watermarks(
  client: Rdkafka.KafkaConsumer,
  { topic, partition }: TopicPartition,
): Promise<{ readonly low: number; readonly high: number }> {
  return new Promise((resolve, reject) => {
    client.queryWatermarkOffsets(topic, partition, TIMEOUT_MS, (error, offsets) => {
      if (error) reject(translate(error, `Asking for the offsets of ${topic}-${partition}`));
      else resolve({ low: offsets.lowOffset, high: offsets.highOffset });
    });
  });
}
