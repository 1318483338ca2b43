/** What a reader of committed records finds in the topics of a home whose process has ended. */
import { join } from 'node:path';
import { openEmbeddedBroker } from '../../src/brokers/embedded/broker.js';
import type { ConsumedRecord } from '../../src/brokers/port.js';

const POLL_MS = 100;

/** All records of the topics (of one partition each), in order. */
export async function committedRecords(home: string, topics: readonly string[]): Promise<ConsumedRecord[][]> {
  const broker = await openEmbeddedBroker({ directory: join(home, 'broker') });
  try {
    const all: ConsumedRecord[][] = [];
    for (const topic of topics) {
      const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
      const records: ConsumedRecord[] = [];
      const { low, high } = await consumer.watermarks({ topic, partition: 0 });
      consumer.assign([{ topic, partition: 0, offset: low }]);
      while ((consumer.position({ topic, partition: 0 }) ?? low) < high) {
        records.push(...(await consumer.poll(10_000, POLL_MS)));
      }
      await consumer.close();
      all.push(records);
    }
    return all;
  } finally {
    await broker.close();
  }
}

/** What JSON with schema carries. */
export function payloadOf(bytes: Buffer | null): Record<string, unknown> | null {
  return bytes === null ? null : (JSON.parse(bytes.toString()) as { payload: Record<string, unknown> | null }).payload;
}
