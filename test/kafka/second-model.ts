/** A second model for the Ford prices: the first one's answer, raised. It differs on every car. */
import type { FordFeatures } from '../../models/ford/index.js';
import { type Model, onnx } from '../../src/index.js';

const first = onnx<FordFeatures, number>(new URL('../../models/ford/ford_price.onnx', import.meta.url));

/** What the second model makes of the first one's answer, in pounds. */
export const raised = (price: number): number => price * 1.1 + 250;

const second: Model<FordFeatures, number> = {
  get identity() {
    return { name: first.identity.name, version: `${first.identity.version}-raised` };
  },
  open: () => first.open(),
  async predict(rows, signal) {
    return (await first.predict(rows, signal)).map((price) => raised(price));
  },
  close: () => first.close(),
};

export default second;
