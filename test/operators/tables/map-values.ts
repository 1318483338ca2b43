import { mapValues } from '../../../src/operators/map-values.js';
import { withValue } from '../../../src/record.js';
import { type Car, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const modelOf = () => mapValues((car: Car | null, record) => car && `${car.model} at ${record.offset}`);

export const mapValuesCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: modelOf,
    records: { a: focus, b: fiesta },
    gives: { a: 'x', b: 'y' },
    results: { x: withValue(focus, 'Focus at 41'), y: withValue(fiesta, 'Fiesta at 41') },
  }),
  {
    name: 'sees tombstones and null keys, and may return null',
    operator: modelOf,
    input: 't-n|',
    records: { t: tombstone, n: withoutKey },
    expected: 't-y|',
    results: { t: tombstone, y: withValue(withoutKey, 'Kuga at 41') },
  },
  throwingCase(() => mapValues(throwing), focus),
];
