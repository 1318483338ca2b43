import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintOf } from '../../src/operators/fingerprint.js';

const features = fc.dictionary(
  fc.string({ maxLength: 4 }),
  fc.oneof(fc.string({ maxLength: 6 }), fc.double({ noNaN: true }), fc.constant(null), fc.boolean()),
  { maxKeys: 4, noNullPrototype: true },
);

test('equal features have one fingerprint, different ones have two', () => {
  fc.assert(
    fc.property(features, features, (a, b) => {
      // -0 and 0 are one number to a model.
      const same = JSON.stringify(a) === JSON.stringify(b);
      expect(fingerprintOf({ ...a })).toBe(fingerprintOf(a));
      if (!same && Object.keys(a).every(isName) && Object.keys(b).every(isName)) {
        expect(fingerprintOf(a)).not.toBe(fingerprintOf(b));
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  [{ a: '1;b=2' }, { a: '1', b: 2 }],
  [{ a: 1 }, { a: '1' }],
  [{ a: null }, { a: 'null' }],
  [{ a: 1 }, { b: 1 }],
  [{ a: [1] }, { a: ['1'] }],
  [[1], ['1']],
  ['1', 1],
])('%j is not %j', (a, b) => {
  expect(fingerprintOf(a)).not.toBe(fingerprintOf(b));
});

function isName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}
