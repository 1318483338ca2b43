import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangesByKey } from '../../src/state/changes-by-key.js';

/** `Aa` and `BB` have one hash, so that many of these keys do. */
const key = fc.array(fc.constantFrom('Aa', 'BB', 'C#', 'x'), { maxLength: 4 }).map((parts) => parts.join(''));
const change = fc.record({ key, value: fc.option(fc.nat(9).map(String)) });

test('is a map from keys to changes, whose hashes meet', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const map = new Map<string, string | null>();
      const byKey = new ChangesByKey();
      for (const { key, value } of changes) {
        map.set(key, value);
        byKey.set({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) });
      }
      expect(byKey.all.map(({ key, value }) => [String(key), value && String(value)])).toEqual([...map]);
      for (const each of ['', 'AaAa', 'BBAa', 'AaC#', 'xx', ...map.keys()]) {
        const found = byKey.get(Buffer.from(each))?.value;
        expect(found && String(found)).toBe(map.get(each));
      }
      byKey.clear();
      expect([byKey.all, byKey.get(Buffer.from('x'))]).toEqual([[], undefined]);
    }),
    { numRuns: 500 },
  );
});

test('tells long keys apart, whatever they begin with', () => {
  const byKey = new ChangesByKey();
  const keys = ['a', 'b'].flatMap((first) => ['c', 'd'].map((last) => Buffer.from(first + 'x'.repeat(200) + last)));
  for (const each of keys) byKey.set({ key: each, value: each });
  for (const each of keys) expect(byKey.get(Buffer.from(each))?.value).toBe(each);
});
