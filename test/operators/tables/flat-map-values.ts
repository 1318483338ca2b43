import { flatMapValues } from '../../../src/operators/flat-map-values.js';
import { withValue } from '../../../src/record.js';
import { type Car, callbackErrorAfterOne, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { callbackError, type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const letters = () =>
  flatMapValues((car: Car | null) => (car?.model === 'Focus' ? [] : [...(car?.model ?? '-').slice(0, 2)]));

export const flatMapValuesCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: letters,
    records: { a: fiesta, b: focus, c: fiesta },
    gives: { a: '(xy)', b: '', c: '(xy)' },
    results: { x: withValue(fiesta, 'F'), y: withValue(fiesta, 'i') },
  }),
  {
    name: 'sees tombstones and null keys',
    operator: letters,
    input: 't-n---|',
    records: { t: tombstone, n: withoutKey },
    expected: 'x-(yz)|',
    results: { x: withValue(tombstone, '-'), y: withValue(withoutKey, 'K'), z: withValue(withoutKey, 'u') },
  },
  {
    name: 'nothing of a record goes on when the callback throws half-way',
    operator: () => flatMapValues(() => callbackErrorAfterOne(1)),
    input: 'a|',
    records: { a: focus },
    expected: '#',
    results: {},
    error: callbackError,
  },
  throwingCase(() => flatMapValues(throwing), focus),
];
