import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fingerprints } from '../../src/operators/fingerprint.js';

const features = fc.dictionary(
  fc.string({ maxLength: 4 }),
  fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.double({ noNaN: true }),
    fc.constantFrom(null, 'x'.repeat(9_000), 2 ** 60, 8_750.5),
    fc.boolean(),
  ),
  { maxKeys: 4, noNullPrototype: true },
);

const fingerprints = new Fingerprints();
const fingerprintOf = (features: unknown) => fingerprints.of(features);

test('equal features have one fingerprint, different ones have two', () => {
  fc.assert(
    fc.property(features, features, (a, b) => {
      const first = fingerprintOf(a);
      const other = fingerprintOf(b);
      // Of names that were seen last it is put together in another way.
      expect(fingerprintOf({ ...b })).toBe(other);
      // -0 and 0 are one number to a model.
      expect(first === other).toBe(JSON.stringify(a) === JSON.stringify(b));
      expect([fingerprintOf({ ...a }), new Fingerprints().of(b)]).toEqual([first, other]);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  [{ a: '1;b=2' }, { a: '1', b: 2 }],
  [{ a: 1 }, { a: '1' }],
  [{ a: null }, { a: 'null' }],
  [{ a: 1 }, { b: 1 }],
  [{ a: 1 }, { a: 1, b: 1 }],
  [
    { a: 1, b: 2 },
    { b: 1, a: 2 },
  ],
  [{ a: [1] }, { a: ['1'] }],
  [[1], ['1']],
  ['1', 1],
])('%j is not %j', (a, b) => {
  expect(fingerprintOf(a)).not.toBe(fingerprintOf(b));
});

test('a fingerprint holds the values, and the names as a mark', () => {
  const model = fingerprintOf({ model: 'Fiesta', year: 2017, tax: null });
  expect(model).toMatch(/^[\w-]{8} 6:Fiesta;2017;null;$/);
  expect(fingerprintOf({ model: 'Focus', year: 2018, tax: 145 }).slice(0, 9)).toBe(model.slice(0, 9));
});

test('features of one kind after the other: each is marked as before', () => {
  const kinds = Array.from({ length: 200 }, (_, n) => ({ [`feature${n}`]: 1 }));
  const before = kinds.map(fingerprintOf);
  expect(new Set(before).size).toBe(kinds.length);
  expect(kinds.map(fingerprintOf)).toEqual(before);
});

test('a text that comes again gives the fingerprint that it gave the first time', () => {
  const texts = ['Manual', '', 'Škoda', 'a;b', '\n', '"', ...Array.from({ length: 300 }, (_, n) => `${n}`)];
  const seen = Array.from({ length: 50 * texts.length }, (_, n) => ({
    model: texts[(n * 7) % texts.length],
    year: n % 3,
  }));
  const again = new Fingerprints();
  expect(seen.map((each) => again.of(each))).toEqual(seen.map((each) => new Fingerprints().of(each)));
});
