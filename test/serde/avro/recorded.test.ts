/** What a live Debezium 3.6 wrote as Avro, against what it wrote as JSON while the same SQL ran. */
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/cdc/change.js';
import type { ConnectSchema } from '../../../src/record.js';
import { avroChanges } from '../../../src/serde/avro/avro-changes.js';
import { avroSchemaOf } from '../../../src/serde/avro/from-connect.js';
import { readAvroSchema } from '../../../src/serde/avro/read-avro-schema.js';
import { connectSchemaOf } from '../../../src/serde/avro/to-connect.js';
import { avroSchemaIdentity, avroSchemaJson } from '../../../src/serde/avro/write-avro-schema.js';
import { connectJson } from '../../../src/serde/connect-json.js';
import { equalSchemas } from '../../../src/serde/connect-schema.js';
import { debezium } from '../../../src/serde/debezium-json.js';
import { contextOf, recorded } from '../recorded.js';
import { avroSerde, decoded, FakeRegistry, recordedAvro, recordedSchemas, schemasOf } from './recorded-avro.js';

type Row = Record<string, unknown>;

const asJson = recorded('json-with-schema.jsonl');
const asAvro = recordedAvro();

/** The two recordings are of two connectors: their topics have different prefixes. */
function renamed(schema: ConnectSchema): ConnectSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('car_avro2', 'car_database')) as ConnectSchema;
}

describe('schemas', () => {
  test.each([...recordedSchemas()])('schema %i, read and written, says the same', (_id, json) => {
    const node = readAvroSchema(json);
    expect(avroSchemaJson(node)).toEqual(json);
    expect(avroSchemaIdentity(readAvroSchema(avroSchemaJson(node)))).toBe(avroSchemaIdentity(node));
  });

  test.each([...recordedSchemas()])(
    'schema %i to Connect and back is the one that Debezium registered',
    (_id, json) => {
      const connect = connectSchemaOf(readAvroSchema(json))!;
      expect(avroSchemaJson(avroSchemaOf(connect))).toEqual(json);
    },
  );

  test('the schema of a record is the same, read from Avro and read from JSON', async () => {
    const registry = new FakeRegistry(recordedSchemas());
    let compared = 0;
    for (const [i, record] of asAvro.entries()) {
      for (const part of ['key', 'value'] as const) {
        if (record[part] === null) continue;
        const { schema } = await decoded(avroSerde(registry, part), record[part]);
        const context = contextOf();
        connectJson().deserialize(asJson[i]![part], context);
        expect(equalSchemas(renamed(schema!), context.schema!)).toBe(true);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(25);
  });
});

describe('changes', () => {
  test('have the same rows, keys and operations as the recorded JSON', async () => {
    const registry = new FakeRegistry(recordedSchemas());
    const changes = avroChanges<Row>(schemasOf(registry));
    const keys = avroSerde<Row>(registry, 'key');
    for (const [i, record] of asAvro.entries()) {
      const { value: change } = await decoded(changes, record.value, record.headers);
      const inJson = debezium<Row>().deserialize(asJson[i]!.value, contextOf());
      expect((await decoded(keys, record.key)).value).toEqual(connectJson().deserialize(asJson[i]!.key, contextOf()));
      if (change === null || inJson === null) {
        expect(change).toBe(inJson);
        continue;
      }
      // The connector of the JSON met the first rows in its snapshot.
      expect(change.op).toBe(inJson.op === 'r' ? 'c' : inJson.op);
      expect(rowsOf(change)).toEqual(rowsOf(inJson));
      expect({ ...change.source, ...MOVING_SOURCE }).toEqual({ ...inJson.source, ...MOVING_SOURCE });
      expect(Object.keys(change)).toEqual(Object.keys(inJson));
      expect(typeof change.ts_ns).toBe('bigint');
    }
  });

  test('the column added in the middle is in the rows after it', async () => {
    const changes = avroChanges<Row>(schemasOf(new FakeRegistry(recordedSchemas())));
    const rows: Row[] = [];
    for (const { value } of asAvro) {
      const { value: change } = await decoded(changes, value);
      if (change?.after) rows.push(change.after);
    }
    expect(rows.some((row) => 'notes' in row)).toBe(true);
    expect(rows.some((row) => !('notes' in row))).toBe(true);
  });

  test('look like plain objects, and cannot be changed', async () => {
    const changes = avroChanges<Row>(schemasOf(new FakeRegistry(recordedSchemas())));
    const { value: change } = await decoded(changes, asAvro[0]!.value);
    const copy = { ...change! };
    expect(copy).toEqual(change);
    expect(Object.keys(copy)).toEqual(['before', 'after', 'source', 'transaction', 'op', 'ts_ms', 'ts_us', 'ts_ns']);
    expect('before' in change!).toBe(true);
    expect('nothing' in change!).toBe(false);
    expect(JSON.parse(JSON.stringify(change))).toMatchObject({ op: change!.op, after: { ...change!.after } });
    expect(Object.getPrototypeOf(change!.after)).toBe(Object.prototype);
    expect(() => Object.assign(change!, { op: 'd' })).toThrow("'op' of a decoded value cannot be changed");
    expect(() => Object.assign(change!.after!, { id: 2 })).toThrow(TypeError);
    expect(() => Object.assign(change!.source, { lsn: 2 })).toThrow("'lsn' of a decoded value cannot be changed");
  });

  test('are written as they were read, byte by byte', async () => {
    const registry = new FakeRegistry(recordedSchemas());
    const changes = avroChanges<Row>(schemasOf(registry));
    for (const { value } of asAvro) {
      if (value === null) continue;
      const { value: change, schema } = await decoded(changes, value);
      await changes.prepareToWrite('cars', schema!);
      const written = changes.serialize(change, contextOf('cars', schema))!;
      expect(written.subarray(5)).toEqual(value.subarray(5));
    }
    // One schema before the column was added, one after it.
    expect(registry.registered.map(({ subject }) => subject)).toEqual(['cars-value', 'cars-value']);
  });
});

/** `listed` was the time at which the recording was made. */
function rowsOf({ before, after }: Change<Row>): unknown {
  const settled = (row: Row | null) =>
    row && { ...row, ...(row.listed === '1970-01-01T00:00:00.000000Z' ? {} : { listed: typeof row.listed }) };
  return [settled(before), settled(after)];
}

/** What differs between two connectors that read the same log at different times. */
const MOVING_SOURCE = {
  name: '',
  ts_ms: 0,
  ts_us: 0,
  ts_ns: 0,
  sequence: '',
  txId: 0,
  lsn: 0,
  table: '',
  snapshot: '',
};
