import { LRUCache } from 'lru-cache';

/** Room of a cache that has just been opened, entries. */
const FIRST_ENTRIES = 256;

/**
 * A least-recently-used cache whose room is doubled while it fills: lru-cache takes the room for the most entries that it
 * may ever have when it is made, and a process has as many caches as stores times partitions.
 */
export class GrowingLru<V extends object> {
  readonly #maxEntries: number;
  #entries: LRUCache<string, V>;

  /** @param maxEntries beyond which the least recently used one goes; at least 1 */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
    this.#entries = new LRUCache({ max: Math.min(FIRST_ENTRIES, maxEntries) });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: V): void {
    const { size, max } = this.#entries;
    if (size === max && max < this.#maxEntries) this.#grow();
    this.#entries.set(key, value);
  }

  /** Takes the least recently used one out. */
  pop(): V | undefined {
    return this.#entries.pop();
  }

  clear(): void {
    this.#entries = new LRUCache({ max: Math.min(FIRST_ENTRIES, this.#maxEntries) });
  }

  #grow(): void {
    const larger = new LRUCache<string, V>({ max: Math.min(2 * this.#entries.max, this.#maxEntries) });
    larger.load(this.#entries.dump());
    this.#entries = larger;
  }
}
