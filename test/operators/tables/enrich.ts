import { enrich } from '../../../src/operators/enrich.js';
import type { Predicted } from '../../../src/operators/predicted.js';
import { withValue } from '../../../src/record.js';
import { type Car, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const predicted = (row: Car, prediction: number, remembered = false): Predicted<Car, number> => ({
  row,
  prediction,
  model: { name: 'ford-price', version: '7' },
  remembered,
});

const priced = () => enrich((car: Car, price: number, info) => ({ model: car.model, price, info }));
const info = { model: 'ford-price', version: '7', remembered: false };

export const enrichCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: priced,
    records: {
      a: withValue(focus, predicted(focus.value, 9_000)),
      b: withValue(fiesta, predicted(fiesta.value, 8_000, true)),
    },
    gives: { a: 'x', b: 'y' },
    results: {
      x: withValue(focus, { model: 'Focus', price: 9_000, info }),
      y: withValue(fiesta, { model: 'Fiesta', price: 8_000, info: { ...info, remembered: true } }),
    },
  }),
  {
    name: 'is not called for a tombstone; a null key is no matter',
    operator: priced,
    input: 't-n|',
    records: { t: tombstone, n: withValue(withoutKey, predicted(withoutKey.value, 1)) },
    expected: 't-x|',
    results: { t: tombstone, x: withValue(withoutKey, { model: 'Kuga', price: 1, info }) },
  },
  throwingCase(() => enrich(throwing), withValue(focus, predicted(focus.value, 1))),
];
