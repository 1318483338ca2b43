/**
 * Uncommitted writes of one store, in the order of the records that made them.
 *
 * L1. Sequence numbers in the log never go down.
 * L2. The versions of a key form a chain, newest first; what a read sees is the newest.
 * L3. Taken versions (being committed) are a prefix of the log. They belong to finished records, so no single one of
 *     them is ever discarded: they are settled, put back, or cleared together.
 */
import type { StoreChange } from './store.js';
import type { Content } from './value-codec.js';

/** What one record wrote to one key; it is also the change on its way to disk. */
export interface Version<V> extends StoreChange {
  /** The key, as the layers of the store find it. */
  readonly text: string;
  readonly sequence: number;
  /** Made when it is read. */
  content: Content<V> | undefined;
  older: Version<V> | undefined;
  newer: Version<V> | undefined;
}

const NOTHING = Number.NEGATIVE_INFINITY;

export class VersionLog<V> {
  readonly #store: string;
  readonly #newest = new Map<string, Version<V>>();
  #log: Version<V>[] = [];
  /** How many versions at the head of the log are being committed. */
  #taken = 0;
  /** The sequence up to which versions are being committed. */
  #takenThrough = NOTHING;
  #isTaken = false;

  /** @param store its name, for errors */
  constructor(store: string) {
    this.#store = store;
  }

  /** Versions in the log, those being committed included. */
  get size(): number {
    return this.#log.length;
  }

  newest(text: string): Version<V> | undefined {
    return this.#newest.get(text);
  }

  /** The newest version of each key that has one. */
  keys(): Version<V>[] {
    return [...this.#newest.values()];
  }

  isBeingCommitted(version: Version<V>): boolean {
    return version.sequence <= this.#takenThrough;
  }

  /** @throws when the sequence is lower than one before: the task has lost the order of its records */
  append(text: string, sequence: number, key: Buffer, value: Buffer | null): Version<V> {
    const last = this.#log.at(-1)?.sequence ?? NOTHING;
    if (sequence < last || sequence <= this.#takenThrough) {
      throw new Error(
        `the store '${this.#store}' was written by record ${sequence} after record ${Math.max(last, this.#takenThrough)}: ` +
          'records must reach a store in their order',
      );
    }
    const older = this.#newest.get(text);
    const version: Version<V> = { key, value, text, sequence, content: undefined, older, newer: undefined };
    if (older !== undefined) older.newer = version;
    this.#newest.set(text, version);
    this.#log.push(version);
    return version;
  }

  /** Removes what one record wrote. */
  discard(sequence: number): void {
    const from = this.#firstFrom(sequence);
    const to = this.#firstFrom(sequence + 1);
    if (from === to) return;
    this.#mustNotBeTaken(sequence);
    for (let i = from; i < to; i++) this.#unlink(this.#log[i]!);
    this.#log.splice(from, to - from);
  }

  /** Removes what all records from this one on wrote. */
  discardFrom(sequence: number): void {
    this.#mustNotBeTaken(sequence);
    const from = this.#firstFrom(sequence);
    for (let i = this.#log.length - 1; i >= from; i--) this.#unlink(this.#log[i]!);
    this.#log.length = from;
  }

  /** Marks everything up to the sequence as being committed, and returns the last version of each key in it. */
  take(sequence: number): Version<V>[] {
    if (this.#isTaken) {
      throw new Error(`the store '${this.#store}' is being committed already: settle or put back what was taken first`);
    }
    const end = this.#firstFrom(sequence + 1);
    const last: Version<V>[] = [];
    for (let i = 0; i < end; i++) {
      const version = this.#log[i]!;
      if (version.newer === undefined || version.newer.sequence > sequence) last.push(version);
    }
    this.#isTaken = true;
    this.#taken = end;
    this.#takenThrough = sequence;
    return last;
  }

  /** Forgets what was taken: the engine has it now. */
  settle(): void {
    for (let i = 0; i < this.#taken; i++) {
      const version = this.#log[i]!;
      const { newer } = version;
      if (newer === undefined) this.#newest.delete(version.text);
      else if (newer.sequence > this.#takenThrough) newer.older = undefined;
      version.older = undefined;
      version.newer = undefined;
    }
    this.#log = this.#taken === this.#log.length ? [] : this.#log.slice(this.#taken);
    this.#release();
  }

  /** Puts back what was taken. */
  putBack(): void {
    this.#release();
  }

  clear(): void {
    this.#newest.clear();
    this.#log = [];
    this.#release();
  }

  #release(): void {
    this.#isTaken = false;
    this.#taken = 0;
    this.#takenThrough = NOTHING;
  }

  #mustNotBeTaken(sequence: number): void {
    if (sequence > this.#takenThrough) return;
    throw new Error(
      `the store '${this.#store}' cannot discard the writes of record ${sequence}: they are being committed ` +
        `(up to record ${this.#takenThrough})`,
    );
  }

  #unlink(version: Version<V>): void {
    const { older, newer } = version;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else if (older !== undefined) this.#newest.set(version.text, older);
    else this.#newest.delete(version.text);
  }

  /** The index of the first version whose sequence is not lower. */
  #firstFrom(sequence: number): number {
    let low = 0;
    let high = this.#log.length;
    if (high === 0 || this.#log[high - 1]!.sequence < sequence) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#log[middle]!.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
