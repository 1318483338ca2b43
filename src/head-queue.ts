/** Places at the head that are empty, from which on they are given back. */
const COMPACT_AT = 4_096;

/**
 * A queue over one array: what leaves empties its place, and places are given back many at a time. Not whenever it is
 * empty: where nothing waits that is at every record, and an array that grows again is not free.
 */
export class HeadQueue<T extends object> {
  #items: (T | undefined)[];
  #head = 0;

  /** @param items taken over */
  constructor(items: T[] = []) {
    this.#items = items;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.at(0);
  }

  /** @param index 0 is the first */
  at(index: number): T | undefined {
    const at = this.#head + index;
    return at < this.#items.length ? this.#items[at] : undefined;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Lets the first one go. */
  shift(): void {
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Those from an index on, as they are now. */
  from(index: number): T[] {
    return this.#items.slice(this.#head + index) as T[];
  }
}
