import type { ConsumedRecord, TopicPartition } from '../port.js';
import {
  BATCH_HEADER,
  BatchKind,
  batchBase,
  batchEnd,
  batchKind,
  batchNext,
  batchTransaction,
  decodeRecords,
  recordDelta,
  recordEnd,
} from './batch.js';
import type { Chunk } from './segment.js';
import type { TransactionIndex } from './transaction-index.js';

/** What a reader wants of a chunk. */
export interface ReadRequest {
  /** The first offset wanted. */
  readonly from: number;
  /** The offset to stop before: the high watermark or the last stable offset. */
  readonly limit: number;
  /** How many records to take at most, at least 1. */
  readonly max: number;
  /** Leaves out what was aborted. */
  readonly committedOnly: boolean;
}

/**
 * Decodes records of a chunk, and appends them to `into`.
 *
 * @param bytes the chunk's bytes
 * @returns the offset to go on from
 */
export function readChunk(
  { topic, partition }: TopicPartition,
  transactions: TransactionIndex,
  chunk: Chunk,
  bytes: Buffer,
  { from, limit, max, committedOnly }: ReadRequest,
  into: ConsumedRecord[],
): number {
  let position = from;
  let room = max;
  for (let at = 0; at < chunk.length && room > 0; at = batchEnd(bytes, at)) {
    const next = batchNext(bytes, at);
    if (next <= position) continue;
    const base = batchBase(bytes, at);
    if (base >= limit) return limit;
    const leftOut =
      batchKind(bytes, at) !== BatchKind.records ||
      (committedOnly && transactions.isAborted(batchTransaction(bytes, at)));
    if (leftOut) {
      position = next;
      continue;
    }
    const end = batchEnd(bytes, at);
    let first = at + BATCH_HEADER;
    while (first < end && base + recordDelta(bytes, first) < position) first = recordEnd(bytes, first);
    let last = first;
    let lastOffset = position;
    for (; last < end && room > 0; room -= 1) {
      lastOffset = base + recordDelta(bytes, last);
      last = recordEnd(bytes, last);
    }
    if (last > first) decodeRecords(bytes, first, last, base, topic, partition, into);
    position = last < end ? lastOffset + 1 : next;
  }
  return position;
}
