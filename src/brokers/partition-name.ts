import type { TopicPartition } from './port.js';

/** `topic-partition`, as Kafka's folders and tools write it: what a partition is called in maps and in messages. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
