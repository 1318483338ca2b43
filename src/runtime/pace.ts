import type { Clock } from '../clock.js';

/** Milliseconds of records that may be read at once after a pause: a pace is kept over a second, not made up for. */
const BURST_MS = 100;

/** Keeps reading at a rate: a bucket that fills with time, and that a read empties. */
export class Pace {
  readonly #perMs: number;
  readonly #most: number;
  readonly #clock: Clock;
  #filled: number;
  #filledAt: number;

  /** @param recordsPerSecond above 0 */
  constructor(recordsPerSecond: number, clock: Clock) {
    this.#perMs = recordsPerSecond / 1_000;
    this.#most = Math.max(1, this.#perMs * BURST_MS);
    this.#clock = clock;
    this.#filled = this.#most;
    this.#filledAt = clock.now();
  }

  /** Whole records that may be read now. */
  get room(): number {
    const now = this.#clock.now();
    this.#filled = Math.min(this.#most, this.#filled + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
    return Math.floor(this.#filled);
  }

  /** Milliseconds until one more may be read. */
  get waitMs(): number {
    return Math.max(1, Math.ceil((1 - this.#filled) / this.#perMs));
  }

  took(records: number): void {
    this.#filled -= records;
  }
}
