/** The shipped model, asked directly. */
import { type DescribedCar, type FordFeatures, features } from '../../models/ford/features.js';
import { onnx } from '../../src/model/onnx.js';

/** Its prices of these cars, in their order. */
export async function fordPrices(cars: readonly DescribedCar[]): Promise<readonly number[]> {
  const model = onnx<FordFeatures, number>(new URL('../../models/ford/ford_price.onnx', import.meta.url));
  await model.open();
  try {
    return await model.predict(cars.map(features), new AbortController().signal);
  } finally {
    await model.close();
  }
}
