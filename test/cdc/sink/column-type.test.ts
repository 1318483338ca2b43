/** Every type: what column it makes, and that a value, its extremes and null arrive. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseSinkConfig } from '../../../src/cdc/sink/index.js';
import { TableWriter } from '../../../src/cdc/sink/table-writer.js';
import { systemClock } from '../../../src/clock.js';
import type { ConnectSchema } from '../../../src/record.js';
import { type TemporaryPostgres, temporaryPostgres } from '../postgres/temporary-postgres.js';
import { carRecord, int32, struct } from './records.js';

let postgres: TemporaryPostgres;
let db: pg.Client;
let writer: TableWriter;
beforeAll(async () => {
  postgres = await temporaryPostgres();
  db = new pg.Client({ connectionString: postgres.url });
  await db.connect();
  await db.query("set time zone 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'");
  writer = new TableWriter(
    parseSinkConfig({ topics: 'cars', 'connection.url': postgres.url, 'schema.evolution': 'basic' }),
    systemClock,
  );
});
afterAll(async () => {
  await writer.close(1_000);
  await db.end();
  await postgres.remove();
});

const time = (name: string) => `io.debezium.time.${name}`;
const connect = (name: string) => `org.apache.kafka.connect.data.${name}`;
const decimal = (parameters: Record<string, string>): ConnectSchema => ({
  type: 'bytes',
  name: connect('Decimal'),
  parameters,
});

type Case = [label: string, schema: ConnectSchema, column: string, values: readonly (readonly [unknown, string])[]];

const cases: Case[] = [
  [
    'int8',
    { type: 'int8' },
    'smallint',
    [
      [-128, '-128'],
      [127, '127'],
    ],
  ],
  [
    'int16',
    { type: 'int16' },
    'smallint',
    [
      [-32_768, '-32768'],
      [32_767, '32767'],
    ],
  ],
  [
    'int32',
    { type: 'int32' },
    'integer',
    [
      [-2_147_483_648, '-2147483648'],
      [0, '0'],
    ],
  ],
  [
    'int64',
    { type: 'int64' },
    'bigint',
    [
      [9_223_372_036_854_775_807n, '9223372036854775807'],
      [-9_223_372_036_854_775_808n, '-9223372036854775808'],
      [5, '5'],
    ],
  ],
  [
    'float',
    { type: 'float' },
    'real',
    [
      [1.5, '1.5'],
      [Number.NaN, 'NaN'],
    ],
  ],
  [
    'double',
    { type: 'double' },
    'double precision',
    [
      [0.1, '0.1'],
      [-1e-300, '-1e-300'],
      [1.7976931348623157e308, '1.7976931348623157e+308'],
      [-Infinity, '-Infinity'],
    ],
  ],
  [
    'boolean',
    { type: 'boolean' },
    'boolean',
    [
      [true, 'true'],
      [false, 'false'],
    ],
  ],
  [
    'string',
    { type: 'string' },
    'text',
    [
      ['', ''],
      ['{"a"}', '{"a"}'],
    ],
  ],
  [
    'bytes',
    { type: 'bytes' },
    'bytea',
    [
      [Buffer.from([0, 255, 34, 92]), '\\x00ff225c'],
      [Buffer.alloc(0), '\\x'],
    ],
  ],
  [
    'a decimal',
    decimal({ scale: '2', 'connect.decimal.precision': '8' }),
    'numeric(8,2)',
    [
      ['150.00', '150.00'],
      ['-12345.67', '-12345.67'],
      [0.5, '0.50'],
    ],
  ],
  [
    'a decimal without a precision',
    decimal({ scale: '3' }),
    'numeric',
    [['123456789012345678901234567890.123', '123456789012345678901234567890.123']],
  ],
  [
    'a decimal with its own scale',
    { type: 'struct', name: 'io.debezium.data.VariableScaleDecimal' },
    'numeric',
    [
      [{ scale: 2, value: Buffer.from([0x3a, 0x98]) }, '150.00'],
      [{ scale: 0, value: Buffer.from([0xff]) }, '-1'],
      ['1.5', '1.5'],
    ],
  ],
  [
    'Date',
    { type: 'int32', name: time('Date') },
    'date',
    [
      [0, '1970-01-01'],
      [19_782, '2024-02-29'],
      [-719_528, '0001-01-01 BC'],
      [2_145_042_905, '5874897-12-31'],
    ],
  ],
  ['Connect Date', { type: 'int32', name: connect('Date') }, 'date', [[1, '1970-01-02']]],
  [
    'Time',
    { type: 'int32', name: time('Time') },
    'time(6) without time zone',
    [
      [0, '00:00:00'],
      [86_399_999, '23:59:59.999'],
      [86_400_000, '24:00:00'],
    ],
  ],
  [
    'MicroTime',
    { type: 'int64', name: time('MicroTime') },
    'time(6) without time zone',
    [
      [86_399_999_999, '23:59:59.999999'],
      [86_400_000_000, '24:00:00'],
    ],
  ],
  ['NanoTime', { type: 'int64', name: time('NanoTime') }, 'time(6) without time zone', [[1_500_000, '00:00:00.0015']]],
  [
    'Timestamp',
    { type: 'int64', name: time('Timestamp') },
    'timestamp(6) without time zone',
    [
      [0, '1970-01-01 00:00:00'],
      [-1, '1969-12-31 23:59:59.999'],
      [1_709_251_199_999, '2024-02-29 23:59:59.999'],
      [9_223_372_036_825_200n, 'infinity'],
    ],
  ],
  [
    'MicroTimestamp',
    { type: 'int64', name: time('MicroTimestamp') },
    'timestamp(6) without time zone',
    [
      [1_709_251_199_999_999, '2024-02-29 23:59:59.999999'],
      [253_402_300_799_999_999n, '9999-12-31 23:59:59.999999'],
      [-62_135_596_800_000_001n, '0001-12-31 23:59:59.999999 BC'],
      [9_223_372_036_825_200_000n, 'infinity'],
      [-9_223_372_036_832_400_000n, '-infinity'],
    ],
  ],
  [
    'NanoTimestamp',
    { type: 'int64', name: time('NanoTimestamp') },
    'timestamp(6) without time zone',
    [[1_709_251_199_999_999_999n, '2024-02-29 23:59:59.999999']],
  ],
  [
    'ZonedTimestamp',
    { type: 'string', name: time('ZonedTimestamp') },
    'timestamp(6) with time zone',
    [
      ['2024-02-29T23:59:59.999999+05:30', '2024-02-29 18:29:59.999999+00'],
      ['1970-01-01T00:00:00.000000Z', '1970-01-01 00:00:00+00'],
      ['infinity', 'infinity'],
    ],
  ],
  [
    'ZonedTime',
    { type: 'string', name: time('ZonedTime') },
    'time(6) with time zone',
    [['23:59:59.5+02:00', '23:59:59.5+02']],
  ],
  [
    'MicroDuration',
    { type: 'int64', name: time('MicroDuration') },
    'interval',
    [
      [90_000_001, '00:01:30.000001'],
      [-1_500_000, '-00:00:01.5'],
    ],
  ],
  [
    'Interval',
    { type: 'string', name: time('Interval') },
    'interval',
    [['P1Y2M3DT4H5M6.78S', '1 year 2 mons 3 days 04:05:06.78']],
  ],
  [
    'Json',
    { type: 'string', name: 'io.debezium.data.Json' },
    'json',
    [['{"a": ["\\"", null]}', '{"a": ["\\"", null]}']],
  ],
  [
    'Json of a jsonb column',
    { type: 'string', name: 'io.debezium.data.Json', parameters: { '__debezium.source.column.type': 'JSONB' } },
    'jsonb',
    [['{"b":1,"a":2}', '{"a": 2, "b": 1}']],
  ],
  [
    'Uuid',
    { type: 'string', name: 'io.debezium.data.Uuid' },
    'uuid',
    [['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  ],
  ['Enum', { type: 'string', name: 'io.debezium.data.Enum' }, 'text', [['good', 'good']]],
  ['Xml', { type: 'string', name: 'io.debezium.data.Xml' }, 'xml', [['<a b="c"/>', '<a b="c"/>']]],
  [
    'an array of texts',
    { type: 'array', items: { type: 'string' } },
    'text[]',
    [
      [['a', 'b"\\,{}', null, 'NULL', ''], '{a,"b\\"\\\\,{}",NULL,"NULL",""}'],
      [[], '{}'],
    ],
  ],
  ['an array of numbers', { type: 'array', items: { type: 'int32' } }, 'integer[]', [[[1, null, 3], '{1,NULL,3}']]],
  [
    'an array of dates',
    { type: 'array', items: { type: 'int32', name: time('Date') } },
    'date[]',
    [
      [[1, null, 0], '{1970-01-02,NULL,1970-01-01}'],
      [[], '{}'],
    ],
  ],
  ['a map', { type: 'map' }, 'text', [[{ a: 1n }, '{"a":"1"}']]],
  ['a struct', { type: 'struct' }, 'jsonb', [[{ a: { b: [1, 'x'] } }, '{"a": {"b": [1, "x"]}}']]],
];

test.each(cases)('%s', async (label, schema, column, values) => {
  const topic = `t ${label.toLowerCase()}`;
  const valueSchema = struct(int32('id'), { ...schema, field: 'v', optional: true });
  const all = [[null, null] as const, ...values];
  const { refused } = await writer.write(all.map(([v], id) => carRecord(id, { id, v }, { topic, valueSchema })));
  expect(refused).toBeUndefined();
  const stored = await db.query<{ v: string | null }>(`select v::text from ${pg.escapeIdentifier(topic)} order by id`);
  expect(stored.rows.map((row) => row.v)).toEqual(all.map(([, text]) => text));
  const { rows } = await db.query(
    'select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = to_regclass($1) and attname = $2',
    [pg.escapeIdentifier(topic), 'v'],
  );
  expect(rows).toEqual([{ type: column }]);
});

test.each(cases)('%s as a default', async (label, schema, _, values) => {
  const topic = `d ${label.toLowerCase()}`;
  const [value, text] = values[0] ?? [];
  const key = struct(int32('id'));
  const valueSchema = struct({ ...schema, field: 'v', optional: false, default: value });
  await writer.write([carRecord(1, { v: value }, { topic, keySchema: key, valueSchema })]);
  await db.query(`insert into ${pg.escapeIdentifier(topic)} (id) values (2)`);
  const { rows } = await db.query(`select v::text from ${pg.escapeIdentifier(topic)} order by id`);
  expect(rows).toEqual([{ v: text }, { v: text }]);
});
