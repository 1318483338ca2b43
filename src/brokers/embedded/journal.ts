/**
 * What the broker knows besides records: topics, committed offsets, and which transactions are committed. An
 * append-only file of entries; recovery reads it from the beginning.
 *
 *  1. A transaction is committed by exactly one entry, which also carries its offsets: after a crash it either is in
 *     the journal, and recovery writes the markers that are missing, or it is not, and is aborted.
 *  2. An entry takes effect in memory when it is on disk, never before.
 *  3. The file is rewritten from the state in memory when most of it is out of date; the new file takes the old
 *     one's place in one step (rename).
 *
 * A frame: `u32 length of the JSON, u32 CRC-32 of it, JSON`, little-endian.
 */

import { fsyncSync, renameSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { asError, BrokerError, ConfigurationError } from '../../errors.js';
import { AppendFile } from './append-file.js';
import { syncFolder } from './sync-folder.js';
import type { Flush, WriteCycle, Writer } from './write-cycle.js';

/** `[topic, partition, offset]`. */
export type OffsetEntry = readonly [string, number, number];

export interface GroupOffsets {
  readonly group: string;
  readonly offsets: readonly OffsetEntry[];
}

export interface TopicEntry {
  readonly id: number;
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export type JournalEntry =
  | { readonly kind: 'format'; readonly version: number }
  /** Ids up to these were given. */
  | { readonly kind: 'ids'; readonly topic: number; readonly transaction: number }
  | { readonly kind: 'topic'; readonly topic: TopicEntry }
  | { readonly kind: 'topic-deleted'; readonly id: number }
  /** All before this offset was compacted. */
  | { readonly kind: 'compacted'; readonly topic: number; readonly partition: number; readonly offset: number }
  | { readonly kind: 'offsets'; readonly offsets: GroupOffsets }
  | { readonly kind: 'group-deleted'; readonly group: string }
  | { readonly kind: 'commit'; readonly transaction: number; readonly offsets: readonly GroupOffsets[] };

const VERSION = 1;
const FRAME_HEADER = 8;
const REWRITE_FROM_BYTES = 4 * 1024 * 1024;

interface PendingEntry {
  readonly frame: Buffer;
  onDurable(): void;
  onFailed(error: BrokerError): void;
}

export class Journal implements Writer {
  readonly #cycle: WriteCycle;
  readonly #flush: Flush;
  readonly #snapshot: () => Iterable<JournalEntry>;
  readonly #path: string | undefined;
  #file: AppendFile | undefined;
  /** The file is new under its name, which a power cut could undo. */
  #renamed = false;
  #rewriteAt: number;
  #pending: PendingEntry[] = [];
  #written: PendingEntry[] = [];
  #failure: BrokerError | undefined;

  /**
   * @param path undefined keeps nothing
   * @param size how many bytes of the file are whole entries, as {@link readJournal} found
   * @param snapshot the entries that say all that holds now
   */
  constructor(
    path: string | undefined,
    size: number,
    cycle: WriteCycle,
    flush: Flush,
    snapshot: () => Iterable<JournalEntry>,
  ) {
    this.#cycle = cycle;
    this.#flush = flush;
    this.#snapshot = snapshot;
    this.#path = path;
    this.#file = path === undefined ? undefined : AppendFile.open(path, size);
    this.#rewriteAt = Math.max(REWRITE_FROM_BYTES, size * 2);
    if (size === 0) this.#file?.append([frameOf({ kind: 'format', version: VERSION })]);
  }

  /** Writes an entry; `apply` runs when it holds, in the step in which the cycle publishes. */
  append(entry: JournalEntry, apply: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({
        frame: frameOf(entry),
        onDurable: () => {
          apply();
          resolve();
        },
        onFailed: reject,
      });
      this.#cycle.request(this);
    });
  }

  write(): void {
    const entries = this.#pending;
    this.#pending = [];
    if (entries.length === 0) return;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#file?.append(entries.map((entry) => entry.frame));
    } catch (thrown) {
      const error = this.#storageError(asError(thrown));
      for (const entry of entries) entry.onFailed(error);
      return;
    }
    this.#written = entries;
  }

  async sync(): Promise<void> {
    if (this.#written.length === 0) return;
    try {
      await this.#file?.sync();
      if (this.#renamed) await syncFolder(dirname(this.#path!));
      this.#renamed = false;
    } catch (thrown) {
      this.#failure = this.#storageError(asError(thrown));
    }
  }

  publish(): void {
    const entries = this.#written;
    this.#written = [];
    if (this.#failure !== undefined) {
      for (const entry of entries) entry.onFailed(this.#failure);
      return;
    }
    for (const entry of entries) entry.onDurable();
    if (this.#file !== undefined && this.#file.size >= this.#rewriteAt) this.#rewrite();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #rewrite(): void {
    const old = this.#file!;
    const path = this.#path!;
    let fresh: AppendFile | undefined;
    try {
      fresh = AppendFile.open(`${path}.new`, 0);
      const frames = [frameOf({ kind: 'format', version: VERSION })];
      for (const entry of this.#snapshot()) frames.push(frameOf(entry));
      fresh.append([Buffer.concat(frames)]);
      if (this.#flush === 'disk') fsyncSync(fresh.descriptor);
      renameSync(fresh.path, path);
    } catch {
      // The old file is whole and goes on growing; the next try is when it has doubled. Appending reports a full disk.
      this.#rewriteAt = old.size * 2;
      void fresh?.close();
      return;
    }
    this.#file = fresh;
    this.#renamed = true;
    this.#rewriteAt = Math.max(REWRITE_FROM_BYTES, fresh.size * 2);
    void old.close();
  }

  #storageError(cause: Error): BrokerError {
    if (cause instanceof BrokerError) return cause;
    return new BrokerError(
      `The broker's journal could not be written: ${cause.message}. Nothing was committed by this call.`,
      'retriable',
      (cause as NodeJS.ErrnoException).code ?? 'STORAGE',
      { cause },
    );
  }
}

/**
 * Reads the journal at `path`.
 *
 * @returns the entries, and how many bytes of the file they take: what a killed process left half written is behind them
 * @throws ConfigurationError when a newer millrace wrote the file
 */
export async function readJournal(path: string): Promise<{ entries: JournalEntry[]; size: number }> {
  await rm(`${path}.new`, { force: true });
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { entries: [], size: 0 };
    throw error;
  }
  const entries: JournalEntry[] = [];
  let at = 0;
  while (at + FRAME_HEADER <= bytes.length) {
    const end = at + FRAME_HEADER + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const json = bytes.subarray(at + FRAME_HEADER, end);
    if (crc32(json) !== bytes.readUInt32LE(at + 4)) break;
    const entry = JSON.parse(json.toString('utf8')) as JournalEntry;
    if (entry.kind === 'format' && entry.version !== VERSION) {
      throw new ConfigurationError(
        `${path} has format ${entry.version}; this millrace reads format ${VERSION}. Use the version that wrote it, or another folder.`,
        'directory',
      );
    }
    entries.push(entry);
    at = end;
  }
  return { entries, size: at };
}

/** An entry as it lies in the file. */
export function frameOf(entry: JournalEntry): Buffer {
  const json = Buffer.from(JSON.stringify(entry), 'utf8');
  const frame = Buffer.allocUnsafe(FRAME_HEADER + json.length);
  frame.writeUInt32LE(json.length, 0);
  frame.writeUInt32LE(crc32(json), 4);
  json.copy(frame, FRAME_HEADER);
  return frame;
}
