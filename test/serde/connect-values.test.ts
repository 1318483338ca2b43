import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConnectSchema, NO_HEADERS } from '../../src/record.js';
import { connectJson, connectJsonPlain } from '../../src/serde/connect-json.js';
import {
  array,
  boolean,
  bytes,
  decimal,
  fieldOf,
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  map,
  named,
  optional,
  string,
  struct,
  structOf,
  VARIABLE_SCALE_DECIMAL,
} from '../../src/serde/connect-schema.js';
import { connectValueText, readConnectValue } from '../../src/serde/connect-values.js';
import { parseJson } from '../../src/serde/json-text.js';
import type { SerdeContext } from '../../src/serde/serde.js';
import { contextOf } from './recorded.js';

const variableScaleDecimal = named(VARIABLE_SCALE_DECIMAL, struct(undefined, { scale: int32, value: bytes }));

/** Writes a value and reads it again. */
function round(schema: ConnectSchema, value: unknown): unknown {
  return readConnectValue(schema, parseJson(Buffer.from(connectValueText(schema, value))));
}

describe('what Connect writes', () => {
  test.each<[string, ConnectSchema, unknown, string]>([
    ['int32', int32, 7, '7'],
    ['a bigint under int32', int32, 7n, '7'],
    ['int64', int64, 1795232696781805639n, '1795232696781805639'],
    ['double', float64, 57.7, '57.7'],
    ['a large double', float64, 1e300, '1e+300'],
    ['NaN, as JsonConverter does', float64, Number.NaN, '"NaN"'],
    ['an infinity', float32, Number.NEGATIVE_INFINITY, '"-Infinity"'],
    ['boolean', boolean, true, 'true'],
    ['string', string, 'a "quoted" é', '"a \\"quoted\\" é"'],
    ['bytes', bytes, Buffer.from([0, 255, 16]), '"AP8Q"'],
    ['a view of bytes', bytes, new Uint8Array([1, 2, 3]).subarray(1), '"AgM="'],
    ['Decimal', decimal(2), '150.00', '"Opg="'],
    ['a negative Decimal', decimal(2), '-12345.67', '"7Sl5"'],
    ['a small Decimal', decimal(2), '0.01', '"AQ=="'],
    ['a Decimal of zero', decimal(2), '0', '"AA=="'],
    ['a Decimal from a number', decimal(2), 150.5, '"Oso="'],
    ['a Decimal from a bigint', decimal(2), 150n, '"Opg="'],
    ['VariableScaleDecimal', variableScaleDecimal, '1.500', '{"scale":3,"value":"Bdw="}'],
    ['array', array(int32), [1, 2], '[1,2]'],
    ['map with text keys', map(int64), { a: 1n, b: 2 }, '{"a":1,"b":2}'],
    ['map with other keys', { type: 'map', keys: int32, values: string }, new Map([[1, 'a']]), '[[1,"a"]]'],
    [
      'map whose text keys may be null',
      { type: 'map', keys: optional(string), values: int32 },
      new Map([[null, 1]]),
      '[[null,1]]',
    ],
    ['an empty struct', struct('e', {}), {}, '{}'],
    ['null where it is allowed', struct('s', { a: optional(int32) }), { a: null }, '{"a":null}'],
    ['what is missing where null is allowed', struct('s', { a: optional(int32) }), {}, '{"a":null}'],
    ['what is missing by its default', struct('s', { a: { ...int32, default: 5 } }), {}, '{"a":5}'],
    [
      'null by the default of what is not optional',
      struct('s', { a: { ...int32, default: 5 } }),
      { a: null },
      '{"a":5}',
    ],
    [
      'null as null where it is allowed beside a default',
      struct('s', { a: { ...optional(int32), default: 5 } }),
      { a: null },
      '{"a":null}',
    ],
    ['minus zero', float64, -0, '-0'],
  ])('%s', (_name, schema, value, text) => {
    expect(connectValueText(schema, value)).toBe(text);
  });

  test('fields in the order of the schema, whatever the order of the value', () => {
    expect(connectValueText(struct('s', { a: int32, b: string }), { b: 'x', a: 1 })).toBe('{"a":1,"b":"x"}');
  });
});

