import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decimalText,
  fromBase64,
  fromTwosComplement,
  rescaled,
  twosComplement,
  unscaledOf,
} from '../../src/serde/decimal.js';

const anyInteger = fc.oneof(fc.bigInt(-(2n ** 100n), 2n ** 100n), fc.bigInt(-70_000n, 70_000n));

test('two’s complement is as short as that of java.math.BigInteger, and goes round', () => {
  fc.assert(
    fc.property(anyInteger, (value) => {
      const bytes = twosComplement(value);
      expect(BigInt(fromTwosComplement(bytes))).toBe(value);
      if (bytes.length > 1) {
        const signOnly = bytes[0] === 0 || bytes[0] === 255;
        expect(signOnly && (bytes[0]! & 0x80) === (bytes[1]! & 0x80)).toBe(false);
      }
      const short = fromBase64(bytes.toString('base64'));
      expect(short === undefined || BigInt(short) === value).toBe(true);
      if (bytes.length <= 6) expect(short).toBe(Number(value));
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  [0n, '00'],
  [127n, '7f'],
  [128n, '0080'],
  [-128n, '80'],
  [-129n, 'ff7f'],
  [15_000n, '3a98'],
  [-1_234_567n, 'ed2979'],
])('%s is %s', (value, hex) => {
  expect(twosComplement(value).toString('hex')).toBe(hex);
});

test('no bytes are zero', () => {
  expect(fromTwosComplement(Buffer.alloc(0))).toBe(0);
});

test('what is no base64 is left to the reader that says so', () => {
  expect(fromBase64('a?b=')).toBeUndefined();
  expect(fromBase64('éééé')).toBeUndefined();
});

test.each([
  ['150.00', 15_000n, 2],
  ['-.5', -5n, 1],
  ['+7.', 7n, 0],
  ['1e3', 1_000n, 0],
  ['1.25E-2', 125n, 4],
  ['1.5e1', 15n, 0],
])('%s is taken apart', (text, unscaled, scale) => {
  expect(unscaledOf(text)).toEqual({ unscaled, scale });
});

test.each(['', '.', '-', '1e', '0x1', '1.2.3', 'Infinity', ' 1'])('%j is no decimal', (text) => {
  expect(() => unscaledOf(text)).toThrow('is no decimal number');
});

test('numbers are taken by their shortest text', () => {
  expect(unscaledOf(0.1)).toEqual({ unscaled: 1n, scale: 1 });
  expect(unscaledOf(1e-7)).toEqual({ unscaled: 1n, scale: 7 });
});

test('text and unscaled value go round at any scale', () => {
  fc.assert(
    fc.property(anyInteger, fc.integer({ min: 0, max: 40 }), (unscaled, scale) => {
      expect(rescaled(unscaledOf(decimalText(unscaled, scale)), scale)).toBe(unscaled);
    }),
  );
});

test('zero with a negative scale stays one digit; absurd scales are refused', () => {
  expect(decimalText(0n, -3)).toBe('0');
  expect(() => decimalText(1n, 1_000_000_000)).toThrow('is beyond 200000 digits');
});
