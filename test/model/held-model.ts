import type { Model } from '../../src/model/model.js';

export interface HeldCall {
  readonly rows: readonly number[];
  readonly signal: AbortSignal;
  answer(predictions: readonly number[]): void;
  fail(error: unknown): void;
}

/** A model whose calls stay open until the test answers them. */
export class HeldModel implements Model<number, number> {
  readonly identity = { name: 'price', version: '2' };
  readonly calls: HeldCall[] = [];

  async open(): Promise<void> {}

  predict(rows: readonly number[], signal: AbortSignal): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.calls.push({ rows, signal, answer: resolve, fail: reject });
    });
  }

  async close(): Promise<void> {}
}
