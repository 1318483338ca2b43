import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChangeMarker } from '../../src/operators/change-markers.js';
import { changeMarkersJson } from '../../src/operators/change-markers-json.js';
import { NO_HEADERS } from '../../src/record.js';
import { json } from '../../src/serde/json.js';

const whole = fc.maxSafeNat();
const marker: fc.Arbitrary<ChangeMarker> = fc.record(
  {
    position: fc.record({
      lsn: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)),
      tsMs: whole,
      snapshot: fc.boolean(),
    }),
    op: fc.constantFrom('c', 'u', 'd', 'r'),
    topic: fc.oneof(fc.constantFrom('cars', 'db.public.car_data'), fc.string({ unit: 'binary' })),
    partition: whole,
    offset: whole,
    deletedAt: whole,
    tombstone: whole,
  },
  { requiredKeys: ['position', 'op', 'topic', 'partition', 'offset'] },
);
const context = () => ({ topic: 'positions', headers: NO_HEADERS, schema: undefined });

test('is the text that JSON.stringify writes, and is read back', () => {
  const serde = changeMarkersJson();
  fc.assert(
    fc.property(fc.array(marker, { maxLength: 4 }), (markers) => {
      const bytes = serde.serialize(markers, context());
      expect(String(bytes)).toBe(JSON.stringify(markers));
      expect(serde.deserialize(bytes, context())).toEqual(json().deserialize(bytes, context()));
    }),
  );
});

test('null is no bytes', () => {
  expect(changeMarkersJson().serialize(null, context())).toBeNull();
});
