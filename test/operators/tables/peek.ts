import { peek } from '../../../src/operators/peek.js';
import { fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const looking = () => peek(() => undefined);

export const peekCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: looking,
    records: { a: focus, b: fiesta },
    gives: { a: 'a', b: 'b' },
    results: { a: focus, b: fiesta },
  }),
  {
    name: 'passes tombstones and null keys',
    operator: looking,
    input: 't-n|',
    records: { t: tombstone, n: withoutKey },
    expected: 't-n|',
    results: { t: tombstone, n: withoutKey },
  },
  throwingCase(() => peek(throwing), focus),
];
