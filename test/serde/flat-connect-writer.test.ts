/** What the short way writes of flat structs is what the long way writes, or nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConnectSchema } from '../../src/record.js';
import {
  boolean,
  decimal,
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  optional,
  string,
  struct,
} from '../../src/serde/connect-schema.js';
import { connectValueText } from '../../src/serde/connect-values.js';
import { FlatConnectWriter } from '../../src/serde/flat-connect-writer.js';

const withDefault = (schema: ConnectSchema, value: ConnectSchema['default']): ConnectSchema => ({
  ...schema,
  default: value,
});

const scalar = fc.constantFrom<ConnectSchema>(int8, int16, int32, int64, float32, float64, boolean, string);
const field = fc.oneof(
  scalar,
  scalar.map((schema) => optional(schema)),
  fc.constantFrom(withDefault(int32, 7), optional(withDefault(string, 'Škoda "x"'))),
);
const name = fc.oneof(fc.constantFrom('id', 'model', 'mileage', 'price'), fc.string({ unit: 'binary', maxLength: 5 }));
const fields = fc.dictionary(name, field, { minKeys: 1, maxKeys: 5 });
const value = fc.oneof(
  fc.integer({ min: -200, max: 200 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.float(),
  fc.constantFrom(0, -0, 128, -129, 32_768, 2 ** 31, 2 ** 53, 1e21, 3.5e38, 9_653.66),
  fc.bigInt(),
  fc.boolean(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('Manual', 'with "quotes"', null, undefined, [], {}),
);

const integer = fc.integer({ min: -128, max: 127 });
const fitting: Partial<Record<ConnectSchema['type'], fc.Arbitrary<unknown>>> = {
  int8: integer,
  int16: integer,
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  float: fc.float(),
  double: fc.oneof(
    fc.double(),
    fc.integer().map((hundredths) => hundredths / 100),
  ),
  boolean: fc.boolean(),
  string: fc.string({ unit: 'binary' }),
};
/** Mostly what the schema wants. */
const memberOf = ({ type }: ConnectSchema) => fc.oneof({ weight: 12, arbitrary: fitting[type]! }, value);
const rowsOf = (each: Readonly<Record<string, ConnectSchema>>) =>
  fc.record({ each: fc.constant(each), rows: fc.array(fc.tuple(...Object.values(each).map(memberOf), value)) });

/** What is written, or that it is refused. */
function outcome(write: () => string): string {
  try {
    return write();
  } catch {
    return 'refused';
  }
}

test('the bytes are those of the long way', () => {
  let flat = 0;
  fc.assert(
    fc.property(fields.chain(rowsOf), fc.boolean(), ({ each, rows }, hasMore) => {
      const schema = struct('cars.Value', each);
      const writer = FlatConnectWriter.of(schema, Buffer.from('['), ']')!;
      const columns = [...Object.keys(each), ...(hasMore ? ['more'] : [])];
      for (const values of rows) {
        const row = Object.fromEntries(columns.map((column, i) => [column, values[i]]));
        const written = writer.write(row);
        if (written === undefined) continue;
        flat += 1;
        expect(written.toString()).toBe(outcome(() => `[${connectValueText(schema, row)}]`));
      }
    }),
    { numRuns: 1_000 },
  );
  expect(flat).toBeGreaterThan(500);
});

describe('a flat row', () => {
  const schema = struct('cars.Value', {
    id: int32,
    model: optional(string),
    mileage: int64,
    price: optional(float64),
    sold: withDefault(boolean, false),
  });
  const writer = FlatConnectWriter.of(schema)!;

  test('is written, with what it lacks', () => {
    expect(writer.write({ id: 1, model: 'Fiesta', mileage: 9_694, price: 9_653.66, sold: true })?.toString()).toBe(
      '{"id":1,"model":"Fiesta","mileage":9694,"price":9653.66,"sold":true}',
    );
    expect(writer.write({ id: 1, mileage: 2 })?.toString()).toBe(
      '{"id":1,"model":null,"mileage":2,"price":null,"sold":false}',
    );
  });

  test.each([
    ['in another order', { mileage: 2, id: 1 }],
    ['without what is needed', { id: 1 }],
    ['with more than the schema', { id: 1, mileage: 2, more: 3 }],
    ['with an integer beyond 2^53', { id: 1, mileage: 2n ** 60n }],
    ['with a value of another type', { id: '1', mileage: 2 }],
    ['that is a list', [1]],
  ])('is left to the long way: %s', (_name, row) => {
    expect(writer.write(row)).toBeUndefined();
  });

  test.each([
    ['a decimal', struct('a', { tax: decimal(10, 2) })],
    ['a struct inside', struct('a', { inner: struct('b', { id: int32 }) })],
    ['no fields', struct('a', {})],
  ])('is not of a schema with %s', (_name, other) => {
    expect(FlatConnectWriter.of(other)).toBeUndefined();
  });
});
