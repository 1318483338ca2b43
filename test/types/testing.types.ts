/** The types of millrace/testing: checked by `tsc`, never run. */
import {
  json,
  type Model,
  mapValues,
  model,
  predictionMemory,
  recordOf,
  type StreamRecord,
  string,
  topic,
} from 'millrace';
import { type FakeModel, fake, marbles, type ReadableStore, TopologyTestDriver } from 'millrace/testing';
import { fordPrice } from '../../models/ford/index.js';
import { type CarKey, carChanges, type PricedCar, pricedCars } from '../../schemas/cars.js';
import { predictions } from '../../state/cars.js';
import carPrices from '../../topology/car-prices.js';
import { isExactly } from './exactly.js';

const price = model<{ readonly year: number }, number>('price');

isExactly<FakeModel<{ readonly year: number }, number>>()(fake(price, { answer: 9_000 }), true);
fake(price, { answer: ({ year }) => year * 10, delay: ({ year }) => year - 2_000 });
fake(price, { answer: ({ year }) => (year < 2_000 ? new Error('too old') : 1), version: '7' });
fake(price, { answer: new Error('down') });
// @ts-expect-error the model answers numbers
fake(price, { answer: 'much' });
// @ts-expect-error the model answers numbers
fake(price, { answer: ({ year }) => `${year}` });
// @ts-expect-error the features have no mileage
fake(price, { answer: ({ mileage }) => mileage });
// @ts-expect-error a delay is a number
fake(price, { answer: 1, delay: '5ms' });
// @ts-expect-error something must be answered
fake(price, {});

const bound: Model<{ readonly year: number }, number> = fake(price, { answer: 1 });
void bound;

marbles(({ cold, fake: late, stores, expectRecords, expectSubscriptions }) => {
  const one = recordOf('k', 1);
  const numbers = cold('a', { a: one });
  isExactly<FakeModel<{ readonly year: number }, number>>()(late(price, { answer: 1, delay: 3 }), true);
  expectRecords(numbers).toBe('a', { a: one });
  expectRecords(numbers, '^--!').toBe([[0, one]]);
  expectSubscriptions(numbers.subscriptions).toBe(['^', '^--!']);
  const texts = numbers.pipe(mapValues((n) => `${n}`));
  // @ts-expect-error records of numbers are not those of texts
  expectRecords(texts).toBe('a', { a: one });
  // @ts-expect-error neither here
  expectRecords(texts).toBe([[0, one]]);
  // @ts-expect-error streams of records are expected, not streams of values
  expectRecords(cold('a', { a: 1 }));
  isExactly<boolean>()(stores(predictionMemory<CarKey, number>('p')).has({ id: 1 }), true);
});

// @ts-expect-error a marble test returns a check, or nothing
marbles(() => 5);

const numbers = topic('numbers', { key: string(), value: json<number>() });

export async function drive(): Promise<void> {
  const driver = await TopologyTestDriver.open(carPrices, {
    models: { 'ford-price': fake(fordPrice, { answer: 9_000 }) },
    onError: ({ phase }) => (phase === 'production' ? 'fail' : 'dead-letter'),
  });
  const input = driver.createInputTopic(carChanges);
  input.pipeInput({ id: 1 }, null, { timestamp: 5 });
  // @ts-expect-error another key
  input.pipeInput(1, null);
  // @ts-expect-error a change, not a row
  input.pipeInput({ id: 1 }, { id: 1 });
  driver.createInputTopic(numbers).pipeInput('k', 1);
  // @ts-expect-error a number
  driver.createInputTopic(numbers).pipeInput('k', 'one');

  const output = driver.createOutputTopic(pricedCars);
  isExactly<StreamRecord<PricedCar | null, CarKey> | undefined>()(output.readRecord(), true);
  isExactly<PricedCar | null | undefined>()(output.readValue(), true);
  isExactly<readonly [CarKey, PricedCar | null] | undefined>()(output.readKeyValue(), true);
  isExactly<(PricedCar | null)[]>()(output.readValuesToList(), true);

  const store = driver.getStateStore(predictions);
  isExactly<number | undefined>()(store.get({ id: 1 })?.prediction, true);
  const readable: ReadableStore<CarKey, unknown> = store;
  void readable;
  // @ts-expect-error a test reads stores
  store.put({ id: 1 }, { fingerprint: '', model: '', version: '', prediction: 1 });
  // @ts-expect-error a decision that there is not
  await TopologyTestDriver.open(carPrices, { onError: 'ignore' });
  // @ts-expect-error an encoding that there is not
  await TopologyTestDriver.open(carPrices, { encoding: 'xml' });
}
