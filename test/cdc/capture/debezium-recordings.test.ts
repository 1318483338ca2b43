/**
 * The same database, the same statements, the same settings as Debezium 3.6 had: the records are the same, field by
 * field, schemas and headers included. What is exempt is listed here, and nothing else differs.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConsumedRecord } from '../../../src/brokers/port.js';
import { connectJson, connectJsonPlain } from '../../../src/serde/connect-json.js';
import { type Bench, openBench } from './capture-bench.js';

const FIXTURES = new URL('../../fixtures/debezium-3.6/', import.meta.url);

interface Recorded {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly Record<string, string>[];
}

/** Values that belong to the one run: positions, transaction numbers, times of the machine. */
const OF_THE_RUN = {
  source: ['ts_ms', 'ts_us', 'ts_ns', 'sequence', 'txId', 'lsn'],
  envelope: ['ts_ms', 'ts_us', 'ts_ns'],
  /** Set by `default now()`, so in every row but those whose text is given by a statement. */
  row: ['listed'],
  headers: ['__debezium.context.runId'],
} as const;
/** Given by statements, and by the schema's default: compared. */
const LISTED_BY_STATEMENT = ['2024-02-29T18:29:59.999999Z', '1970-01-01T00:00:00.000000Z'];

let bench: Bench;

/** What is read: per connector, and its `.transaction` topic. */
const read: Record<string, readonly ConsumedRecord[]> = {};

beforeAll(async () => {
  bench = await openBench();
  const setup = readFileSync(new URL('setup.sql', FIXTURES), 'utf8');
  const statements = setup.split('\n').filter((line) => /^(create table|insert)/.test(line));
  await bench.sql(...statements);
  const settings = { 'table.include.list': 'public.car_data', 'publication.autocreate.mode': 'all_tables' } as const;
  const withSchema = bench.capture(
    'car_database',
    { ...settings, 'slot.name': 'debezium', 'publication.name': 'dbz_publication' },
    { serdes: { key: connectJson(), value: connectJson() } },
  );
  const plain = bench.capture(
    'car_plain',
    { ...settings, 'provide.transaction.metadata': 'true' },
    { serdes: { key: connectJsonPlain(), value: connectJsonPlain() } },
  );
  const readers = {
    'json-with-schema.jsonl': bench.reader('car_database.public.car_data'),
    'json.jsonl': bench.reader('car_plain.public.car_data'),
    'transaction.jsonl': bench.reader('car_plain.transaction'),
  };
  await withSchema.start();
  await plain.start();
  // The snapshots saw the two rows before the first statement changes one.
  await readers['json-with-schema.jsonl'].atLeast(2);
  await readers['json.jsonl'].atLeast(2);
  const lines = readFileSync(new URL('drive.sql', FIXTURES), 'utf8').split('\n');
  for (const line of lines) if (line !== '') await bench.sql(line);
  for (const [file, reader] of Object.entries(readers)) {
    read[file] = [...(await reader.atLeast(recorded(file).length))];
  }
  await withSchema.stop();
  await plain.stop();
});

afterAll(() => bench.close());

function recorded(file: string): readonly Recorded[] {
  const lines = readFileSync(new URL(file, FIXTURES), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Recorded);
}

function jsonOf(bytes: Buffer | null): unknown {
  return bytes === null ? null : JSON.parse(bytes.toString());
}

/** Removes what is exempt; checks that it has at least the recorded type. */
function comparable(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const envelope = ('payload' in value ? (value as { payload: unknown }).payload : value) as Record<string, unknown>;
  for (const name of OF_THE_RUN.envelope) envelope[name] = typeof envelope[name];
  const source = envelope.source as Record<string, unknown>;
  for (const name of OF_THE_RUN.source) source[name] = typeof source[name];
  for (const row of [envelope.before, envelope.after] as (Record<string, unknown> | null)[]) {
    if (row !== null && !LISTED_BY_STATEMENT.includes(row.listed as string)) {
      expect(row.listed).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      row.listed = 'now()';
    }
  }
  const transaction = envelope.transaction as Record<string, unknown> | null;
  if (transaction !== null) {
    expect(transaction.id).toMatch(/^\d+:\d+$/);
    transaction.id = '';
  }
  return value;
}

function headersOf(headers: readonly (readonly [string, string])[]): unknown {
  return headers.map(([name, text]) => [name, (OF_THE_RUN.headers as readonly string[]).includes(name) ? '' : text]);
}

for (const file of ['json-with-schema.jsonl', 'json.jsonl']) {
  test(`records are those that Debezium wrote: ${file}`, () => {
    const expected = recorded(file);
    const actual = read[file]!;
    expect(actual.length).toBe(expected.length);
    for (const [i, record] of actual.entries()) {
      const { key, value, headers } = expected[i]!;
      const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'));
      expect(jsonOf(record.key), `key ${i}`).toEqual(jsonOf(bytes(key)));
      expect(comparable(jsonOf(record.value)), `value ${i}`).toEqual(comparable(jsonOf(bytes(value))));
      expect(headersOf(record.headers.map((header) => [header.key, String(header.value)])), `headers ${i}`).toEqual(
        headersOf(headers.flatMap((header) => Object.entries(header))),
      );
    }
  });
}

test('the schema of a record is written as Connect writes it, byte for byte', () => {
  const schemaOf = (text: string) => text.slice(0, text.indexOf(',"payload":'));
  for (const [i, record] of read['json-with-schema.jsonl']!.entries()) {
    const { key, value } = recorded('json-with-schema.jsonl')[i]!;
    expect(schemaOf(String(record.key))).toBe(schemaOf(Buffer.from(key!, 'base64').toString()));
    if (value !== null) expect(schemaOf(String(record.value))).toBe(schemaOf(Buffer.from(value, 'base64').toString()));
  }
});

test('transactions are announced as Debezium does it: transaction.jsonl', () => {
  const withoutPosition = (json: unknown) => {
    const { id, ts_ms: time, ...rest } = json as { id: string; ts_ms?: number };
    expect(id).toMatch(/^\d+:\d+$/);
    return { ...rest, time: typeof time };
  };
  const bytes = (text: string | null) => Buffer.from(text ?? '', 'base64');
  const expected = recorded('transaction.jsonl');
  const actual = read['transaction.jsonl']!;
  expect(actual.map((record) => withoutPosition(jsonOf(record.key)))).toEqual(
    expected.map(({ key }) => withoutPosition(jsonOf(bytes(key)))),
  );
  expect(actual.map((record) => withoutPosition(jsonOf(record.value)))).toEqual(
    expected.map(({ value }) => withoutPosition(jsonOf(bytes(value)))),
  );
  expect(actual.flatMap((record) => record.headers)).toEqual([]);
});