describe('what Connect wrote is read', () => {
  test.each<[string, ConnectSchema, string, unknown]>([
    ['Decimal', decimal(2), '"Opg="', '150.00'],
    ['Decimal of more than six bytes', decimal(2), '"////////////////"', '-0.01'],
    ['Decimal without a scale', decimal(0), '"Opg="', '15000'],
    ['Decimal with a negative scale', decimal(-2), '"Opg="', '1500000'],
    ['Decimal as a number', decimal(2), '150.5', '150.50'],
    ['VariableScaleDecimal', variableScaleDecimal, '{"scale":3,"value":"Bdw="}', '1.500'],
    ['bytes', bytes, '"AP8Q"', Buffer.from([0, 255, 16])],
    ['a long double', float64, '12345678901234567890', Number('12345678901234567890')],
    ['NaN', float64, '"NaN"', Number.NaN],
    ['-Infinity', float64, '"-Infinity"', Number.NEGATIVE_INFINITY],
    ['days', named('io.debezium.time.Date', int32), '18000', 18_000],
    ['milliseconds', named('org.apache.kafka.connect.data.Timestamp', int64), '1795232696781', 1_795_232_696_781],
    [
      'a text with a zone',
      named('io.debezium.time.ZonedTimestamp', string),
      '"2026-11-21T03:44:12Z"',
      '2026-11-21T03:44:12Z',
    ],
    ['null inside an array', array(optional(decimal(1))), '["AQ==",null]', ['0.1', null]],
  ])('%s', (_name, schema, json, value) => {
    expect(readConnectValue(schema, parseJson(Buffer.from(json)))).toEqual(value);
  });

  test.each<[string, ConnectSchema, string, string]>([
    ['bytes', struct('s', { a: bytes }), '{"a":"?"}', `the field 'a': the text "?" is no base64 text`],
    ['Decimal', struct('s', { a: decimal(2) }), '{"a":true}', "the field 'a': true is no Decimal"],
    ['a Decimal that lost digits', decimal(2), '1234567890123456.25', 'has lost digits: use decimal.format=BASE64'],
    ['double', array(float64), '[1,"x"]', `the field '[1]': the text "x" is no number`],
    ['struct', struct('s', { a: struct('t', { b: bytes }) }), '{"a":[1]}', "the field 'a': an array is no struct"],
  ])('and refused when it is no %s', (_name, schema, json, message) => {
    expect(() => readConnectValue(schema, parseJson(Buffer.from(json)))).toThrow(message);
  });

  test('as parsed where nothing needs conversion: the same object', () => {
    const row = { id: 1, name: 'a' };
    expect(readConnectValue(struct('s', { id: int32, name: string }), row)).toBe(row);
  });
});

describe('what does not fit is refused, with the path of the field', () => {
  const inner = struct('s', { price: int32, tags: array(int16), sizes: map(int8) });
  const outer = struct('o', { after: optional(inner) });
  const row = { price: 1, tags: [1], sizes: { a: 1 } };
  test.each<[string, ConnectSchema, unknown, string]>([
    [
      'a fraction under int32',
      outer,
      { after: { ...row, price: 1.5 } },
      "the field 'after.price': 1.5 is no integer and the schema says int32: round it, or declare float64",
    ],

    ['a float out of range', float32, 1e39, '1e+39 is out of the range of float'],
    ['NaN under int32', int32, Number.NaN, 'an int32 was expected, and it is the number NaN'],
    ['int32 out of range', int32, 2 ** 31, '2147483648 is out of the range of int32, -2147483648 to 2147483647'],
    [
      'int8 out of range in a map',
      outer,
      { after: { ...row, sizes: { a: 128 } } },
      "the field 'after.sizes[a]': 128 is out of the range of int8",
    ],
    [
      'int16 out of range in an array',
      outer,
      { after: { ...row, tags: [1, 70_000] } },
      "the field 'after.tags[1]': 70000 is out of the range of int16",
    ],
    ['a number beyond 2^53', int64, 2 ** 60, 'is beyond 2^53 and no longer exact: give it as a bigint'],
    ['a fraction under int64', int64, 0.5, '0.5 is no integer'],
    ['int64 out of range', int64, 2n ** 63n, 'is out of the range of int64'],
    ['null', struct('s', { a: int32 }), { a: null }, "the field 'a': is null, and its schema is neither optional"],
    ['what is missing', struct('s', { a: int32 }), {}, "the field 'a': is missing"],
    [
      'a field that is in no schema',
      inner,
      { ...row, extra: 1 },
      "the field 'extra': it is in the value and not in the schema 's': declare it",
    ],
    ['a text under int32', int32, '1', 'an int32 was expected, and it is the text "1"'],
    ['a number under string', string, 1, 'a string was expected, and it is the number 1'],
    [
      'a Date',
      int64,
      new Date(0),
      'an int64 was expected, and it is a Date (times are numbers or texts as on the wire',
    ],
    ['a text under bytes', bytes, 'AA==', 'a Buffer was expected'],
    ['a text under boolean', boolean, 'true', 'a boolean was expected'],
    [
      'a Decimal with too many digits',
      decimal(2),
      '1.005',
      '1.005 has more than 2 digits after the point: round it first',
    ],
    ['a Decimal beyond its precision', decimal(2, 4), '100', '100.00 has more than the 4 digits of its precision'],
    ['a Decimal that is no number', decimal(2), '1,5', '"1,5" is no decimal number'],
    ['a Decimal from NaN', decimal(2), Number.NaN, 'the number NaN is not exact'],
    ['a Decimal from a number beyond 2^53', decimal(2), 2 ** 60, 'is not exact: give the decimal as a text'],
    ['a Decimal with an absurd exponent', decimal(2), '1e999999', 'is beyond 200000 digits'],
    ['an object under array', array(int32), {}, 'an array was expected'],
    ['an array under struct', inner, [], 'a struct was expected, and it is an array'],
    ['an object under a map with other keys', { type: 'map', keys: int32, values: int32 }, {}, 'a Map was expected'],
  ])('%s', (_name, schema, value, message) => {
    expect(() => connectValueText(schema, value)).toThrow(message);
  });
});

