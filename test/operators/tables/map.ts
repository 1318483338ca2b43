import { map } from '../../../src/operators/map.js';
import { withKeyValue } from '../../../src/record.js';
import { type Car, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const byModel = () => map((car: Car | null, record) => [car?.model ?? 'none', record.key]);

export const mapCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: byModel,
    records: { a: focus, b: fiesta },
    gives: { a: 'x', b: 'y' },
    results: { x: withKeyValue(focus, 'Focus', focus.key), y: withKeyValue(fiesta, 'Fiesta', fiesta.key) },
  }),
  {
    name: 'sees tombstones and null keys',
    operator: byModel,
    input: 't-n|',
    records: { t: tombstone, n: withoutKey },
    expected: 'x-y|',
    results: { x: withKeyValue(tombstone, 'none', tombstone.key), y: withKeyValue(withoutKey, 'Kuga', null) },
  },
  throwingCase(() => map(throwing), focus),
];
