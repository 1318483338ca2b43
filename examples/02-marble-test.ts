/**
 * A marble test of a model in the stream. A frame is a millisecond of virtual time; the letters above and below each
 * other are records. `marbles` makes a function for any test runner; here it is called by hand.
 *
 *     npx tsx examples/02-marble-test.ts
 *
 * prints
 *
 *     ok  an unchanged car is not asked twice
 *     ok  a slow answer is overtaken by nothing
 */
import assert from 'node:assert/strict';
import { compose, enrich, predict, recordOf, type StreamRecord } from 'millrace';
import { marbles } from 'millrace/testing';
import { features, fordPrice } from '../models/ford/index.js';
import type { Car, CarKey } from '../schemas/cars.js';
import { predictions } from '../state/cars.js';

const focus = car(1, 'Focus');
const fiesta = car(2, 'Fiesta');
const sold = recordOf({ id: 1 }, null); // a tombstone: the Focus is gone

/** What is tested: the last two operators of topology/car-prices.ts. */
const pricing = (model: typeof fordPrice) =>
  compose(
    predict(model, { features: (row: Car) => features(row), remember: predictions }),
    enrich((row: Car, price: number) => ({ ...row, suggestedprice: price })),
  );

const tests = {
  'an unchanged car is not asked twice': marbles(({ cold, expectRecords, fake, stores }) => {
    const model = fake(fordPrice, { delay: 1, answer: 9_000 }); // virtual milliseconds
    const cars = cold('                         a-b-a-d|', { a: focus, b: fiesta, d: sold });
    expectRecords(cars.pipe(pricing(model))).toBe('-a-ba-d|', {
      a: priced(focus, 9_000),
      b: priced(fiesta, 9_000),
      d: sold,
    });
    return () => {
      assert.equal(model.asked, 2);
      assert.equal(stores(predictions).has({ id: 1 }), false); // forgotten with the car
    };
  }),

  'a slow answer is overtaken by nothing': marbles(({ cold, expectRecords, fake }) => {
    const model = fake(fordPrice, { delay: ({ model }) => (model === 'Focus' ? 5 : 1), answer: 9_000 });
    const cars = cold('                         ab|    ', { a: focus, b: fiesta });
    expectRecords(cars.pipe(pricing(model))).toBe('-----(ab|)', { a: priced(focus, 9_000), b: priced(fiesta, 9_000) });
  }),
};

for (const [name, run] of Object.entries(tests)) {
  await run();
  console.log(`ok  ${name}`);
}

function car(id: number, model: string): StreamRecord<Car, CarKey> {
  const row = { id, model, year: 2018, transmission: 'Manual', mileage: 9_083, fueltype: 'Petrol' };
  return recordOf({ id }, { ...row, tax: 150, mpg: 57.7, enginesize: 1 });
}

function priced(record: StreamRecord<Car, CarKey>, suggestedprice: number) {
  return recordOf(record.key, { ...record.value, suggestedprice });
}
