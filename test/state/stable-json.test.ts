import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_HEADERS } from '../../src/record.js';
import { stableJson } from '../../src/state/stable-json.js';

const serde = stableJson<unknown>();
const context = () => ({ topic: '', headers: NO_HEADERS, schema: undefined });

/** The same value with the properties of all objects the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  );
}

test('equal keys have equal texts, in whatever order their properties were set', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(serde.text(reversed(value))).toBe(serde.text(value));
    }),
  );
});

/** Such a number is read back as a bigint. */
const isUnsafeInteger = (text: string) =>
  (text.match(/\d{16,}/g) ?? []).some((digits) => !Number.isSafeInteger(Number(digits)));

test('the text is JSON for the value, and the bytes are the text in UTF-8', () => {
  const values = fc.jsonValue().filter((value) => !isUnsafeInteger(JSON.stringify(value)));
  fc.assert(
    fc.property(values, (value) => {
      const text = serde.text(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(Buffer.from(text).toString()).toBe(text);
      if (value === null) return;
      expect(serde.serialize(value, context())?.toString()).toBe(text);
      expect(serde.deserialize(Buffer.from(text), context())).toEqual(JSON.parse(text));
    }),
  );
});

test('different keys have different texts', () => {
  const keys = [1, '1', [1], { a: 1 }, { a: '1' }, { a: { b: 1 } }, { a: [1] }, { 'a.b': 1 }, true, 'true', ''];
  expect(new Set(keys.map((key) => serde.text(key))).size).toBe(keys.length);
});

test('names are sorted, nested ones and those inside arrays too', () => {
  expect(serde.text({ b: [{ d: 1, c: 2 }], a: { f: null, e: 'x' } })).toBe(
    '{"a":{"e":"x","f":null},"b":[{"c":2,"d":1}]}',
  );
});

test('dates say their own text; what JSON cannot say is refused', () => {
  expect(serde.text({ z: 1, at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z","z":1}');
  expect(() => serde.text(undefined)).toThrow(TypeError);
});

test('integers beyond 2^53 are bigints, and exact', () => {
  const key = { lsn: 9_007_199_254_740_993n, id: 1 };
  expect(serde.text(key)).toBe('{"id":1,"lsn":9007199254740993}');
  expect(serde.deserialize(serde.serialize(key, context()), context())).toEqual(key);
});

class Named {
  constructor(readonly id: number) {}

  toJSON(): string {
    return `number ${this.id}`;
  }
}

test('a text does not depend on the keys before it', () => {
  const member = fc.oneof(
    fc.integer(),
    fc.constantFrom(0, -0, 2 ** 53, 1e21, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 9_007_199_254_740_993n),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(null, true, [1], { b: 1, a: 2 }, new Date(0), { toJSON: () => 'mine' }),
  );
  const struct = fc.dictionary(fc.constantFrom('id', 'a', 'b', '"', '2', '10', 'toJSON'), member, {
    noNullPrototype: true,
  });
  const ofClass = fc.integer().map((id) => new Named(id));
  fc.assert(
    fc.property(fc.array(fc.oneof(struct, struct.map(reversed), ofClass), { maxLength: 6 }), (keys) => {
      const used = stableJson<unknown>();
      for (const key of keys) {
        const fresh = stableJson<unknown>();
        expect(used.text(key)).toBe(fresh.text(key));
        expect(fresh.text(key)).toBe(used.text(key));
      }
    }),
  );
});

test('the text of a struct is what it holds now, also for one that was changed or that another serde was asked about', () => {
  const [first, second] = [stableJson<unknown>(), stableJson<unknown>()];
  const key: Record<string, unknown> = { id: 1 };
  // Structs are known from their second time on.
  const both = () => [first, second, first, second].map((serde) => serde.text(key));
  expect(both()).toEqual(Array(4).fill('{"id":1}'));
  key.id = 2;
  expect(both()).toEqual(Array(4).fill('{"id":2}'));
  key.id = '2';
  expect(both()).toEqual(Array(4).fill('{"id":"2"}'));
  key.year = 2018;
  expect(both()).toEqual(Array(4).fill('{"id":"2","year":2018}'));
  delete key.id;
  expect(both()).toEqual(Array(4).fill('{"year":2018}'));
});
