import { flatMap } from '../../../src/operators/flat-map.js';
import { withKeyValue } from '../../../src/record.js';
import { type Car, callbackErrorAfterOne, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { callbackError, type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const letters = () =>
  flatMap((car: Car | null, record) =>
    car?.model === 'Focus' ? [] : [...(car?.model ?? '-').slice(0, 2)].map((letter) => [letter, record.key] as const),
  );

export const flatMapCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: letters,
    records: { a: fiesta, b: focus, c: fiesta },
    gives: { a: '(xy)', b: '', c: '(xy)' },
    results: { x: withKeyValue(fiesta, 'F', fiesta.key), y: withKeyValue(fiesta, 'i', fiesta.key) },
  }),
  {
    name: 'sees tombstones and null keys',
    operator: letters,
    input: 't-n---|',
    records: { t: tombstone, n: withoutKey },
    expected: 'x-(yz)|',
    results: {
      x: withKeyValue(tombstone, '-', tombstone.key),
      y: withKeyValue(withoutKey, 'K', null),
      z: withKeyValue(withoutKey, 'u', null),
    },
  },
  {
    name: 'nothing of a record goes on when the callback throws half-way',
    operator: () => flatMap(() => callbackErrorAfterOne([focus.key, 1] as const)),
    input: 'a|',
    records: { a: focus },
    expected: '#',
    results: {},
    error: callbackError,
  },
  throwingCase(() => flatMap(throwing), focus),
];
