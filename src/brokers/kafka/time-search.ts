/**
 * Looks whether what the broker says to a time is a record of that time, and searches on where it is none.
 *
 * The marker that ends a transaction has the time at which it was written, and the broker's search takes it for a record.
 * Records that a topology writes have the times of what it read: where that is the past, every marker is later than they
 * are, and the broker answers with the first one.
 */
import type { Consumer, TopicPartitionTime } from '../port.js';

const BATCH = 1_000;
const POLL_MS = 100;

/**
 * The offset of the first record of the time or later, from what the broker has answered on; undefined where there is none.
 *
 * @param reader of no group; it is assigned the partition
 * @param answer where the broker found a record or a marker: no record before it is of the time or later
 */
export async function firstRecordOf(
  reader: Consumer,
  { topic, partition, timestamp }: TopicPartitionTime,
  answer: number,
): Promise<number | undefined> {
  const { high } = await reader.watermarks({ topic, partition });
  reader.assign([{ topic, partition, offset: answer }]);
  while ((reader.position({ topic, partition }) ?? answer) < high) {
    const found = (await reader.poll(BATCH, POLL_MS)).find((record) => record.timestamp >= timestamp);
    if (found !== undefined) return found.offset;
  }
  return undefined;
}
