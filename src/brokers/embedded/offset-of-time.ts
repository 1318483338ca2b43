import {
  BATCH_HEADER,
  BatchKind,
  batchBase,
  batchEnd,
  batchKind,
  recordDelta,
  recordEnd,
  recordTimestamp,
} from './batch.js';
import type { PartitionLog } from './partition-log.js';

/**
 * The first offset whose record is of the time or later; undefined when there is none. Like Kafka it does not ask whether
 * the record was aborted: the offset is where to begin, not what is read.
 *
 * Logs have no index of times, so this reads the log up to there, one chunk after the other.
 */
export async function offsetOfTime(log: PartitionLog, timestamp: number): Promise<number | undefined> {
  for (let offset = log.start; offset < log.highWatermark; ) {
    const chunk = log.locate(offset);
    if (chunk === undefined) return undefined;
    const bytes = log.bytesOf(chunk) ?? (await log.load(chunk));
    const found = firstFrom(bytes, chunk.length, offset, timestamp);
    if (found !== undefined) return found < log.highWatermark ? found : undefined;
    offset = chunk.nextOffset;
  }
  return undefined;
}

function firstFrom(bytes: Buffer, length: number, offset: number, timestamp: number): number | undefined {
  for (let at = 0; at < length; at = batchEnd(bytes, at)) {
    if (batchKind(bytes, at) !== BatchKind.records) continue;
    const end = batchEnd(bytes, at);
    for (let record = at + BATCH_HEADER; record < end; record = recordEnd(bytes, record)) {
      const here = batchBase(bytes, at) + recordDelta(bytes, record);
      if (here >= offset && recordTimestamp(bytes, record) >= timestamp) return here;
    }
  }
  return undefined;
}
