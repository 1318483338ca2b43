/**
 * How records lie in a partition's log: batches, each with a checksum, one after the other.
 *
 * A batch is what one producer wrote to one partition in one go. It is also what a transaction marker is (a batch
 * with one offset and no record). The layout, little-endian, doubles being exact for every offset and time:
 *
 * ```
 *  0 u32 length of what follows this field     29 f64 transaction, 0 for none
 *  4 u32 CRC-32 of what follows this field     37 f64 when the broker appended it, ms since the epoch
 *  8 u8  kind (BatchKind)                      45 f64 when its tombstones may be dropped, 0 while unknown
 *  9 f64 base offset                           53 records
 * 17 u32 last offset - base offset
 * 21 u32 records in it
 * 25 u32 reserved, 0
 * ```
 * A record: `u32 length of what follows, u32 offset - base offset, f64 timestamp, i32 key length (-1: null),
 * i32 value length (-1: null), u32 headers, key, value`, then for each header `u32 name length, name, i32 value length
 * (-1: null), value`.
 */
import { crc32 } from 'node:zlib';
import type { Header, Headers } from '../../record.js';
import { NO_HEADERS } from '../../record.js';
import type { ConsumedRecord } from '../port.js';

/** What a batch is. The numbers are on disk. */
export const BatchKind = Object.freeze({ records: 0, commitMarker: 1, abortMarker: 2 });
export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind];

const CHECKED_FROM = 8;
export const BATCH_HEADER = 53;
const RECORD_HEADER = 28;

/** The fields of a batch that its place in the log decides. */
export interface BatchPlace {
  readonly kind: BatchKind;
  readonly baseOffset: number;
  /** Offsets the batch takes, at least 1; compaction may leave fewer records than that. */
  readonly offsets: number;
  /** The transaction it belongs to; 0 for none. */
  readonly transaction: number;
  readonly appendedAt: number;
  /** Milliseconds since the epoch after which compaction may drop its tombstones; 0 while unknown. */
  readonly tombstonesUntil: number;
}

/** Bytes that a record takes in a batch, without its headers. */
export function recordSize(key: Buffer | null, value: Buffer | null, headers: Headers): number {
  let size = RECORD_HEADER + (key === null ? 0 : key.length) + (value === null ? 0 : value.length);
  // Mostly: a loop over nothing would make an iterator.
  if (headers.length === 0) return size;
  for (const header of headers) {
    size += 8 + Buffer.byteLength(header.key) + (header.value === null ? 0 : header.value.length);
  }
  return size;
}

