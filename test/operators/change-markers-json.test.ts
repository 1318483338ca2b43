import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChangeMarker, KeyPosition } from '../../src/operators/change-markers.js';
import { changeMarkersJson } from '../../src/operators/change-markers-json.js';
import { NO_HEADERS } from '../../src/record.js';

const whole = fc.maxSafeNat();
const marker: fc.Arbitrary<ChangeMarker> = fc.record(
  {
    position: fc.record({
      lsn: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)),
      tsMs: whole,
      snapshot: fc.boolean(),
    }),
    op: fc.constantFrom('c', 'u', 'd', 'r'),
    topic: fc.oneof(
      fc.constantFrom('cars', 'db.public.car_data'),
      fc.string({ unit: 'binary' }),
      fc.constant('x'.repeat(9_000)),
    ),
    partition: whole,
    offset: whole,
    deletedAt: whole,
    tombstone: whole,
  },
  { requiredKeys: ['position', 'op', 'topic', 'partition', 'offset'] },
);
const context = () => ({ topic: 'positions', headers: NO_HEADERS, schema: undefined });

test('is JSON, and is read back', () => {
  const serde = changeMarkersJson();
  fc.assert(
    fc.property(fc.array(marker, { maxLength: 4 }), (markers) => {
      const bytes = serde.serialize(markers, context());
      const text = String(bytes);
      expect(JSON.parse(text)).toHaveLength(markers.length);
      expect(text).toBe(JSON.stringify(JSON.parse(text)));
      expect(serde.deserialize(bytes, context())).toEqual(markers);
    }),
  );
});

test('are fields in their order', () => {
  const position = { lsn: '24023128', tsMs: 1_795_232_652_636, snapshot: false };
  const markers = [{ position, op: 'c', topic: 'car_database.public.car_data', partition: 0, offset: 12 }] as const;
  expect(String(changeMarkersJson().serialize(markers, context()))).toBe(
    '[["24023128",1795232652636,false,"c","car_database.public.car_data",0,12]]',
  );
});

test('of a source that says no time, too', () => {
  const position = { lsn: '7', snapshot: false } as KeyPosition;
  const bytes = changeMarkersJson().serialize(
    [{ position, op: 'c', topic: 'cars', partition: 0, offset: 1 }],
    context(),
  );
  expect(String(bytes)).toBe('[["7",null,false,"c","cars",0,1]]');
});

test('objects, as they were written before, are read', () => {
  fc.assert(
    fc.property(fc.array(marker, { maxLength: 4 }), (markers) => {
      const bytes = Buffer.from(JSON.stringify(markers));
      expect(changeMarkersJson().deserialize(bytes, context())).toEqual(markers);
    }),
  );
});

test('null is no bytes', () => {
  expect(changeMarkersJson().serialize(null, context())).toBeNull();
});
