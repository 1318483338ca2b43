/** PostgreSQL's types, from the snapshot and from the log, against the encodings of Debezium's connector. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change } from '../../../src/cdc/change.js';
import { connectJson } from '../../../src/serde/connect-json.js';
import { fieldNamed } from '../../../src/serde/connect-schema.js';
import type { SerdeContext } from '../../../src/serde/serde.js';
import { type Bench, openBench } from './capture-bench.js';

/** Column type, value in SQL, Connect type, semantic name, value. */
type Case = readonly [type: string, sql: string, connect: string, name: string | undefined, value: unknown];

const CASES: readonly Case[] = [
  ['smallint', '-32768', 'int16', undefined, -32768],
  ['integer', '2147483647', 'int32', undefined, 2147483647],
  ['bigint', '9007199254740991', 'int64', undefined, 9007199254740991],
  ['bigint', '-9223372036854775808', 'int64', undefined, -9223372036854775808n],
  ['oid', '4294967295', 'int64', undefined, 4294967295],
  ['real', '1.5', 'float', undefined, 1.5],
  ['double precision', '0.1', 'double', undefined, 0.1],
  ['double precision', `'NaN'`, 'double', undefined, Number.NaN],
  ['double precision', `'-Infinity'`, 'double', undefined, Number.NEGATIVE_INFINITY],
  ['real', `'Infinity'`, 'float', undefined, Number.POSITIVE_INFINITY],
  ['numeric(8,2)', '-12345.6', 'bytes', 'org.apache.kafka.connect.data.Decimal', '-12345.60'],
  ['numeric(5)', '123', 'bytes', 'org.apache.kafka.connect.data.Decimal', '123'],
  ['numeric(3,-2)', '12345', 'bytes', 'org.apache.kafka.connect.data.Decimal', '12300'],
  ['numeric', '1234567890123456789.500', 'struct', 'io.debezium.data.VariableScaleDecimal', '1234567890123456789.5'],
  ['numeric', '100', 'struct', 'io.debezium.data.VariableScaleDecimal', '100'],
  ['money', `'-1234.5'`, 'bytes', 'org.apache.kafka.connect.data.Decimal', '-1234.50'],
  ['boolean', 'true', 'boolean', undefined, true],
  ['bit(1)', `B'1'`, 'boolean', undefined, true],
  ['bit(12)', `B'000100000011'`, 'bytes', 'io.debezium.data.Bits', Buffer.from([3, 1])],
  ['text', `'Ünïcödé 🚗'`, 'string', undefined, 'Ünïcödé 🚗'],
  ['text', `''`, 'string', undefined, ''],
  ['varchar(5)', `'ab '`, 'string', undefined, 'ab '],
  ['char(5)', `'ab'`, 'string', undefined, 'ab   '],
  ['bytea', `'\\x00ff10'`, 'bytes', undefined, Buffer.from([0, 255, 16])],
  ['date', `'2024-02-29'`, 'int32', 'io.debezium.time.Date', 19782],
  ['date', `'0044-03-15 BC'`, 'int32', 'io.debezium.time.Date', -735_160],
  ['time', `'23:59:59.999999'`, 'int64', 'io.debezium.time.MicroTime', 86_399_999_999],
  ['time(3)', `'01:02:03.004'`, 'int32', 'io.debezium.time.Time', 3_723_004],
  ['time', `'24:00:00'`, 'int64', 'io.debezium.time.MicroTime', 86_400_000_000],
  ['timetz', `'10:20:30.5+02'`, 'string', 'io.debezium.time.ZonedTime', '08:20:30.5Z'],
  ['timestamp', `'2024-02-29 12:34:56.789012'`, 'int64', 'io.debezium.time.MicroTimestamp', 1_709_210_096_789_012],
  ['timestamp(3)', `'2024-02-29 12:34:56.789'`, 'int64', 'io.debezium.time.Timestamp', 1_709_210_096_789],
  ['timestamp', `'infinity'`, 'int64', 'io.debezium.time.MicroTimestamp', 9223372036825200000n],
  [
    'timestamptz',
    `'2024-02-29 23:59:59.9+05:30'`,
    'string',
    'io.debezium.time.ZonedTimestamp',
    '2024-02-29T18:29:59.900000Z',
  ],
  ['timestamptz(0)', `'2024-02-29 00:00:00+00'`, 'string', 'io.debezium.time.ZonedTimestamp', '2024-02-29T00:00:00Z'],
  [
    'timestamptz(3)',
    `'2024-02-29 00:00:00.12+00'`,
    'string',
    'io.debezium.time.ZonedTimestamp',
    '2024-02-29T00:00:00.120Z',
  ],
  ['timestamptz', `'infinity'`, 'string', 'io.debezium.time.ZonedTimestamp', 'infinity'],
  [
    'timestamptz',
    `'12024-02-29 00:00:00+00'`,
    'string',
    'io.debezium.time.ZonedTimestamp',
    '+12024-02-29T00:00:00.000000Z',
  ],
  ['interval', `'1 year 2 months 3 days 04:05:06.78'`, 'int64', 'io.debezium.time.MicroDuration', 37_091_106_780_000],
  ['interval', `'-3 days 00:00:01'`, 'int64', 'io.debezium.time.MicroDuration', -259_199_000_000],
  [
    'uuid',
    `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`,
    'string',
    'io.debezium.data.Uuid',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  ],
  ['json', `'{"a": 1}'`, 'string', 'io.debezium.data.Json', '{"a": 1}'],
  ['jsonb', `'{"a":1}'`, 'string', 'io.debezium.data.Json', '{"a": 1}'],
  ['xml', `'<a/>'`, 'string', 'io.debezium.data.Xml', '<a/>'],
  ['fuel', `'Petrol'`, 'string', 'io.debezium.data.Enum', 'Petrol'],
  ['positive', '5', 'int32', undefined, 5],
  ['inet', `'10.0.0.1/8'`, 'string', undefined, '10.0.0.1/8'],
  ['int4range', `'[1,5)'`, 'string', undefined, '[1,5)'],
  ['text[]', `array['a,b', null, '"', '']`, 'array', undefined, ['a,b', null, '"', '']],
  ['integer[]', `array[1, null, -3]`, 'array', undefined, [1, null, -3]],
  ['numeric(4,1)[]', `array[1.5]`, 'array', undefined, ['1.5']],
  ['fuel[]', `array['Petrol', 'Diesel']::fuel[]`, 'array', undefined, ['Petrol', 'Diesel']],
  ['date[]', `array['1970-01-02'::date]`, 'array', undefined, [1]],
  ['text[]', `'{}'`, 'array', undefined, []],
];

