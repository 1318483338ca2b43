import { type FordFeatures, features } from '../../models/ford/index.js';
import { onnx } from '../../src/model/onnx.js';
import type { Row } from './changes.js';

const BATCH = 1_000;
/** Pounds: what two runs of the model may differ by, in batches of other sizes. */
const TOLERANCE = 0.01;

/** Asks the model itself about every row, without any of what is tested. */
export class Prices {
  readonly #model = onnx<FordFeatures, number>(new URL('../../models/ford/ford_price.onnx', import.meta.url));
  readonly #rows: Row[] = [];
  readonly #prices: number[] = [];

  check(row: Row, price: number): void {
    this.#rows.push(row);
    this.#prices.push(price);
  }

  /** How many of the prices so far are not the model's. */
  async wrong(): Promise<number> {
    await this.#model.open();
    let wrong = 0;
    try {
      while (this.#rows.length > 0) {
        const prices = this.#prices.splice(0, BATCH);
        const asked = this.#rows.splice(0, BATCH).map((row) => features(row));
        const answers = await this.#model.predict(asked, new AbortController().signal);
        wrong += answers.filter((answer, index) => !(Math.abs(answer - prices[index]!) <= TOLERANCE)).length;
      }
    } finally {
      await this.#model.close();
    }
    return wrong;
  }
}
