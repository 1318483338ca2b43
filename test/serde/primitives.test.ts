import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, double, int, long, string } from '../../src/serde/primitives.js';
import type { Serde } from '../../src/serde/serde.js';
import { contextOf } from './recorded.js';

const write = (serde: Serde<never>, value: unknown) => serde.serialize(value as never, contextOf())?.toString('hex');

describe("as Kafka's own serializers write", () => {
  test.each<[string, Serde<never>, unknown, string]>([
    ['string', string() as Serde<never>, 'é🚗', 'c3a9f09f9a97'],
    ['int', int() as Serde<never>, -2, 'fffffffe'],
    ['long', long() as Serde<never>, 1, '0000000000000001'],
    ['long from a bigint', long() as Serde<never>, -(2n ** 63n), '8000000000000000'],
    ['double', double() as Serde<never>, 1.5, '3ff8000000000000'],
    ['bytes', bytes() as Serde<never>, Buffer.from([1, 2]), '0102'],
    ['an empty string', string() as Serde<never>, '', ''],
  ])('%s', (_name, serde, value, hex) => {
    expect(write(serde, value)).toBe(hex);
    expect(serde.serialize(null, contextOf())).toBeNull();
    expect(serde.deserialize(null, contextOf())).toBeNull();
  });
});

test('all go round', () => {
  const goesRound = <T>(serde: Serde<T>, values: fc.Arbitrary<T>) =>
    fc.assert(
      fc.property(values, (value) => {
        expect(serde.deserialize(serde.serialize(value, contextOf()), contextOf())).toEqual(value);
      }),
    );
  goesRound(string(), fc.string({ unit: 'binary' }));
  goesRound(int(), fc.integer());
  goesRound(long(), fc.oneof(fc.maxSafeInteger(), fc.bigInt(2n ** 53n, 2n ** 63n - 1n)));
  goesRound(double(), fc.double());
  goesRound(
    bytes(),
    fc.uint8Array().map((array) => Buffer.from(array)),
  );
});

test.each<[string, Serde<never>, unknown, string]>([
  ['a fraction', int() as Serde<never>, 1.5, 'int() writes 32-bit integers; 1.5 is none'],
  ['beyond 32 bits', int() as Serde<never>, 2 ** 31, '2147483648 is none'],
  ['beyond 2^53', long() as Serde<never>, 2 ** 53, 'use a bigint beyond 2^53'],
  ['beyond 64 bits', long() as Serde<never>, 2n ** 63n, 'does not fit'],
  ['a number', string() as Serde<never>, 1, 'string() cannot write number'],
  ['an object', string() as Serde<never>, {}, 'string() cannot write Object'],
  ['undefined', double() as Serde<never>, undefined, 'double() cannot write undefined'],
  ['a text', bytes() as Serde<never>, 'a', 'bytes() writes Buffers; it was given string'],
])('%s is refused', (_name, serde, value, message) => {
  expect(() => write(serde, value)).toThrow(message);
});

test('bytes of another serializer are refused', () => {
  expect(() => int().deserialize(Buffer.alloc(8), contextOf())).toThrow('int() reads 4 bytes; these are 8');
  expect(() => long().deserialize(Buffer.alloc(4), contextOf())).toThrow('long() reads 8 bytes; these are 4');
  expect(() => double().deserialize(Buffer.alloc(0), contextOf())).toThrow('double() reads 8 bytes');
  expect(() => string().deserialize(Buffer.from([0xc3, 0x28]), contextOf())).toThrow('the 2 bytes are no UTF-8 text');
});
