import { type Clock, delay } from '../../src/clock.js';
import type { Model } from '../../src/model/model.js';

/** Milliseconds until the model answers a feature; 0: at the end of the tick. */
export type Delay = number | ((feature: number) => number);

/** What the model answers. A negative feature is poison: its row fails, and no other. */
export function answerTo(feature: number): number | Error {
  return feature < 0 ? new Error(`the model cannot answer ${feature}`) : feature * 10;
}

/** A model whose answers take their time, each its own; asked for one row at a time. */
export class SlowModel implements Model<number, number> {
  readonly identity: Model['identity'];
  readonly #clock: Clock;
  readonly #delay: Delay;
  readonly #asked: (feature: number) => void;

  constructor(clock: Clock, delayed: Delay, version: string, asked: (feature: number) => void) {
    this.identity = { name: 'oracle', version };
    this.#clock = clock;
    this.#delay = delayed;
    this.#asked = asked;
  }

  async open(): Promise<void> {
    // Nothing to load.
  }

  async predict(rows: readonly number[]): Promise<readonly number[]> {
    for (const row of rows) this.#asked(row);
    const longest = Math.max(...rows.map((row) => (typeof this.#delay === 'number' ? this.#delay : this.#delay(row))));
    if (longest > 0) await delay(this.#clock, longest);
    return rows.map(answerTo) as readonly number[];
  }

  async close(): Promise<void> {
    // Nothing to release.
  }
}
