import { type Clock, systemClock } from '../../src/clock.js';
import type { Model } from '../../src/model/model.js';

export interface HeldCall {
  readonly rows: readonly number[];
  readonly signal: AbortSignal;
  readonly startedAt: number;
  answer(predictions: readonly number[]): void;
  fail(error: unknown): void;
}

/** A model whose calls stay open until the test answers them. */
export class HeldModel implements Model<number, number> {
  readonly identity = { name: 'price', version: '2' };
  readonly calls: HeldCall[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** When the last call with the row began; `otherwise` when there was none. */
  askedAt(row: number, otherwise: number): number {
    return this.calls.findLast(({ rows }) => rows.includes(row))?.startedAt ?? otherwise;
  }

  async open(): Promise<void> {}

  predict(rows: readonly number[], signal: AbortSignal): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.calls.push({ rows, signal, startedAt: this.#clock.now(), answer: resolve, fail: reject });
    });
  }

  async close(): Promise<void> {}
}
