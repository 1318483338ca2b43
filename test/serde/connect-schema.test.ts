import { describe, expect, test } from 'vitest';
import {
  array,
  boolean,
  decimal,
  equalSchemas,
  fieldNamed,
  float64,
  int32,
  int64,
  map,
  named,
  optional,
  readSchema,
  string,
  struct,
} from '../../src/serde/connect-schema.js';
import { envelopeSchema, isEnvelopeSchema } from '../../src/serde/envelope-schema.js';
import { FrameReader } from '../../src/serde/schema-frame.js';
import { recorded } from './recorded.js';

const car = struct('cars.Value', {
  id: int32,
  tax: optional(decimal(2, 8)),
  tags: array(optional(string)),
  sizes: map(float64),
  listed: named('io.debezium.time.ZonedTimestamp', optional(string)),
});

test('builders make what a JsonConverter writes', () => {
  expect(fieldNamed(car, 'tax')).toEqual({
    type: 'bytes',
    optional: true,
    name: 'org.apache.kafka.connect.data.Decimal',
    version: 1,
    parameters: { scale: '2', 'connect.decimal.precision': '8' },
    field: 'tax',
  });
  expect(fieldNamed(car, 'none')).toBeUndefined();
  expect(() => decimal(1.5)).toThrow("a decimal's scale is a whole number of digits, not 1.5");
  expect(() => decimal(2, 0)).toThrow("a decimal's precision");
});

describe('equality', () => {
  test('is of content, not of the order of properties', () => {
    const copy = JSON.parse(JSON.stringify(car)) as Record<string, unknown>;
    expect(equalSchemas(car, readSchema(Object.fromEntries(Object.entries(copy).reverse())))).toBe(true);
    expect(equalSchemas({ type: 'int32' }, int32)).toBe(true);
  });

  test.each([
    ['type', int64],
    ['optional', optional(int32)],
    ['name', named('n', int32)],
    ['default', { ...int32, default: { a: [1] } }],
    ['parameters', { ...int32, parameters: { a: '1' } }],
    ['items', array(int32)],
    ['fields', struct(undefined, { a: int32 })],
  ])('sees another %s', (_name, other) => {
    expect(equalSchemas(int32, other)).toBe(false);
    expect(equalSchemas(other, { ...other })).toBe(true);
  });

  test('sees another order of fields, other items, keys and values', () => {
    expect(equalSchemas(struct('s', { a: int32, b: int32 }), struct('s', { b: int32, a: int32 }))).toBe(false);
    expect(equalSchemas(array(int32), array(int64))).toBe(false);
    expect(equalSchemas(map(int32), map(int64))).toBe(false);
    expect(equalSchemas({ ...int32, default: { a: 1 } }, { ...int32, default: { b: 1 } })).toBe(false);
    expect(equalSchemas({ ...int32, default: [1] }, { ...int32, default: { 0: 1 } })).toBe(false);
  });
});

describe('a schema from the wire', () => {
  test('is frozen, and properties that are null are as if absent', () => {
    const read = readSchema({ type: 'struct', name: null, default: null, fields: [{ type: 'int32', field: 'id' }] });
    expect(read).toEqual({ type: 'struct', fields: [{ type: 'int32', field: 'id' }] });
    expect(Object.isFrozen(read.fields![0])).toBe(true);
  });

  test.each<[unknown, string]>([
    [5, 'schema is 5, not a schema'],
    [[], 'schema is an array, not a schema'],
    [{ type: 'int' }, 'schema.type is "int": one of struct, array'],
    [{}, 'schema.type is missing'],
    [{ type: 'int32', optional: 'yes' }, 'schema.optional is "yes": a boolean was expected'],
    [{ type: 'int32', name: 5 }, 'schema.name is 5: a string was expected'],
    [{ type: 'int32', version: '1' }, 'schema.version is "1": a number was expected'],
    [{ type: 'int32', parameters: [] }, 'schema.parameters is an array'],
    [{ type: 'int32', parameters: { scale: 2 } }, 'schema.parameters.scale is 2: a text was expected'],
    [{ type: 'struct' }, 'schema.fields is missing'],
    [{ type: 'struct', fields: [{ type: 'int32' }] }, 'schema.fields[0] has no "field"'],
    [
      {
        type: 'struct',
        fields: [
          { type: 'int32', field: 'a' },
          { type: 'int32', field: 'a' },
        ],
      },
      "schema.fields[1] is a second field with the name 'a'",
    ],
    [{ type: 'array' }, 'schema.items is missing'],
    [{ type: 'array', items: { type: 'x' } }, 'schema.items.type is "x"'],
    [{ type: 'map', keys: { type: 'string' } }, 'schema.values is missing'],
    [
      { type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal' },
      'schema is a Decimal of type bytes with the scale missing',
    ],
    [
      { type: 'string', name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } },
      'schema is a Decimal of type string',
    ],
    [
      { type: 'struct', fields: [{ type: 'array', field: 'a', items: 1795232696781805639n }] },
      'schema.fields[0].items is "1795232696781805639"',
    ],
  ])('is refused where it is wrong: %#', (json, message) => {
    expect(() => readSchema(json)).toThrow(message);
  });
});

test("our envelope is Debezium's, of the recorded row", () => {
  const bytes = recorded('json-with-schema.jsonl')[0]!.value!;
  const theirs = new FrameReader().read(bytes)!.schema!;
  const row = { ...fieldNamed(theirs, 'after')!, field: undefined, optional: false };
  const ours = envelopeSchema('car_database.public.car_data', JSON.parse(JSON.stringify(row)));
  expect(equalSchemas(ours, theirs)).toBe(true);
  expect(isEnvelopeSchema(ours)).toBe(true);
  expect(isEnvelopeSchema(boolean)).toBe(false);
});
