import { selectKey } from '../../../src/operators/select-key.js';
import { recordOf, withKey } from '../../../src/record.js';
import { type Car, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const byModel = () => selectKey((car: Car | null) => car?.model ?? null);
const withSchemas = recordOf({ id: 1 }, null, {
  keySchema: { type: 'struct', name: 'Key' },
  valueSchema: { type: 'struct', name: 'Value' },
});

export const selectKeyCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: byModel,
    records: { a: focus, b: fiesta },
    gives: { a: 'x', b: 'y' },
    results: { x: withKey(focus, 'Focus'), y: withKey(fiesta, 'Fiesta') },
  }),
  {
    name: 'sees tombstones and null keys, and may return null',
    operator: byModel,
    input: 't-n|',
    records: { t: tombstone, n: withoutKey },
    expected: 'x-y|',
    results: { x: withKey(tombstone, null), y: withKey(withoutKey, 'Kuga') },
  },
  {
    name: "the old key's schema does not describe the new one",
    operator: byModel,
    input: 'a|',
    records: { a: withSchemas },
    expected: 'x|',
    results: { x: recordOf(null, null, { valueSchema: { type: 'struct', name: 'Value' } }) },
  },
  throwingCase(() => selectKey(throwing), focus),
];
