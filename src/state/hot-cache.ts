/**
 * Committed values that were read lately. What is written takes a place when it is read again: a stream of new keys would
 * push out those that come back, and its entries would grow old only to be thrown away.
 */
import { GrowingLru } from './growing-lru.js';
import type { Content } from './value-codec.js';

/** The cache of one store. */
export interface HotCache<V> {
  readonly size: number;
  get(key: string): Content<V> | undefined;
  set(key: string, content: Content<V>): void;
  has(key: string): boolean;
  clear(): void;
  /** Gives its room to the others. */
  close(): void;
}

/** What the caches of all types have in common. */
type Evictable = Pick<GrowingLru<object>, 'size' | 'pop'>;

/** Evictions until the fullest cache is looked for again. */
const EVICTIONS_OF_ONE = 64;

/**
 * The caches of all stores of a process. What bounds memory is the sum: a store has one cache for each partition that is
 * assigned, and how many these are is not known beforehand. An entry too many goes from the fullest cache, the least
 * recently used one of it, so that stores that are as busy have as much room.
 */
export class HotCaches {
  readonly #maxEntries: number;
  readonly #open = new Set<Evictable>();
  #entries = 0;
  #evictions = 0;
  #fullest: Evictable | undefined;

  /**
   * @param maxEntries of all caches together; 0: none
   * @throws RangeError when it is no whole number
   */
  constructor(maxEntries: number) {
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 0) {
      throw new RangeError(`a cache of ${maxEntries} entries is not possible: give a whole number, 0 for none`);
    }
    this.#maxEntries = maxEntries;
  }

  open<V>(): HotCache<V> {
    if (this.#maxEntries === 0) return NO_CACHE;
    const entries = new GrowingLru<Content<V>>(this.#maxEntries);
    this.#open.add(entries);
    const clear = () => {
      this.#entries -= entries.size;
      entries.clear();
    };
    return {
      get size() {
        return entries.size;
      },
      get: (key) => entries.get(key),
      set: (key, content) => {
        const before = entries.size;
        entries.set(key, content);
        this.#entries += entries.size - before;
        if (this.#entries > this.#maxEntries) this.#evict();
      },
      has: (key) => entries.has(key),
      clear,
      close: () => {
        clear();
        this.#open.delete(entries);
        this.#fullest = undefined;
      },
    };
  }

  #evict(): void {
    if (this.#fullest === undefined || this.#fullest.size === 0 || this.#evictions % EVICTIONS_OF_ONE === 0) {
      for (const each of this.#open) if (each.size > (this.#fullest?.size ?? 0)) this.#fullest = each;
    }
    this.#evictions += 1;
    this.#fullest!.pop();
    this.#entries -= 1;
  }
}

const NO_CACHE: HotCache<never> = {
  size: 0,
  get: () => undefined,
  set: () => {},
  has: () => false,
  clear: () => {},
  close: () => {},
};
