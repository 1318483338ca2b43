import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseExactly } from '../../src/serde/json-parser.js';
import { parseFrozen, parseJson, parseMember, stringifyJson } from '../../src/serde/json-text.js';

const parse = (text: string) => parseJson(Buffer.from(text));

describe('integers beyond 2^53', () => {
  test.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740991', -9007199254740991],
    ['-9007199254740993', -9007199254740993n],
    ['1795232696781805639', 1795232696781805639n],
    ['1795232696164540', 1795232696164540],
    ['9223372036854775807', 9223372036854775807n],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['12345678901234567890.5', Number('12345678901234567890.5')],
    ['1234567890123456789e0', Number('1234567890123456789')],
    ['0.12345678901234567890', Number('0.12345678901234567890')],
    ['"1795232696781805639"', '1795232696781805639'],
    ['"x:1795232696781805639,"', 'x:1795232696781805639,'],
  ])('%s is read as it is', (text, expected) => {
    expect(parse(text)).toBe(expected);
    expect(parse(`{"a":[ ${text} ]}`)).toEqual({ a: [expected] });
  });

  test('wherever in the text they stand', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 70n), 2n ** 70n), fc.string(), fc.nat(40), (long, text, spaces) => {
        const json = `{"t":${JSON.stringify(text)},${' '.repeat(spaces)}"l":${long},"m":[${long},1]}`;
        const expected = Number.isSafeInteger(Number(long)) ? Number(long) : long;
        expect(parse(json)).toEqual({ t: text, l: expected, m: [expected, 1] });
      }),
    );
  });

  test('are written as integers', () => {
    expect(
      stringifyJson({ ts_ns: 1795232696781805639n, list: [1n, undefined, 'a'], gone: undefined, d: new Date(0) }),
    ).toBe('{"ts_ns":1795232696781805639,"list":[1,null,"a"],"d":"1970-01-01T00:00:00.000Z"}');
    expect(() => stringifyJson(undefined)).toThrow('JSON has no text for undefined');
  });

  test('are told from doubles, which are written with an exponent', () => {
    expect(stringifyJson({ sum: 2 ** 60, long: 2n ** 60n, text: '1234567890123456' })).toBe(
      '{"sum":1.152921504606847e+18,"long":1152921504606846976,"text":"1234567890123456"}',
    );
  });

  test('go round with everything else that JSON holds', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.string({ unit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
        fc.bigInt(2n ** 53n, 2n ** 64n),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (json) => {
        const bytes = Buffer.from(stringifyJson(json));
        const read = parseJson(bytes);
        expect(read).toEqual(json);
        expect(parseExactly(bytes, 0, bytes.length)).toEqual(read);
        expect(parseFrozen(bytes, 0, bytes.length)).toEqual(read);
        expect(parseMember(bytes, 0, bytes.length)).toEqual(read);
      }),
    );
  });
});

test('the exact parser takes and refuses what JSON.parse does', () => {
  const text = fc.oneof(
    fc
      .json()
      .chain((json) =>
        fc.tuple(fc.constant(json), fc.nat(json.length), fc.constantFrom('', '"', '{', ',', '\\', '0', 'e', ' ')),
      )
      .map(([json, at, inserted]) => json.slice(0, at) + inserted + json.slice(at + (inserted === '' ? 1 : 0))),
    fc.stringMatching(/^[-+0-9.eE{}[\]",: \\utrfalsn]{0,20}$/),
  );
  fc.assert(
    fc.property(text, (json) => {
      const bytes = Buffer.from(json);
      let expected: unknown;
      try {
        expected = JSON.parse(bytes.toString());
      } catch {
        expect(() => parseJson(bytes)).toThrow(/at byte \d+$/);
        return;
      }
      expect(
        JSON.stringify(parseJson(bytes), (_name, value) => (typeof value === 'bigint' ? Number(value) : value)),
      ).toBe(JSON.stringify(expected));
    }),
    { numRuns: 2_000 },
  );
});

describe('what is no JSON is refused with its place in the bytes', () => {
  test.each([
    ['', 'the JSON ends where a value was expected, at byte 0'],
    ['{"a":1', "the JSON ends where ',' or '}' was expected, at byte 6"],
    ['{"é":x}', "found 'x' where a value was expected, at byte 6"],
    ['[1,]', "found ']' where a value was expected, at byte 3"],
    ['{"a" 1}', "found '1' where ':' was expected, at byte 5"],
    ['"abc', 'a string has no closing quote; it begins at byte 0'],
    ['"a\\x"', "found 'x' where one of \"\\/bfnrtu after a backslash was expected, at byte 3"],
    ['"\\u12g4"', "found 'g' where a hexadecimal digit of \\u was expected, at byte 5"],
    ['"a\nb"', 'found 0x0a where a character of a string (control characters are escaped) was expected, at byte 2'],
    ['tru', 'the JSON ends where true was expected, at byte 3'],
    ['1 2', "found '2' where the end was expected, at byte 2"],
    ['01', "found '1' where the end was expected, at byte 1"],
    [`${'['.repeat(2000)}`, 'the JSON is nested more than 1000 deep at byte 1001'],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"é\ufffd":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(() => parseJson(bytes)).toThrow('there are bytes that are no UTF-8 at byte 10');
    expect(parse('"\ufffd"')).toBe('\ufffd');
  });
});

test('a property named __proto__ is a property like others', () => {
  const read = parse('{"__proto__":{"x":1795232696781805639}}') as object;
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  expect(Object.keys(read)).toEqual(['__proto__']);
});
