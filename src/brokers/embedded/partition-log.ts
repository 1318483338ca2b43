import { asError, BrokerError } from '../../errors.js';
import type { BatchBuilder } from './batch.js';
import { BatchKind } from './batch.js';
import type { ChunkCache } from './chunk-cache.js';
import type { Chunk, Segment } from './segment.js';
import { createSegment, firstEndingAfter } from './segment.js';
import { syncFolder } from './sync-folder.js';
import { TransactionIndex } from './transaction-index.js';
import type { Flush, WriteCycle, Writer } from './write-cycle.js';

/** A batch on its way to the log. */
export interface PendingBatch {
  readonly builder: BatchBuilder;
  readonly kind: BatchKind;
  readonly transaction: number;
  /** Set when it must not be written any more. */
  dropped: boolean;
  /** Its turn has come: nothing may be added any more. */
  onTaken(): void;
  onAcknowledged(): void;
  onFailed(error: BrokerError): void;
}

/** What a log needs to know of where it lives. */
export interface LogPlace {
  readonly topic: string;
  readonly partition: number;
  /** Its folder; undefined keeps the log in memory. */
  readonly directory: string | undefined;
  readonly segmentBytes: number;
  readonly flush: Flush;
  readonly cache: ChunkCache;
  readonly cycle: WriteCycle;
}

/** What is found in a partition's folder. */
export interface RecoveredLog {
  /** At least one, in order of offsets. */
  readonly segments: readonly Segment[];
  readonly transactions: TransactionIndex;
}

/**
 * One partition: an append-only sequence of batches with growing offsets.
 *
 *  1. Offsets are given in the order of {@link enqueue}; a marker takes one, compaction leaves gaps.
 *  2. `highWatermark` ends what is acknowledged; the last stable offset ends what is also decided. Readers see nothing
 *     beyond.
 *  3. A write that fails leaves the log as it was, and its offsets are given again.
 *  4. Only the last segment is written to; it always exists, so that the next offset survives compaction.
 */
export class PartitionLog implements Writer {
  readonly topic: string;
  readonly partition: number;
  readonly directory: string | undefined;
  readonly transactions: TransactionIndex;
  readonly #cache: ChunkCache;
  readonly #cycle: WriteCycle;
  readonly #segmentBytes: number;
  readonly #listeners = new Set<() => void>();
  #segments: Segment[];
  #next: number;
  #highWatermark: number;
  #pending: PendingBatch[] = [];
  #written: PendingBatch[] = [];
  #markers: { readonly batch: PendingBatch; readonly offset: number }[] = [];
  #syncFailure: BrokerError | undefined;
  #newFile = false;
  #deleted = false;