let bench: Bench;
const warnings: string[] = [];
const changes: Change<Record<string, unknown>>[] = [];
const context: SerdeContext = { topic: '', headers: [], schema: undefined };

beforeAll(async () => {
  bench = await openBench();
  const columns = CASES.map(([type], i) => `c${i} ${type}`).join(', ');
  const values = CASES.map(([type, sql]) => `(${sql})::${type}`).join(', ');
  await bench.sql(
    `create type fuel as enum ('Petrol', 'Diesel')`,
    'create domain positive as integer check (value > 0)',
    'create schema types',
    `create table types.t (id int primary key, ${columns}, left0 point, left1 interval[], left2 pg_lsn)`,
    `insert into types.t values (1, ${values}, '(1,2)', null, '0/0')`,
  );
  const serdes = { key: connectJson(), value: connectJson<Change<Record<string, unknown>>>() };
  const logger = { info: () => undefined, warn: (text: string) => warnings.push(text), error: () => undefined };
  const capture = bench.capture('types', {}, { serdes: serdes as never, logger });
  await capture.start();
  const reader = bench.reader('types.types.t');
  await reader.atLeast(1);
  await bench.sql(`insert into types.t values (2, ${values})`, 'insert into types.t (id) values (3)');
  for (const record of await reader.atLeast(3)) changes.push(serdes.value.deserialize(record.value, context)!);
});
afterAll(() => bench.close());

for (const [i, [type, sql, connect, name, value]] of CASES.entries()) {
  test(`${type}: ${sql}`, () => {
    const schema = fieldNamed(fieldNamed(context.schema!, 'after')!, `c${i}`)!;
    expect(schema).toMatchObject({ type: connect, optional: true });
    expect(schema.name).toBe(name);
    expect(changes[0]!.after![`c${i}`]).toEqual(value);
    expect(changes[1]!.after![`c${i}`]).toEqual(value);
    expect(changes[2]!.after![`c${i}`]).toBeNull();
  });
}

test('a type that no one can write is left out of the row, and said once', () => {
  expect(changes[0]!.after).not.toHaveProperty('left0');
  expect(warnings.filter((text) => text.includes('left out'))).toEqual([
    'types.t: left out of its records, because their types cannot be written: left0 (point), left1 (_interval), left2 (pg_lsn)',
  ]);
});

test('schemas say an enum and how precise a decimal is', () => {
  const after = fieldNamed(context.schema!, 'after')!;
  const of = (type: string) => fieldNamed(after, `c${CASES.findIndex((entry) => entry[0] === type)}`);
  expect(of('fuel')?.parameters).toEqual({ allowed: 'Petrol,Diesel' });
  expect(of('numeric(8,2)')?.parameters).toEqual({ scale: '2', 'connect.decimal.precision': '8' });
  expect(of('bit(12)')?.parameters).toEqual({ length: '12' });
});
