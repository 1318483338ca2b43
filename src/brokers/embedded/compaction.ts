/**
 * Compaction: of all committed records with one key, the last one stays.
 *
 *  1. Offsets stay what they were; the log gets gaps.
 *  2. Only sealed segments before the last stable offset are touched, so nothing undecided is judged.
 *  3. What remains belongs to no transaction any more, so that markers can go together with what was aborted.
 *  4. A tombstone stays for `delete.retention.ms` after compaction has met it for the first time: a reader that saw the
 *     value it deletes has that long to see the tombstone as well.
 *  5. The event loop is given free after every chunk.
 *
 * Memory: one entry for each key that was written since the last compaction.
 */
import { rm } from 'node:fs/promises';
import type { Clock } from '../../clock.js';
import { AppendFile } from './append-file.js';
import {
  BATCH_HEADER,
  BatchBuilder,
  BatchKind,
  batchAppendedAt,
  batchBase,
  batchEnd,
  batchKind,
  batchNext,
  batchTombstonesUntil,
  batchTransaction,
  isTombstone,
  recordDelta,
  recordEnd,
  recordKey,
} from './batch.js';
import type { PartitionLog } from './partition-log.js';
import type { Chunk } from './segment.js';
import { Segment } from './segment.js';
import { cleanedPath, swapIn } from './segment-swap.js';
import { endOfTick } from './waiting.js';
import type { Flush } from './write-cycle.js';

export interface CompactionSettings {
  readonly clock: Clock;
  readonly flush: Flush;
  readonly segmentBytes: number;
  readonly deleteRetentionMs: number;
  /** All before this offset was compacted already. */
  readonly compactedTo: number;
  /** Asked after every chunk: stop, and leave the rest as it is. */
  cancelled(): boolean;
}

/**
 * Compacts a log as far as it can be.
 *
 * @returns the offset before which it is now compacted
 * @throws what a file system throws; the log is then as it was, or compacted in part
 */
export async function compact(log: PartitionLog, settings: CompactionSettings): Promise<number> {
  log.roll();
  const stable = log.lastStableOffset;
  const sealed = log.segments.slice(0, -1);
  const blocked = sealed.findIndex((segment) => segment.nextOffset > stable);
  const cleanable = blocked < 0 ? sealed : sealed.slice(0, blocked);
  if (cleanable.length === 0) return settings.compactedTo;
  const end = log.segments[cleanable.length]!.baseOffset;

  const latest = new Map<string, number>();
  for (const segment of cleanable) {
    if (segment.baseOffset < settings.compactedTo) continue;
    await eachChunk(log, segment, settings, (chunk, bytes) => noteKeys(log, chunk, bytes, latest));
  }
  for (const group of groupsOf(cleanable, settings.segmentBytes)) {
    if (settings.cancelled()) return settings.compactedTo;
    const next = log.segments[log.segments.indexOf(group.at(-1)!) + 1]!.baseOffset;
    await rewrite(log, group, next, latest, settings);
  }
  if (settings.cancelled()) return settings.compactedTo;
  log.transactions.forgetAbortedBefore(end);
  return end;
}

/** Segments that together are no larger than one: they become one. */
function groupsOf(segments: readonly Segment[], segmentBytes: number): Segment[][] {
  const groups: Segment[][] = [];
  let bytes = 0;
  for (const segment of segments) {
    const last = groups.at(-1);
    if (last !== undefined && bytes + segment.bytes <= segmentBytes) {
      last.push(segment);
      bytes += segment.bytes;
    } else {
      groups.push([segment]);
      bytes = segment.bytes;
    }
  }
  return groups;
}

async function rewrite(
  log: PartitionLog,
  group: readonly Segment[],
  end: number,
  latest: ReadonlyMap<string, number>,
  settings: CompactionSettings,
): Promise<void> {
  const base = group[0]!.baseOffset;
  const { directory } = log;
  const path = directory === undefined ? undefined : cleanedPath(directory, base, end);
  const output = new Segment(base, path === undefined ? undefined : AppendFile.open(path, 0));
  try {
    await fill(output, log, group, latest, settings);
    if (settings.flush === 'disk') await output.file?.sync();
    if (settings.cancelled()) return await discard(output, path);
    if (directory !== undefined) await swapIn(directory, base, end, settings.flush);
  } catch (error) {
    await discard(output, path);
    throw error;
  }
  await log.replace(group, [output]);
}

async function discard(output: Segment, path: string | undefined): Promise<void> {
  await output.file?.close();
  if (path !== undefined) await rm(path, { force: true });
}

