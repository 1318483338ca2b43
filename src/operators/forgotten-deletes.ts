/**
 * Removes the markers of deleted keys when their time is up, so that a store of positions does not grow with every
 * key that ever was. What it removes is ignored already: when that happens shows in no result.
 *
 * Time is stream time, so a replay forgets what the first run forgot. The store is read through four times in each
 * retention: once in six hours of stream time by default.
 */
import type { KeyValueStore } from '../state/store.js';
import type { ChangeMarkers } from './change-markers.js';

const SWEEPS_PER_RETENTION = 4;

export class ForgottenDeletes<K> {
  readonly #store: KeyValueStore<K, ChangeMarkers>;
  readonly #streamTime: () => number;
  readonly #retentionMs: number;
  #sweepAt: number | undefined;

  constructor(store: KeyValueStore<K, ChangeMarkers>, streamTime: () => number, retentionMs: number) {
    this.#store = store;
    this.#streamTime = streamTime;
    this.#retentionMs = retentionMs;
  }

  /** Whether a delete was so long ago that what is known of it no longer counts. */
  isForgotten(deletedAt: number): boolean {
    return this.#streamTime() - deletedAt > this.#retentionMs;
  }

  /** Called with each record: removes what is forgotten when it is time to. */
  sweepWhenDue(): void {
    const now = this.#streamTime();
    if (this.#sweepAt !== undefined && now >= this.#sweepAt) {
      for (const [key, markers] of [...this.#store.entries()]) {
        const forgotten = markers.every(({ deletedAt }) => deletedAt !== undefined && this.isForgotten(deletedAt));
        if (forgotten) this.#store.delete(key);
      }
      this.#sweepAt = undefined;
    }
    this.#sweepAt ??= now + this.#retentionMs / SWEEPS_PER_RETENTION;
  }
}
