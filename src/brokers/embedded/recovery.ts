import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerError } from '../../errors.js';
import { AppendFile } from './append-file.js';
import {
  BATCH_HEADER,
  BatchKind,
  batchAppendedAt,
  batchBase,
  batchEnd,
  batchKind,
  batchNext,
  batchTransaction,
  isBatch,
} from './batch.js';
import type { RecoveredLog } from './partition-log.js';
import { CHUNK_BYTES, Chunk, createSegment, Segment, segmentBase, segmentPath } from './segment.js';
import { finishSwaps } from './segment-swap.js';
import { TransactionIndex } from './transaction-index.js';

const READ_BYTES = 1024 * 1024;

/**
 * Reads a partition's folder: checks every batch and makes the index that is kept in memory.
 *
 * Only the last segment can end in half a batch: that is where a process was killed in the middle of a write. It was
 * not acknowledged, and is cut off. Damage anywhere else is a disk's or a person's, and is not glossed over.
 *
 * @param onTransaction called with every transaction's number
 * @throws BrokerError that names the file and the byte, when an earlier segment is damaged
 */
export async function recoverLog(
  directory: string,
  onTransaction: (transaction: number) => void,
): Promise<RecoveredLog> {
  await mkdir(directory, { recursive: true });
  await finishSwaps(directory);
  const bases: number[] = [];
  for (const name of await readdir(directory)) {
    const base = segmentBase(name);
    if (base === undefined) await rm(join(directory, name), { recursive: true });
    else bases.push(base);
  }
  bases.sort((a, b) => a - b);

  const transactions = new TransactionIndex();
  const segments: Segment[] = [];
  for (const [index, base] of bases.entries()) {
    const path = segmentPath(directory, base);
    const { chunks, size, sizeOnDisk, appendedAt } = await scan(path, base, transactions, onTransaction);
    if (size < sizeOnDisk && index < bases.length - 1) {
      throw new BrokerError(
        `${path} is damaged at byte ${size} of ${sizeOnDisk}, and it is not the file that was written last. ` +
          'Restore it from a copy, or delete the folder of the topic and let it be filled again.',
        'fatal',
        'CORRUPT',
      );
    }
    segments.push(segmentOf(base, AppendFile.open(path, size), chunks, size, appendedAt));
  }
  if (segments.length === 0) segments.push(createSegment(directory, 0));
  return { segments, transactions };
}

interface ScannedChunk {
  readonly baseOffset: number;
  readonly position: number;
  length: number;
  nextOffset: number;
}

function segmentOf(
  base: number,
  file: AppendFile,
  scanned: readonly ScannedChunk[],
  size: number,
  appendedAt: number,
): Segment {
  const segment = new Segment(base, file);
  segment.bytes = size;
  segment.appendedAt = appendedAt;
  for (const { baseOffset, position, length, nextOffset } of scanned) {
    const chunk = new Chunk(segment, baseOffset, position);
    chunk.length = length;
    chunk.nextOffset = nextOffset;
    segment.chunks.push(chunk);
  }
  return segment;
}

async function scan(
  path: string,
  base: number,
  transactions: TransactionIndex,
  onTransaction: (transaction: number) => void,
): Promise<{ chunks: ScannedChunk[]; size: number; sizeOnDisk: number; appendedAt: number }> {
  const chunks: ScannedChunk[] = [];
  const file = await open(path, 'r');
  try {
    const sizeOnDisk = (await file.stat()).size;
    let window: Buffer = Buffer.alloc(0);
    /** Where the window begins in the file. */
    let windowAt = 0;
    let at = 0;
    let appendedAt = 0;
    let expected = base;
    for (;;) {
      const position = windowAt + at;
      const needed = at + 4 <= window.length ? Math.max(BATCH_HEADER, batchEnd(window, at) - at) : BATCH_HEADER;
      if (position + needed > sizeOnDisk) return { chunks, size: position, sizeOnDisk, appendedAt };
      if (at + needed > window.length) {
        window = await readFully(file, position, Math.min(Math.max(needed, READ_BYTES), sizeOnDisk - position));
        windowAt = position;
        at = 0;
        continue;
      }
      if (!isBatch(window, at) || batchBase(window, at) < expected) {
        return { chunks, size: position, sizeOnDisk, appendedAt };
      }
      addTo(chunks, position, batchBase(window, at), batchNext(window, at), needed);
      index(window, at, transactions, onTransaction);
      expected = batchNext(window, at);
      appendedAt = Math.max(appendedAt, batchAppendedAt(window, at));
      at += needed;
    }
  } finally {
    await file.close();
  }
}

function addTo(chunks: ScannedChunk[], position: number, base: number, next: number, length: number): void {
  const last = chunks.at(-1);
  if (last !== undefined && last.length + length <= CHUNK_BYTES) {
    last.length += length;
    last.nextOffset = next;
  } else {
    chunks.push({ baseOffset: base, position, length, nextOffset: next });
  }
}

function index(
  bytes: Buffer,
  at: number,
  transactions: TransactionIndex,
  onTransaction: (transaction: number) => void,
): void {
  const transaction = batchTransaction(bytes, at);
  if (transaction === 0) return;
  onTransaction(transaction);
  const kind = batchKind(bytes, at);
  if (kind === BatchKind.records) transactions.wrote(transaction, batchBase(bytes, at));
  else transactions.end(transaction, kind === BatchKind.commitMarker, batchBase(bytes, at));
}

async function readFully(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
