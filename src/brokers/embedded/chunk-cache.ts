import { LRUCache } from 'lru-cache';
import type { Chunk } from './segment.js';

const READ_AHEAD = 1024 * 1024;

/**
 * Bytes of chunks that lie on disk, those read or written last, bounded for the whole broker.
 *
 * A chunk never changes once it is here. One that compaction replaced is not asked for again and ages out.
 */
export class ChunkCache {
  readonly #bytes: LRUCache<Chunk, Buffer>;
  readonly #loading = new Map<Chunk, Promise<Buffer>>();

  /** @param maxBytes what the cache may hold */
  constructor(maxBytes: number) {
    this.#bytes = new LRUCache({ maxSize: maxBytes, sizeCalculation: (bytes) => Math.max(1, bytes.length) });
  }

  get(chunk: Chunk): Buffer | undefined {
    return this.#bytes.get(chunk);
  }

  /** Takes over the bytes of a chunk that is no longer written to; a chunk without a file keeps them. */
  adopt(chunk: Chunk): void {
    chunk.trim();
    if (chunk.bytes === undefined || chunk.segment.file === undefined) return;
    this.#bytes.set(chunk, chunk.bytes.subarray(0, chunk.length));
    chunk.bytes = undefined;
  }

  /** Reads a chunk, and those that follow it in the file up to a megabyte: who reads one mostly goes on. */
  load(chunk: Chunk): Promise<Buffer> {
    const running = this.#loading.get(chunk);
    if (running !== undefined) return running;
    const loading = this.#read(chunk).finally(() => this.#loading.delete(chunk));
    this.#loading.set(chunk, loading);
    return loading;
  }

  async #read(chunk: Chunk): Promise<Buffer> {
    const { segment } = chunk;
    const wanted = [chunk];
    let length = chunk.length;
    for (let i = segment.chunks.indexOf(chunk) + 1; i < segment.chunks.length; i += 1) {
      const next = segment.chunks[i]!;
      if (next.bytes !== undefined || length + next.length > READ_AHEAD) break;
      wanted.push(next);
      length += next.length;
    }
    const read = await segment.file!.read(chunk.position, length);
    for (const each of wanted) {
      const from = each.position - chunk.position;
      // A copy, because a view would keep the whole read alive as long as any chunk of it.
      this.#bytes.set(each, Buffer.from(read.subarray(from, from + each.length)));
    }
    return read.subarray(0, chunk.length);
  }
}
