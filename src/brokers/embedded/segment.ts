import { join } from 'node:path';
import { AppendFile } from './append-file.js';

/** Batches are grouped into chunks of about this many bytes: the unit of the index, of reading and of caching. */
export const CHUNK_BYTES = 64 * 1024;
const FIRST_CAPACITY = 4 * 1024;

/** A run of whole batches, and where it lies. */
export class Chunk {
  length = 0;
  /** The offset after its last one. */
  nextOffset: number;
  /** The bytes, while the chunk is written to, and for ever in a log without files. */
  bytes: Buffer | undefined;

  constructor(
    readonly segment: Segment,
    readonly baseOffset: number,
    /** Where it begins in the segment's file. */
    readonly position: number,
  ) {
    this.nextOffset = baseOffset;
  }

  hasRoomFor(length: number): boolean {
    return this.length === 0 || this.length + length <= CHUNK_BYTES;
  }

  /** Copies a sealed batch to its end. */
  add(batch: Buffer, nextOffset: number): void {
    const needed = this.length + batch.length;
    if (this.bytes === undefined || needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(CHUNK_BYTES, (this.bytes?.length ?? FIRST_CAPACITY / 2) * 2)),
      );
      this.bytes?.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    batch.copy(this.bytes, this.length);
    this.length = needed;
    this.nextOffset = nextOffset;
  }

  /** Gives back what the buffer has too much, once nothing more is added. */
  trim(): void {
    if (this.bytes !== undefined && this.length < this.bytes.length * 0.75) {
      const exact = Buffer.allocUnsafeSlow(this.length);
      this.bytes.copy(exact, 0, 0, this.length);
      this.bytes = exact;
    }
  }
}

/** Where a segment ended at some time. */
export interface SegmentMark {
  readonly chunks: number;
  readonly bytes: number;
  /** Length and end of the last chunk. */
  readonly length: number;
  readonly nextOffset: number;
}

/** A stretch of a partition's log, in one file when the log is on disk. Only a log's last segment is written to. */
export class Segment {
  readonly chunks: Chunk[] = [];
  bytes = 0;
  /** When its last batch was appended, milliseconds since the epoch; 0 while it is empty. */
  appendedAt = 0;

  constructor(
    readonly baseOffset: number,
    readonly file: AppendFile | undefined,
  ) {}

  get nextOffset(): number {
    return this.chunks.at(-1)?.nextOffset ?? this.baseOffset;
  }

  mark(): SegmentMark {
    const last = this.chunks.at(-1);
    return {
      chunks: this.chunks.length,
      bytes: this.bytes,
      length: last?.length ?? 0,
      nextOffset: last?.nextOffset ?? 0,
    };
  }

  /** What was added since the mark, in order. */
  addedSince(mark: SegmentMark): Buffer[] {
    const parts: Buffer[] = [];
    for (let i = Math.max(0, mark.chunks - 1); i < this.chunks.length; i += 1) {
      const chunk = this.chunks[i]!;
      const from = i === mark.chunks - 1 ? mark.length : 0;
      if (chunk.length > from) parts.push(chunk.bytes!.subarray(from, chunk.length));
    }
    return parts;
  }

  /** Forgets what was added since the mark. */
  goBackTo(mark: SegmentMark): void {
    this.chunks.length = mark.chunks;
    this.bytes = mark.bytes;
    const last = this.chunks.at(-1);
    if (last === undefined) return;
    last.length = mark.length;
    last.nextOffset = mark.nextOffset;
  }

  /** The chunk that the next batch goes to. */
  chunkFor(batchLength: number, offset: number): Chunk {
    const last = this.chunks.at(-1);
    if (last?.bytes !== undefined && last.hasRoomFor(batchLength)) return last;
    const chunk = new Chunk(this, offset, this.bytes);
    this.chunks.push(chunk);
    return chunk;
  }
}

const NAME = /^(\d{20})\.log$/;

/** A segment's file is named after its first offset, as Kafka's are. */
export function segmentPath(directory: string, baseOffset: number): string {
  return join(directory, `${String(baseOffset).padStart(20, '0')}.log`);
}

/** The first offset of the segment in a file of this name; undefined for any other file. */
export function segmentBase(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** An empty segment; with a file when the log has a folder. */
export function createSegment(directory: string | undefined, baseOffset: number): Segment {
  const file = directory === undefined ? undefined : AppendFile.open(segmentPath(directory, baseOffset), 0);
  return new Segment(baseOffset, file);
}

/** The index of the first of `ranges`, in order of offsets, that ends after `offset`; their number if none does. */
export function firstEndingAfter(ranges: readonly { readonly nextOffset: number }[], offset: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.nextOffset > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
