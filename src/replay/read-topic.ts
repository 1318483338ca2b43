import type { Broker, ConsumedRecord, Consumer, TopicPartition } from '../brokers/port.js';

const BATCH = 1_000;
const POLL_MS = 100;

/** A stretch of a partition: offsets from `from` up to and not including `to`. */
export interface Stretch extends TopicPartition {
  readonly from: number;
  readonly to: number;
}

/**
 * The committed records of a stretch, one after the other. Ends where the stretch does, whatever lies there: gaps,
 * markers of transactions, aborted records.
 *
 * @param consumer without a group; it is assigned the partition
 */
export async function* readStretch(
  consumer: Consumer,
  { topic, partition, from, to }: Stretch,
): AsyncGenerator<ConsumedRecord> {
  if (from >= to) return;
  consumer.assign([{ topic, partition, offset: from }]);
  for (let next = from; next < to; ) {
    for (const record of await consumer.poll(BATCH, POLL_MS)) {
      if (record.offset >= to) return;
      yield record;
    }
    next = consumer.position({ topic, partition }) ?? next;
  }
}

/** All committed records of a topic, partition after partition, up to where each ends when it is come to. */
export async function* readTopic(broker: Broker, topic: string): AsyncGenerator<ConsumedRecord> {
  const admin = await broker.admin();
  const partitions = (await admin.partitionCount(topic).finally(() => admin.close())) ?? 0;
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  try {
    for (let partition = 0; partition < partitions; partition += 1) {
      const { low, high } = await consumer.watermarks({ topic, partition });
      yield* readStretch(consumer, { topic, partition, from: low, to: high });
    }
  } finally {
    await consumer.close();
  }
}
