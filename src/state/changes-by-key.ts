import type { StoreChange } from './store.js';

/** Bytes of a key that its hash is of, at most. */
const HASHED = 64;

/**
 * The last change of each key, found by the bytes of the key: for a change that is kept until it is on disk, a text of its
 * key would cost more than all the rest.
 */
export class ChangesByKey {
  #changes: StoreChange[] = [];
  /** By hash: the index of the last change with it. */
  readonly #last = new Map<number, number>();
  /** Of each change: the index of the one before it with the same hash; -1 for none. */
  #before: number[] = [];

  /** In the order in which their keys came first. */
  get all(): readonly StoreChange[] {
    return this.#changes;
  }

  get(key: Buffer): StoreChange | undefined {
    const index = this.#find(key, hashOf(key));
    return index < 0 ? undefined : this.#changes[index];
  }

  /** Takes the place of an earlier change of its key. */
  set(change: StoreChange): void {
    const hash = hashOf(change.key);
    const index = this.#find(change.key, hash);
    if (index >= 0) {
      this.#changes[index] = change;
      return;
    }
    this.#before.push(this.#last.get(hash) ?? -1);
    this.#last.set(hash, this.#changes.length);
    this.#changes.push(change);
  }

  clear(): void {
    this.#changes = [];
    this.#before = [];
    this.#last.clear();
  }

  /** The index of a key's change; -1 without one. */
  #find(key: Buffer, hash: number): number {
    let index = this.#last.get(hash) ?? -1;
    while (index >= 0 && !this.#changes[index]!.key.equals(key)) index = this.#before[index]!;
    return index;
  }
}

function hashOf(key: Buffer): number {
  let hash = key.length;
  // What keys differ in is mostly at their end.
  for (let i = Math.max(0, key.length - HASHED); i < key.length; i++) hash = (Math.imul(hash, 31) + key[i]!) | 0;
  return hash;
}
