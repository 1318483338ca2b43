/** Connect's schemas and values in Avro, and back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConnectSchema } from '../../../src/record.js';
import { AvroReader } from '../../../src/serde/avro/avro-reader.js';
import { AvroWriter } from '../../../src/serde/avro/avro-writer.js';
import { avroSchemaOf } from '../../../src/serde/avro/from-connect.js';
import { readAvroSchema } from '../../../src/serde/avro/read-avro-schema.js';
import { connectSchemaOf } from '../../../src/serde/avro/to-connect.js';
import { avroSchemaJson } from '../../../src/serde/avro/write-avro-schema.js';
import {
  decimal,
  equalSchemas,
  fieldOf,
  float64,
  int8,
  int32,
  int64,
  map,
  named,
  optional,
  string,
  struct,
  structOf,
} from '../../../src/serde/connect-schema.js';
import { structs } from '../../oracles/connect-cases.js';
import { dump } from '../../oracles/connect-dump.js';

test('every type of Connect goes through Avro, schema and value', () => {
  fc.assert(
    fc.property(structs(), ({ schema, value, features }) => {
      // Avro has no default with values under elements that may be null: what is missing is null then.
      fc.pre(!(features.includes('missing, with a default') && features.some((each) => /map|array/.test(each))));
      const node = avroSchemaOf(schema);
      // What is registered is the schema's text.
      expect(equalSchemas(connectSchemaOf(readAvroSchema(avroSchemaJson(node)))!, schema)).toBe(true);
      const bytes = new AvroWriter(node).write(1, value);
      expect(dump(schema, new AvroReader(node).read(bytes, 5))).toEqual(dump(schema, value));
    }),
    { numRuns: 1_000 },
  );
});

describe('a schema of Connect in Avro', () => {
  const inAvro = (schema: ConnectSchema) => avroSchemaJson(avroSchemaOf(schema));

  test('has what Connect knows of it as attributes', () => {
    const schema = struct('cars.Value', {
      id: int32,
      tax: optional(decimal(2, 8)),
      doors: int8,
      day: named('org.apache.kafka.connect.data.Date', int32),
    });
    expect(inAvro(schema)).toEqual({
      type: 'record',
      name: 'Value',
      namespace: 'cars',
      fields: [
        { name: 'id', type: 'int' },
        {
          name: 'tax',
          type: [
            'null',
            {
              type: 'bytes',
              scale: 2,
              precision: 8,
              'connect.version': 1,
              'connect.parameters': { scale: '2', 'connect.decimal.precision': '8' },
              'connect.name': 'org.apache.kafka.connect.data.Decimal',
              logicalType: 'decimal',
            },
          ],
          default: null,
        },
        { name: 'doors', type: { type: 'int', 'connect.type': 'int8' } },
        {
          name: 'day',
          type: {
            type: 'int',
            'connect.version': 1,
            'connect.name': 'org.apache.kafka.connect.data.Date',
            logicalType: 'date',
          },
        },
      ],
      'connect.name': 'cars.Value',
    });
  });

  test('gets a name that Avro allows, and keeps its own', () => {
    expect(inAvro(struct('car-data.2026.Value', { id: int32 }))).toMatchObject({
      name: 'Value',
      namespace: 'car_data._2026',
      'connect.name': 'car-data.2026.Value',
    });
    expect(inAvro(struct(undefined, { inner: struct(undefined, { id: int32 }) }))).toMatchObject({
      name: 'ConnectDefault',
      fields: [{ type: { name: 'ConnectDefault2' } }],
    });
  });

  test('is defined once where it stands twice; another of its name gets a number', () => {
    const row = struct('cars.Value', { id: int32 });
    const twice = inAvro(struct('cars.Envelope', { before: optional(row), after: optional(row) }));
    expect(JSON.stringify(twice)).toContain('{"name":"after","type":["null","Value"],"default":null}');
    const other = struct('cars.Value', { id: int64 });
    expect(JSON.stringify(inAvro(struct('cars.Envelope', { before: row, after: other })))).toContain('"name":"Value2"');
  });

  test('a field whose name Avro does not allow is named', () => {
    expect(() => inAvro(struct('s', { car: struct('c', { 'engine size': float64 }) }))).toThrow(
      "the field 'car.engine size' cannot be written as Avro",
    );
  });

  test('defaults of bytes are Latin-1 in Avro and base64 in Connect', () => {
    const tax = fieldOf('tax', { ...decimal(2), default: 'Opg=' });
    const schema = structOf('s', [tax, fieldOf('tags', { ...map(string), default: { a: 'b' } })]);
    expect(inAvro(schema)).toMatchObject({ fields: [{ default: '\u003a\u0098' }, { default: { a: 'b' } }] });
    expect(equalSchemas(connectSchemaOf(avroSchemaOf(schema))!, schema)).toBe(true);
    expect(new AvroReader(avroSchemaOf(schema)).read(new AvroWriter(avroSchemaOf(schema)).write(1, {}), 5)).toEqual({
      tax: '150.00',
      tags: { a: 'b' },
    });
  });
});

describe('a schema of Avro in Connect', () => {
  const inConnect = (schema: unknown) => connectSchemaOf(readAvroSchema(schema));

  test("says what Avro's logical types mean", () => {
    const field = (type: unknown) =>
      inConnect({ type: 'record', name: 'r', fields: [{ name: 'f', type }] })!.fields![0];
    expect(field({ type: 'long', logicalType: 'timestamp-millis' })).toMatchObject({
      type: 'int64',
      name: 'org.apache.kafka.connect.data.Timestamp',
    });
    expect(field({ type: 'long', logicalType: 'timestamp-micros' })).toEqual({
      type: 'int64',
      optional: false,
      field: 'f',
    });
    expect(field({ type: 'fixed', name: 'x', size: 4, logicalType: 'decimal', precision: 6, scale: 1 })).toMatchObject({
      type: 'bytes',
      name: 'org.apache.kafka.connect.data.Decimal',
      parameters: { scale: '1', 'connect.decimal.precision': '6' },
    });
    expect(field({ type: 'enum', name: 'e', symbols: ['A'] })).toMatchObject({ type: 'string' });
  });

  test('there is none for a union of several types, nor for a schema inside itself', () => {
    expect(inConnect(['null', 'int', 'string'])).toBeUndefined();
    const list = { type: 'record', name: 'List', fields: [{ name: 'next', type: ['null', 'List'], default: null }] };
    expect(inConnect(list)).toBeUndefined();
    const node = readAvroSchema(list);
    const value = { next: { next: { next: null } } };
    expect(new AvroReader(node).read(new AvroWriter(node).write(1, value), 5)).toEqual(value);
  });
});
