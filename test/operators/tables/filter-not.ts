import { filterNot } from '../../../src/operators/filter-not.js';
import { type Car, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

export const filterNotCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: () => filterNot((car: Car | null) => car?.model === 'Focus'),
    records: { a: fiesta, b: focus, c: fiesta },
    gives: { a: 'x', b: '', c: 'x' },
    results: { x: fiesta },
  }),
  {
    name: 'sees tombstones and null keys',
    operator: () => filterNot((car: Car | null, record) => car === null || record.key === null),
    input: 'a-t-n|',
    records: { a: focus, t: tombstone, n: withoutKey },
    expected: 'a----|',
    results: { a: focus },
  },
  throwingCase(() => filterNot(throwing), focus),
];