/** Writes what stays of the segments. */
async function fill(
  output: Segment,
  log: PartitionLog,
  group: readonly Segment[],
  latest: ReadonlyMap<string, number>,
  settings: CompactionSettings,
): Promise<void> {
  const builder = new BatchBuilder();
  const now = settings.clock.now();
  for (const segment of group) {
    await eachChunk(log, segment, settings, (chunk, bytes) => {
      for (let at = 0; at < chunk.length; at = batchEnd(bytes, at)) {
        if (!isKept(log, bytes, at)) continue;
        const kept = keepRecords(bytes, at, latest, builder, now, settings.deleteRetentionMs);
        if (kept !== undefined) addBatch(output, kept, batchNext(bytes, at), batchAppendedAt(bytes, at));
      }
    });
  }
  writeOut(output, output.chunks.at(-1));
}

/** Whether the batch has records that count: no marker, and nothing aborted. */
function isKept(log: PartitionLog, bytes: Buffer, at: number): boolean {
  return batchKind(bytes, at) === BatchKind.records && !log.transactions.isAborted(batchTransaction(bytes, at));
}

function noteKeys(log: PartitionLog, chunk: Chunk, bytes: Buffer, latest: Map<string, number>): void {
  for (let at = 0; at < chunk.length; at = batchEnd(bytes, at)) {
    if (!isKept(log, bytes, at)) continue;
    const end = batchEnd(bytes, at);
    const base = batchBase(bytes, at);
    for (let record = at + BATCH_HEADER; record < end; record = recordEnd(bytes, record)) {
      const key = keyText(bytes, record);
      if (key !== undefined) latest.set(key, base + recordDelta(bytes, record));
    }
  }
}

/** The batch with the records that stay; undefined when none does. Valid until the builder is used again. */
function keepRecords(
  bytes: Buffer,
  at: number,
  latest: ReadonlyMap<string, number>,
  builder: BatchBuilder,
  now: number,
  deleteRetentionMs: number,
): Buffer | undefined {
  builder.clear();
  const end = batchEnd(bytes, at);
  const base = batchBase(bytes, at);
  const until = batchTombstonesUntil(bytes, at);
  let tombstones = false;
  for (let record = at + BATCH_HEADER; record < end; record = recordEnd(bytes, record)) {
    const key = keyText(bytes, record);
    const superseded = key !== undefined && (latest.get(key) ?? -1) > base + recordDelta(bytes, record);
    if (superseded) continue;
    if (isTombstone(bytes, record)) {
      if (until !== 0 && until <= now) continue;
      tombstones = true;
    }
    builder.addEncoded(bytes, record, recordEnd(bytes, record));
  }
  if (builder.count === 0) return undefined;
  return builder.seal({
    kind: BatchKind.records,
    baseOffset: base,
    offsets: batchNext(bytes, at) - base,
    transaction: 0,
    appendedAt: batchAppendedAt(bytes, at),
    tombstonesUntil: tombstones ? until || now + deleteRetentionMs : 0,
  });
}

/** A key as a text that is equal exactly when the bytes are. A record without one has nothing that could replace it. */
function keyText(bytes: Buffer, record: number): string | undefined {
  return recordKey(bytes, record)?.toString('latin1');
}

function addBatch(output: Segment, batch: Buffer, nextOffset: number, appendedAt: number): void {
  const chunks = output.chunks.length;
  output.chunkFor(batch.length, batchBase(batch, 0)).add(batch, nextOffset);
  output.bytes += batch.length;
  output.appendedAt = Math.max(output.appendedAt, appendedAt);
  if (output.chunks.length > chunks) writeOut(output, output.chunks[chunks - 1]);
}

/** Writes a finished chunk and lets go of its bytes. Chunks are written in their order. */
function writeOut(output: Segment, chunk: Chunk | undefined): void {
  if (chunk === undefined) return;
  chunk.trim();
  if (output.file === undefined) return;
  output.file.append([chunk.bytes!.subarray(0, chunk.length)]);
  chunk.bytes = undefined;
}

async function eachChunk(
  log: PartitionLog,
  segment: Segment,
  settings: CompactionSettings,
  visit: (chunk: Chunk, bytes: Buffer) => void,
): Promise<void> {
  for (const chunk of segment.chunks) {
    if (settings.cancelled()) return;
    visit(chunk, log.bytesOf(chunk) ?? (await log.load(chunk)));
    await endOfTick(settings.clock);
  }
}