  /** @param found what recovery read from the folder; undefined for a new log */
  constructor(place: LogPlace, found?: RecoveredLog) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.directory = place.directory;
    this.#cache = place.cache;
    this.#cycle = place.cycle;
    this.#segmentBytes = place.segmentBytes;
    this.transactions = found?.transactions ?? new TransactionIndex();
    this.#segments = found === undefined ? [createSegment(place.directory, 0)] : [...found.segments];
    this.#next = this.#active.nextOffset;
    this.#highWatermark = this.#next;
  }

  /** The first offset that may be read. */
  get start(): number {
    return this.#segments[0]!.baseOffset;
  }

  /** The offset after the last acknowledged one. */
  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** The offset up to which everything is acknowledged and decided. */
  get lastStableOffset(): number {
    return Math.min(this.transactions.firstOpen, this.#highWatermark);
  }

  /** Bytes of all segments from `offset` on, which begins one. */
  bytesFrom(offset: number): number {
    let bytes = 0;
    for (const segment of this.#segments) if (segment.baseOffset >= offset) bytes += segment.bytes;
    return bytes;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Whether the topic is gone; nothing can be read or written any more. */
  get deleted(): boolean {
    return this.#deleted;
  }

  get #active(): Segment {
    return this.#segments.at(-1)!;
  }

  /** Calls `listener` whenever more can be read, and when the log is deleted. Returns how to stop that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Puts a batch behind those that wait; records may be added to it until it is written. */
  enqueue(batch: PendingBatch): void {
    this.#pending.push(batch);
    this.#cycle.request(this);
  }

  write(now: number): void {
    const batches = this.#pending.filter((batch) => !batch.dropped);
    this.#pending = [];
    if (batches.length === 0) return;
    for (const batch of batches) batch.onTaken();
    if (this.#deleted) {
      for (const batch of batches) batch.onFailed(unknownTopic(this.topic));
      return;
    }
    if (this.#syncFailure !== undefined) {
      for (const batch of batches) batch.onFailed(this.#syncFailure);
      return;
    }
    try {
      this.#append(batches, now);
    } catch (thrown) {
      const error = this.#storageError('written', asError(thrown));
      for (const batch of batches) batch.onFailed(error);
      return;
    }
    for (const batch of batches) this.#written.push(batch);
  }

  async sync(): Promise<void> {
    if (this.#written.length === 0 || this.#deleted) return;
    try {
      await this.#active.file?.sync();
      if (this.#newFile) await syncFolder(this.directory!);
      this.#newFile = false;
    } catch (thrown) {
      // After a failed fsync nobody knows what is on the disk: nothing more is accepted until recovery has read it.
      this.#syncFailure = this.#storageError('flushed to disk', asError(thrown));
    }
  }

  publish(): void {
    const batches = this.#written;
    if (batches.length === 0) return;
    this.#written = [];
    if (this.#syncFailure !== undefined) {
      for (const batch of batches) batch.onFailed(this.#syncFailure);
      return;
    }
    this.#highWatermark = this.#next;
    for (const { batch, offset } of this.#markers) {
      this.transactions.end(batch.transaction, batch.kind === BatchKind.commitMarker, offset);
    }
    this.#markers = [];
    for (const batch of batches) batch.onAcknowledged();
    for (const listener of this.#listeners) listener();
  }

  /** Closes the last segment and begins another, unless it is empty. Everything before can then be compacted. */
  roll(): void {
    const active = this.#active;
    if (active.bytes === 0) return;
    // Mends what a failed write may have left behind the end.
    active.file?.append([]);
    const fresh = createSegment(this.directory, this.#next);
    this.#newFile = this.directory !== undefined;
    for (const chunk of active.chunks) this.#cache.adopt(chunk);
    this.#segments.push(fresh);
  }

  /** The chunk that holds the first record at or after `offset`; undefined at the end. */
  locate(offset: number): Chunk | undefined {
    const segments = this.#segments;
    for (let s = firstEndingAfter(segments, offset); s < segments.length; s += 1) {
      const { chunks } = segments[s]!;
      const chunk = chunks[firstEndingAfter(chunks, offset)];
      if (chunk !== undefined) return chunk;
    }
    return undefined;
  }

  /** The chunk's bytes if they are in memory. Only the first `chunk.length` count. */
  bytesOf(chunk: Chunk): Buffer | undefined {
    return chunk.bytes ?? this.#cache.get(chunk);
  }

  /** Reads the chunk's bytes from its file. */
  load(chunk: Chunk): Promise<Buffer> {
    return this.#cache.load(chunk);
  }

  /**
   * Puts `fresh` in the place of consecutive sealed segments; none drops them. The caller has dealt with the files'
   * names; the old ones are closed here, once nobody reads them.
   */
  async replace(old: readonly Segment[], fresh: readonly Segment[]): Promise<void> {
    this.#segments.splice(this.#segments.indexOf(old[0]!), old.length, ...fresh);
    await Promise.all(old.map((segment) => segment.file?.close()));
  }

  /** The topic is gone: what waits fails, readers are woken. The caller closes the log and removes its folder. */
  markDeleted(): void {
    this.#deleted = true;
    for (const listener of this.#listeners) listener();
  }

  /** Closes the files. Nothing may be written afterwards. */
  async close(): Promise<void> {
    await Promise.all(this.#segments.map((segment) => segment.file?.close()));
  }

  #append(batches: readonly PendingBatch[], now: number): void {
    if (this.#active.bytes >= this.#segmentBytes) this.roll();
    const segment = this.#active;
    const before = segment.mark();
    const next = this.#next;

    for (const batch of batches) {
      const offsets = Math.max(1, batch.builder.count);
      const sealed = batch.builder.seal({
        kind: batch.kind,
        baseOffset: this.#next,
        offsets,
        transaction: batch.transaction,
        appendedAt: now,
        tombstonesUntil: 0,
      });
      this.#next += offsets;
      segment.chunkFor(sealed.length, this.#next - offsets).add(sealed, this.#next);
      segment.bytes += sealed.length;
    }

    try {
      segment.file?.append(segment.addedSince(before));
    } catch (error) {
      segment.goBackTo(before);
      this.#next = next;
      throw error;
    }

    segment.appendedAt = now;
    for (let i = Math.max(0, before.chunks - 1); i < segment.chunks.length - 1; i += 1) {
      this.#cache.adopt(segment.chunks[i]!);
    }
    let offset = next;
    for (const batch of batches) {
      if (batch.kind !== BatchKind.records) this.#markers.push({ batch, offset });
      else if (batch.transaction !== 0) this.transactions.wrote(batch.transaction, offset);
      offset += Math.max(1, batch.builder.count);
    }
  }

  #storageError(what: string, cause: Error): BrokerError {
    const code = (cause as NodeJS.ErrnoException).code;
    return new BrokerError(
      `Records for ${this.topic}-${this.partition} could not be ${what} in ${this.directory}: ${cause.message}. ` +
        'None of them was acknowledged. Free space or mend the folder, then produce them again.',
      'fatal',
      code ?? 'STORAGE',
      { cause },
    );
  }
}

/** What one is told who names a topic or partition that does not exist. */
export function unknownTopic(topic: string, partition?: number): BrokerError {
  return new BrokerError(
    partition === undefined
      ? `There is no topic "${topic}". Topics are not created by writing or subscribing: create it first.`
      : `Topic "${topic}" has no partition ${partition}.`,
    'retriable',
    'UNKNOWN_TOPIC_OR_PART',
  );
}
