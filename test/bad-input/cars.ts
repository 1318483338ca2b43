/** What the topology `car-prices` is fed with: good changes among which the bad ones stand. */

import { type Car, carChanges, pricedCars } from '../../schemas/cars.js';
import type { Model } from '../../src/model/model.js';
import type { TestInputTopic } from '../../src/testing/test-input-topic.js';
import { TopologyTestDriver, type TopologyTestDriverOptions } from '../../src/testing/topology-test-driver.js';
import carPrices from '../../topology/car-prices.js';
import { recorded } from '../serde/recorded.js';

const [snapshotOfFocus, , , insertOfKuga] = recorded('json-with-schema.jsonl');

/** A row read in a snapshot, and the insert of another: changes of two keys, with their schemas. */
export const FOCUS = { key: snapshotOfFocus!.key!, value: snapshotOfFocus!.value! };
export const KUGA = { key: insertOfKuga!.key!, value: insertOfKuga!.value! };

/** The change of the Focus with something else in its text. */
export function altered(from: string, to: string): Buffer {
  const text = FOCUS.value.toString();
  if (!text.includes(from)) throw new Error(`the change of the Focus has no ${from}`);
  return Buffer.from(text.replace(from, to));
}

export interface Fed {
  readonly driver: TopologyTestDriver;
  readonly input: TestInputTopic<unknown, unknown>;
  /** Prices written since the last call, by the car's model. */
  prices(): Readonly<Record<string, number | undefined>>;
}

export async function feed(model: Model, options: Pick<TopologyTestDriverOptions, 'onError'>): Promise<Fed> {
  const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': model }, ...options });
  const output = driver.createOutputTopic(pricedCars);
  return {
    driver,
    input: driver.createInputTopic(carChanges) as unknown as TestInputTopic<unknown, unknown>,
    prices: () =>
      Object.fromEntries(
        output.readValuesToList().map((row) => [(row as Car | null)?.model?.trim() ?? 'deleted', row?.suggestedprice]),
      ),
  };
}
