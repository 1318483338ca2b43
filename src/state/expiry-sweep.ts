/**
 * Takes expired entries off the disk, a few with each commit, so that a store with `retentionMs` does not grow for
 * ever. What readers see does not depend on it: an expired entry is unreadable before it is gone.
 *
 * Only the engine forgets: the changelog topic of such a store has a retention of its own.
 */
import { isFormatRecord } from './format-record.js';
import type { StoreChange, StoreEngine } from './store.js';

/** Entries looked at when a commit brings few changes. */
const FEWEST = 16;

export class ExpirySweep {
  readonly #engine: StoreEngine;
  readonly #isExpired: (value: Buffer) => boolean;
  #after: Buffer | undefined;

  constructor(engine: StoreEngine, isExpired: (value: Buffer) => boolean) {
    this.#engine = engine;
    this.#isExpired = isExpired;
  }

  /**
   * The next expired entries, as deletes. Looks at as many entries as the commit writes, so that a whole round is
   * done by the time the store could have grown to twice its size.
   */
  next(writes: number): StoreChange[] {
    const limit = Math.max(FEWEST, writes);
    const page = this.#engine.page?.(this.#after, limit) ?? [];
    this.#after = page.length < limit ? undefined : page.at(-1)![0];
    const deletes: StoreChange[] = [];
    for (const [key, stored] of page) {
      if (isFormatRecord(key) || !this.#isExpired(stored)) continue;
      // A page may be behind what is being written.
      const current = this.#engine.get(key);
      if (current !== undefined && this.#isExpired(current)) deletes.push({ key, value: null });
    }
    return deletes;
  }
}
