import { filter } from '../../../src/operators/filter.js';
import { type Car, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const onlyFocus = () => filter((car: Car | null) => car === null || car.model === 'Focus');

export const filterCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: onlyFocus,
    records: { a: focus, b: fiesta, c: focus },
    gives: { a: 'x', b: '', c: 'x' },
    results: { x: focus },
  }),
  {
    name: 'sees tombstones and null keys',
    operator: () => filter((car: Car | null, record) => car === null || record.key === null),
    input: 'a-t-n|',
    records: { a: focus, t: tombstone, n: withoutKey },
    expected: '--t-n|',
    results: { t: tombstone, n: withoutKey },
  },
  throwingCase(() => filter(throwing), focus),
];
