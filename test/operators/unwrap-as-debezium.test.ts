/**
 * `unwrap` beside Debezium's own ExtractNewRecordState, over changes that a live Debezium recorded: see
 * `test/jvm/unwrap` for how its results were recorded.
 */
import { readFileSync } from 'node:fs';
import { lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { type Change, UNAVAILABLE } from '../../src/cdc/change.js';
import { unwrap } from '../../src/operators/unwrap.js';
import type { UnwrapOptions } from '../../src/operators/unwrap-options.js';
import { type ConnectSchema, recordOf, type StreamRecord } from '../../src/record.js';
import { avroChanges } from '../../src/serde/avro/avro-changes.js';
import { connectJson } from '../../src/serde/connect-json.js';
import { parseJson } from '../../src/serde/json-text.js';
import type { Serde } from '../../src/serde/serde.js';
import { changes, serdesFor } from '../../src/topology/topic.js';
import {
  avroSerde,
  decoded,
  FakeRegistry,
  recordedAvro,
  recordedSchemas,
  schemasOf,
} from '../serde/avro/recorded-avro.js';
import { recorded } from '../serde/recorded.js';

type Written = readonly [schema: number, payload: string] | null;

/** What Debezium made of one record: another one, nothing, or an error. */
type Result =
  | { readonly topic: string; readonly key: Written; readonly value: Written; readonly headers: readonly string[][] }
  | { readonly error: string }
  | null;

interface Run {
  readonly settings: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
}

const TOPIC = 'car_database.public.car_data';

function lines<T>(file: string): readonly T[] {
  const text = readFileSync(new URL(`../fixtures/unwrap/${file}`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => parseJson(Buffer.from(line)) as T);
}

const runs = lines<Run>('results.jsonl');
const schemas = lines<ConnectSchema>('schemas.jsonl');

/** Debezium's settings in ours: `add.fields.prefix` is `addFieldsPrefix`. */
function optionsOf(settings: Run['settings']): UnwrapOptions {
  const options = Object.entries(settings).map(([setting, value]) => {
    const name = setting.replace(/\.(\w)/g, (_dot, letter: string) => letter.toUpperCase());
    if (name === 'addFields' || name === 'addHeaders') return [name, value.split(',')];
    return [name, value === 'true' || value === 'false' ? value === 'true' : value];
  });
  return Object.fromEntries(options);
}

type ChangeRecord = StreamRecord<Change<unknown> | null>;

const DROP = { key: 'drop', value: Buffer.from('["id","model","mileage"]') };

const fromJson: readonly StreamRecord[] = recorded('json-with-schema.jsonl').map(({ offset, key, value }) => {
  const serdes = serdesFor(changes(TOPIC), 'connect-json');
  return read(serdes.key as Serde<unknown>, serdes.value as Serde<unknown>, offset, key, value);
});

function read(keys: Serde<unknown>, values: Serde<unknown>, offset: number, key: Buffer | null, value: Buffer | null) {
  const context = { topic: TOPIC, headers: [], schema: undefined as ConnectSchema | undefined };
  const decodedKey = keys.deserialize(key, context);
  const keySchema = context.schema;
  context.schema = undefined;
  const decodedValue = values.deserialize(value, context);
  return {
    ...recordOf(decodedKey, decodedValue, { offset, topic: TOPIC, headers: [DROP] }),
    keySchema,
    valueSchema: context.schema,
  };
}

/** The record that comes out, nothing, or the error. */
async function unwrapped(record: StreamRecord, options: UnwrapOptions): Promise<StreamRecord | Error | undefined> {
  try {
    const out = await lastValueFrom(of(record as ChangeRecord).pipe(unwrap(options), toArray()));
    return out[0];
  } catch (error) {
    return error as Error;
  }
}

const json = connectJson();

/** Schema and payload as they are on the wire. What Debezium says of the row's place in the envelope is not compared. */
function wire(value: unknown, schema: ConnectSchema | undefined): unknown {
  const bytes = json.serialize(value, { topic: TOPIC, headers: [], schema });
  if (bytes === null) return null;
  const framed = parseJson(bytes) as { schema: ConnectSchema; payload: unknown };
  return { schema: { ...framed.schema, optional: false }, payload: framed.payload };
}

function expectedWire(written: Written): unknown {
  if (written === null) return null;
  const payload = parseJson(Buffer.from(written[1]));
  // A null beside a schema is written as no bytes at all here, and is a delete for a sink all the same.
  if (payload === null) return null;
  return { schema: { ...schemas[written[0]], optional: false }, payload };
}

/** The update that did not log a large column: its offset. */
const NOT_LOGGED = 10;

/** `written` without the column that was not logged, in value and schema. */
function withoutNotes(written: unknown): unknown {
  if (written === null) return null;
  const { schema, payload } = written as { schema: ConnectSchema; payload: Record<string, unknown> };
  const { notes: _stand_in, ...rest } = payload;
  return { schema: { ...schema, fields: schema.fields!.filter(({ field }) => field !== 'notes') }, payload: rest };
}

// Debezium makes a struct without fields, or fails: see below.
const compared = runs.filter(({ settings }) => settings['add.fields'] !== 'before');

describe.each(compared.map((run) => [JSON.stringify(run.settings), run] as const))(
  '%s',
  (_name, { settings, results }) => {
    const options = optionsOf(settings);

    // Debezium fails here, or makes a struct without fields: see below.
    const alike = fromJson
      .map((record, i) => [record.offset, record, results[i]!] as const)
      .filter(([, , result]) => {
        if (settings['add.fields'] === 'before') return false;
        return !(options.deleteTombstoneHandlingMode === 'delete-to-tombstone' && failed(result));
      });

    test.each(alike)('offset %i', async (_offset, record, result) => {
      const ours = await unwrapped(record, options);
      if (result === null) return expect(ours).toBeUndefined();
      if (failed(result)) return expect(ours).toBeInstanceOf(Error);
      if (ours === undefined || ours instanceof Error) throw ours ?? new Error('nothing came out');
      const value = expectedWire(result.value);
      expect(wire(ours.value, ours.valueSchema)).toEqual(record.offset === NOT_LOGGED ? withoutNotes(value) : value);
      expect(wire(ours.key, ours.keySchema)).toEqual(expectedWire(result.key));
      expect(ours.headers.map(({ key, value }) => [key, value?.toString() ?? null])).toEqual(result.headers);
      expect(ours.change?.route ?? TOPIC).toBe(result.topic);
    });
  },
);

function failed(result: Result): result is { readonly error: string } {
  return result !== null && 'error' in result;
}

describe('what differs from Debezium', () => {
  const resultsOf = (settings: Run['settings']) =>
    runs.find((run) => JSON.stringify(run.settings) === JSON.stringify(settings))!.results;

  test('what was not logged is left out: Debezium hands its stand-in on', () => {
    const results = resultsOf({ 'delete.tombstone.handling.mode': 'tombstone' });
    expect(JSON.stringify(results[NOT_LOGGED])).toContain(UNAVAILABLE);
  });

  test('a struct is added with its fields: Debezium refuses it', async () => {
    const i = resultsOf({ 'add.fields': 'before' }).findIndex(failed);
    const ours = (await unwrapped(fromJson[i]!, { addFields: ['before'] })) as StreamRecord<Record<string, unknown>>;
    const { before } = fromJson[i]!.value as { before: Record<string, unknown> };
    expect(ours.value.__before).toEqual(before);
    const added = ours.valueSchema!.fields!.find(({ field }) => field === '__before')!;
    expect(added.fields!.map(({ field }) => field)).toEqual(Object.keys(before));
  });

  test('a tombstone has no fields to drop: Debezium fails where it looks for its schema', async () => {
    const settings = { 'drop.fields.header.name': 'drop', 'delete.tombstone.handling.mode': 'delete-to-tombstone' };
    const broken = resultsOf(settings).flatMap((result, i) => (failed(result) ? [fromJson[i]!] : []));
    expect(broken.length).toBeGreaterThan(0);
    for (const record of broken) expect(await unwrapped(record, optionsOf(settings))).toMatchObject({ value: null });
  });
});

describe('the other encodings', () => {
  const options: UnwrapOptions = {
    deleteTombstoneHandlingMode: 'rewrite-with-tombstone',
    addFields: ['op', 'table', 'lsn', 'source.ts_ns', 'ts_us', 'id', 'before.mileage'],
    addHeaders: ['op', 'source.lsn', 'transaction.id'],
    routeByField: 'fueltype',
    dropFieldsHeaderName: 'drop',
  };
  /** Three connectors recorded them: where a change is in the log, when, and whether with transactions, is not the same. */
  const PLACES = ['__lsn', '__source_lsn', '__source_ts_ns', '__ts_us', '__id', '__transaction_id', 'listed'];
  /** What was in the table before a connector started is a read, or, with another `snapshot.mode`, a create. */
  const same = (name: string, value: unknown) => (PLACES.includes(name) ? 'some' : value === 'r' ? 'c' : value);

  function comparable(out: StreamRecord | Error | undefined) {
    if (out instanceof Error) throw out;
    if (out === undefined) return undefined;
    const row = out.value as Record<string, unknown> | null;
    const members = Object.entries(row ?? {}).map(([name, value]) => [name, same(name, value)]);
    return {
      key: out.key,
      row: row && Object.fromEntries(members),
      order: Object.keys(row ?? {}),
      headers: out.headers.map(({ key, value }) => [key, same(key, value?.toString())]),
      route: out.change?.route,
    };
  }

  test('Avro gives the same records, with the same schemas', async () => {
    const registry = new FakeRegistry(recordedSchemas());
    for (const [i, { offset, key, value }] of recordedAvro().entries()) {
      const keys = await decoded(avroSerde(registry, 'key'), key);
      const values = await decoded(avroChanges(schemasOf(registry)), value);
      const record: StreamRecord = {
        ...recordOf(keys.value, values.value, { offset, topic: TOPIC, headers: [DROP] }),
        keySchema: keys.schema,
        valueSchema: values.schema,
      };
      const ours = await unwrapped(record, options);
      const theirs = await unwrapped(fromJson[i]!, options);
      expect(comparable(ours)).toEqual(comparable(theirs));
      const schema = (ours as StreamRecord | undefined)?.valueSchema;
      expect(JSON.parse(JSON.stringify(schema ?? null).replaceAll('car_avro2', 'car_database'))).toEqual(
        JSON.parse(JSON.stringify((theirs as StreamRecord | undefined)?.valueSchema ?? null)),
      );
    }
  });

  test("JSON without schemas gives the same fields; a Decimal and a default are the schema's affair", async () => {
    const serdes = serdesFor(changes(TOPIC), 'json');
    const withoutSchema = { ...options, replaceNullWithDefault: false, dropFieldsKeepSchemaCompatible: false };
    for (const [i, { offset, key, value }] of recorded('json.jsonl').entries()) {
      const record = read(serdes.key as Serde<unknown>, serdes.value as Serde<unknown>, offset, key, value);
      const ours = comparable(await unwrapped(record, withoutSchema));
      const theirs = comparable(await unwrapped(fromJson[i]!, withoutSchema));
      for (const each of [ours, theirs]) if (each?.row) delete each.row.tax;
      expect(ours).toEqual(theirs);
    }
  });
});
