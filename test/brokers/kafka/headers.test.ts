import { expect, test } from 'vitest';
import { fromClientHeaders, toClientHeaders, toNativeHeaders } from '../../../src/brokers/kafka/headers.js';
import { NO_HEADERS } from '../../../src/record.js';

const header = (value: Buffer | null, key = 'h') => [{ key, value }];

test('none cost nothing', () => {
  expect(toClientHeaders(NO_HEADERS, 't')).toBeUndefined();
  expect(fromClientHeaders(undefined)).toBe(NO_HEADERS);
  expect(fromClientHeaders([])).toBe(NO_HEADERS);
});

test('text of any language, empty values and repeated names keep their order', () => {
  const headers = [...header(Buffer.from('größer')), ...header(Buffer.alloc(0)), ...header(Buffer.from('日本'), 'ü')];
  expect(toClientHeaders(headers, 't')).toEqual([{ h: 'größer' }, { h: '' }, { ü: '日本' }]);
});

test('__proto__ is a name like others', () => {
  const written = toClientHeaders(header(Buffer.from('x'), '__proto__'), 't')!;
  expect(Object.entries(written[0]!)).toEqual([['__proto__', 'x']]);
  // As it comes out of the binding, which assigns.
  const read = Object.setPrototypeOf({}, Buffer.from('x')) as Record<string, Buffer>;
  expect(fromClientHeaders([read])).toEqual([{ key: '__proto__', value: Buffer.from('x') }]);
});

test.each([
  ['null', header(null), /"h".*topic t.*null/],
  ['bytes that are not UTF-8', header(Buffer.from([0xff, 0xfe])), /not UTF-8/],
  ['a NUL in the value', header(Buffer.from('a\0b')), /NUL/],
  ['a NUL in the name', header(Buffer.from('a'), 'a\0b'), /NUL/],
])('%s is refused rather than changed', (_, headers, message) => {
  expect(() => toClientHeaders(headers, 't')).toThrow(message);
  expect(() => toClientHeaders(headers, 't')).toThrow(
    expect.objectContaining({ name: 'BrokerError', kind: 'record', code: 'HEADER' }),
  );
});

test('the native part takes any bytes, and null; a NUL in a name is refused', () => {
  const bytes = Buffer.from([0xff, 0]);
  expect(toNativeHeaders(NO_HEADERS, 't')).toBeUndefined();
  expect(toNativeHeaders([...header(bytes), ...header(null, 'ü')], 't')).toEqual(['h', bytes, 'ü', null]);
  expect(() => toNativeHeaders(header(bytes, 'a\0b'), 't')).toThrow(/topic t has a NUL in its name, which librdkafka/);
});