/** Encodes records one after the other into a buffer that grows; reusable after {@link clear}. */
export class BatchBuilder {
  #bytes: Buffer;
  #length = BATCH_HEADER;
  #count = 0;

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(capacity, BATCH_HEADER));
  }

  /** Bytes so far, the batch's own header included. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of the records alone. */
  get payload(): number {
    return this.#length - BATCH_HEADER;
  }

  get count(): number {
    return this.#count;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  clear(): void {
    this.#length = BATCH_HEADER;
    this.#count = 0;
  }

  /** Adds a record as the next one of the batch. `size` is its {@link recordSize}. */
  add(key: Buffer | null, value: Buffer | null, timestamp: number, headers: Headers, size: number): void {
    this.#reserve(size);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes.writeUInt32LE(size - 4, at);
    bytes.writeUInt32LE(this.#count, at + 4);
    bytes.writeDoubleLE(timestamp, at + 8);
    bytes.writeInt32LE(key === null ? -1 : key.length, at + 16);
    bytes.writeInt32LE(value === null ? -1 : value.length, at + 20);
    bytes.writeUInt32LE(headers.length, at + 24);
    at += RECORD_HEADER;
    if (key !== null) {
      bytes.set(key, at);
      at += key.length;
    }
    if (value !== null) {
      bytes.set(value, at);
      at += value.length;
    }
    this.#length = headers.length === 0 ? at : this.#addHeaders(headers, at);
    this.#count += 1;
  }

  /** @returns where they end */
  #addHeaders(headers: Headers, from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (const header of headers) {
      const name = bytes.write(header.key, at + 4);
      bytes.writeUInt32LE(name, at);
      at += 4 + name;
      bytes.writeInt32LE(header.value === null ? -1 : header.value.length, at);
      at += 4;
      if (header.value !== null) {
        bytes.set(header.value, at);
        at += header.value.length;
      }
    }
    return at;
  }

  /** Adds a record as it lies in another batch of the same base offset: what compaction keeps. */
  addEncoded(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.#bytes, this.#length, start, end);
    this.#length += end - start;
    this.#count += 1;
  }

  /** Writes the header and the checksum; the bytes are valid until the builder is touched again. */
  seal(place: BatchPlace): Buffer {
    const bytes = this.#bytes;
    bytes.writeUInt32LE(this.#length - 4, 0);
    bytes.writeUInt8(place.kind, 8);
    bytes.writeDoubleLE(place.baseOffset, 9);
    bytes.writeUInt32LE(place.offsets - 1, 17);
    bytes.writeUInt32LE(this.#count, 21);
    bytes.writeUInt32LE(0, 25);
    bytes.writeDoubleLE(place.transaction, 29);
    bytes.writeDoubleLE(place.appendedAt, 37);
    bytes.writeDoubleLE(place.tombstonesUntil, 45);
    bytes.writeUInt32LE(crc32(bytes.subarray(CHECKED_FROM, this.#length)), 4);
    return bytes.subarray(0, this.#length);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

// Readers of a batch that begins at `at`: functions, because a scan must not make an object for each batch.

export const batchEnd = (bytes: Buffer, at: number): number => at + 4 + bytes.readUInt32LE(at);
export const batchKind = (bytes: Buffer, at: number): BatchKind => bytes.readUInt8(at + 8) as BatchKind;
export const batchBase = (bytes: Buffer, at: number): number => bytes.readDoubleLE(at + 9);
export const batchNext = (bytes: Buffer, at: number): number => batchBase(bytes, at) + bytes.readUInt32LE(at + 17) + 1;
export const batchCount = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at + 21);
export const batchTransaction = (bytes: Buffer, at: number): number => bytes.readDoubleLE(at + 29);
export const batchAppendedAt = (bytes: Buffer, at: number): number => bytes.readDoubleLE(at + 37);
export const batchTombstonesUntil = (bytes: Buffer, at: number): number => bytes.readDoubleLE(at + 45);

/** Whether a whole batch with a right checksum begins at `at`. */
export function isBatch(bytes: Buffer, at: number): boolean {
  if (at + BATCH_HEADER > bytes.length) return false;
  const end = batchEnd(bytes, at);
  if (end < at + BATCH_HEADER || end > bytes.length) return false;
  return crc32(bytes.subarray(at + CHECKED_FROM, end)) === bytes.readUInt32LE(at + 4);
}

/** Readers of a record that begins at `at`. */
export const recordEnd = (bytes: Buffer, at: number): number => at + 4 + bytes.readUInt32LE(at);
export const recordDelta = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at + 4);

export const recordTimestamp = (bytes: Buffer, at: number): number => bytes.readDoubleLE(at + 8);

/** The key of the record that begins at `at`, as a view. */
export function recordKey(bytes: Buffer, at: number): Buffer | null {
  const length = bytes.readInt32LE(at + 16);
  return length < 0 ? null : bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
}

export const isTombstone = (bytes: Buffer, at: number): boolean => bytes.readInt32LE(at + 20) < 0;

/**
 * Decodes the records between `start` and `end` of a batch. They share one copy of these bytes, never the log's
 * own: a reader that writes into a value must not change what others read.
 */
export function decodeRecords(
  bytes: Buffer,
  start: number,
  end: number,
  base: number,
  topic: string,
  partition: number,
  into: ConsumedRecord[],
): void {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  let record = 0;
  while (record < copy.length) {
    const next = recordEnd(copy, record);
    const keyLength = copy.readInt32LE(record + 16);
    const valueLength = copy.readInt32LE(record + 20);
    const headerCount = copy.readUInt32LE(record + 24);
    let at = record + RECORD_HEADER;
    let key: Buffer | null = null;
    if (keyLength >= 0) {
      key = copy.subarray(at, at + keyLength);
      at += keyLength;
    }
    let value: Buffer | null = null;
    if (valueLength >= 0) {
      value = copy.subarray(at, at + valueLength);
      at += valueLength;
    }
    into.push({
      topic,
      partition,
      offset: base + copy.readUInt32LE(record + 4),
      key,
      value,
      timestamp: copy.readDoubleLE(record + 8),
      headers: headerCount === 0 ? NO_HEADERS : decodeHeaders(copy, at, headerCount),
    });
    record = next;
  }
}

function decodeHeaders(bytes: Buffer, from: number, count: number): Headers {
  const headers: Header[] = [];
  let at = from;
  for (let i = 0; i < count; i += 1) {
    const nameEnd = at + 4 + bytes.readUInt32LE(at);
    const key = bytes.toString('utf8', at + 4, nameEnd);
    const length = bytes.readInt32LE(nameEnd);
    at = nameEnd + 4;
    if (length < 0) {
      headers.push({ key, value: null });
    } else {
      headers.push({ key, value: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return headers;
}
