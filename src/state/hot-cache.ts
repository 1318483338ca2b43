/** Committed values that were read or written lately, and keys that were deleted lately. */
import { LRUCache } from 'lru-cache';
import type { Content } from './value-codec.js';

/**
 * How much of a store is kept in memory: a number of entries (fastest), or bytes of keys and values as they are
 * encoded. Decoded values take several times that on the heap.
 */
export type CacheLimit = { readonly maxEntries: number } | { readonly maxBytes: number };

/** What an entry costs besides its key and value: the cache's own links and the object around the value. */
const ENTRY_OVERHEAD = 120;

export interface HotCache<V> {
  readonly size: number;
  get(key: string): Content<V> | undefined;
  set(key: string, content: Content<V>): void;
  delete(key: string): void;
  clear(): void;
}

/** @throws RangeError when the limit is not a whole number; zero means no cache */
export function hotCache<V>(limit: CacheLimit): HotCache<V> {
  const most = 'maxEntries' in limit ? limit.maxEntries : limit.maxBytes;
  if (!Number.isSafeInteger(most) || most < 0) {
    throw new RangeError(`a cache of ${most} is not possible: give a whole number, 0 for none`);
  }
  if (most === 0) return noCache();
  if ('maxEntries' in limit) return new LRUCache<string, Content<V>>({ max: most });
  return new LRUCache<string, Content<V>>({
    maxSize: most,
    sizeCalculation: (content, key) => content.size + key.length + ENTRY_OVERHEAD,
  });
}

function noCache<V>(): HotCache<V> {
  return { size: 0, get: () => undefined, set: () => {}, delete: () => {}, clear: () => {} };
}