/** A schema and a value of it. */
type Sample = { readonly schema: ConnectSchema; readonly value: unknown };

const integer = (schema: ConnectSchema, bits: number) =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }).map((value) => ({ schema, value }));

const decimalSample = fc
  .tuple(fc.bigInt(-(2n ** 80n), 2n ** 80n), fc.integer({ min: 0, max: 12 }))
  .map(([unscaled, scale]) => {
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
    const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
    return { schema: decimal(scale), value: unscaled < 0n ? `-${text}` : text };
  });

const sample = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    integer(int8, 8),
    integer(int16, 16),
    integer(int32, 32),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((long) => {
      return { schema: int64, value: Number.isSafeInteger(Number(long)) ? Number(long) : long };
    }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ schema: float64, value })),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ schema: float32, value })),
    fc.boolean().map((value) => ({ schema: boolean, value })),
    fc.string({ unit: 'binary' }).map((value) => ({ schema: string, value })),
    fc.uint8Array().map((value) => ({ schema: bytes, value: Buffer.from(value) })),
    decimalSample,
    decimalSample.map(({ value }) => ({ schema: variableScaleDecimal, value })),
    tie('sample').map(({ schema }) => ({ schema: optional(schema), value: null })),
    fc.array(tie('sample'), { maxLength: 3 }).map((samples) => ({
      schema: array(samples[0]?.schema ?? int32),
      value: samples.length === 0 ? [] : [samples[0]!.value, samples[0]!.value],
    })),
    fc
      .tuple(fc.string(), tie('sample'))
      .map(([key, { schema, value }]) => ({ schema: map(schema), value: { [key]: value } })),
    fc.tuple(fc.integer({ min: -100, max: 100 }), tie('sample')).map(([key, { schema, value }]) => ({
      schema: { type: 'map' as const, keys: int32, values: schema },
      value: new Map([[key, value]]),
    })),
    fc
      .uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), tie('sample')), { selector: ([name]) => name, maxLength: 6 })
      .map((fields) => ({
        schema: structOf(
          'some.Struct',
          fields.map(([name, { schema }]) => fieldOf(name, schema)),
        ),
        value: Object.fromEntries(fields.map(([name, { value }]) => [name, value])),
      })),
  ),
})).sample;

describe('values of any schema go round', () => {
  test('as text', () => {
    fc.assert(fc.property(sample, ({ schema, value }) => void expect(round(schema, value)).toEqual(value)));
  });

  test('with the schema in the record', () => {
    const serde = connectJson<unknown>();
    const context: SerdeContext = { topic: 't', headers: NO_HEADERS, schema: undefined };
    fc.assert(
      fc.property(sample, ({ schema, value }) => {
        for (let times = 0; times < 2; times++) {
          context.schema = schema;
          const encoded = serde.serialize(value, context);
          context.schema = undefined;
          expect(serde.deserialize(encoded, context)).toEqual(value);
          if (value !== null) expect(context.schema).toEqual(schema);
        }
      }),
    );
  });

  test('without it, read by the schema afterwards', () => {
    const serde = connectJsonPlain<unknown>();
    fc.assert(
      fc.property(sample, ({ schema, value }) => {
        const encoded = serde.serialize(value, contextOf('t', schema));
        expect(readConnectValue(schema, serde.deserialize(encoded, contextOf()))).toEqual(value);
      }),
    );
  });
});
