import { foreach } from '../../../src/operators/foreach.js';
import { fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const ending = () => foreach(() => undefined);

export const foreachCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: ending,
    records: { a: focus, b: fiesta },
    gives: { a: '', b: '' },
    results: {},
  }),
  {
    name: 'takes tombstones and null keys',
    operator: ending,
    input: 't-n|',
    records: { t: tombstone, n: withoutKey },
    expected: '---|',
    results: {},
  },
  throwingCase(() => foreach(throwing), focus),
];
