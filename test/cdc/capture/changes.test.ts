/** What changes of tables become, beyond what the recordings show. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CaptureOptions } from '../../../src/cdc/capture/index.js';
import { connectJson } from '../../../src/serde/connect-json.js';
import { type Bench, changeOf, eventually, openBench, story } from './capture-bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

function listening(): { readonly warnings: string[]; readonly options: Partial<CaptureOptions> } {
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (text: string) => warnings.push(text), error: () => undefined };
  return { warnings, options: { logger } };
}

test('a column that is added, renamed or dropped is so from that change on', async () => {
  await bench.sql('create schema altered', 'create table altered.t (id int primary key, a text, b int)');
  const capture = bench.capture('altered');
  await capture.start();
  await bench.sql(
    `insert into altered.t values (1, 'a', 1)`,
    `alter table altered.t add column c numeric(4,1) not null default 7`,
    `insert into altered.t values (2, 'a', 2, 2.5)`,
    'alter table altered.t drop column b',
    'alter table altered.t rename column a to d',
    `insert into altered.t values (3, 'a', 3.5)`,
    'alter table altered.t alter column c type text using c::text',
    `insert into altered.t values (4, 'a', 'text')`,
  );
  const records = await bench.reader('altered.altered.t').atLeast(4);
  expect(records.map((record) => JSON.stringify(changeOf(record)!.after))).toEqual([
    '{"id":1,"a":"a","b":1}',
    '{"id":2,"a":"a","b":2,"c":"GQ=="}',
    '{"id":3,"d":"a","c":"Iw=="}',
    '{"id":4,"d":"a","c":"text"}',
  ]);
});

test('a large value that an update does not touch is the placeholder, in texts, bytes and arrays', async () => {
  await bench.sql(
    'create schema toasted',
    'create table toasted.t (id int primary key, n int, large text, raw bytea, list text[], numbers int[])',
    'alter table toasted.t alter large set storage external, alter raw set storage external, alter list set storage external, alter numbers set storage external',
  );
  await bench.capture('toasted').start();
  await bench.sql(
    `insert into toasted.t values (1, 1, repeat('x', 5000), decode(repeat('ab', 5000), 'hex'), array[repeat('y', 5000)], array(select generate_series(1, 2000)))`,
    'update toasted.t set n = 2',
  );
  const [inserted, updated] = await bench.reader('toasted.toasted.t').atLeast(2);
  const placeholder = '__debezium_unavailable_value';
  expect(changeOf(inserted!)!.after!.large).toBe('x'.repeat(5000));
  expect(changeOf(updated!)!.after).toEqual({
    id: 1,
    n: 2,
    large: placeholder,
    raw: Buffer.from(placeholder).toString('base64'),
    list: [placeholder],
    numbers: [...Buffer.from(placeholder)],
  });
});

test('under REPLICA IDENTITY FULL a large value is known, and before is the whole row', async () => {
  await bench.sql(
    'create schema whole',
    'create table whole.t (id int primary key, n int, large text)',
    'alter table whole.t alter large set storage external',
    'alter table whole.t replica identity full',
  );
  await bench.capture('whole').start();
  await bench.sql(
    `insert into whole.t values (1, 1, repeat('x', 5000))`,
    'update whole.t set n = 2',
    'delete from whole.t',
  );
  const records = await bench.reader('whole.whole.t').atLeast(4);
  const large = 'x'.repeat(5000);
  expect(changeOf(records[1]!)).toMatchObject({
    op: 'u',
    before: { id: 1, n: 1, large },
    after: { id: 1, n: 2, large },
  });
  expect(changeOf(records[2]!)).toMatchObject({ op: 'd', before: { id: 1, n: 2, large }, after: null });
  expect(records[3]!.value).toBeNull();
});

test('a table without a key has null keys, and is warned of', async () => {
  await bench.sql('create schema keyless', 'create table keyless.t (id int)', 'insert into keyless.t values (1)');
  const { warnings, options } = listening();
  await bench.capture('keyless', {}, options).start();
  await expect(bench.sql('update keyless.t set id = 2')).rejects.toThrow(/replica identity/);
  await bench.sql(
    'insert into keyless.t values (2)',
    'alter table keyless.t replica identity full',
    'delete from keyless.t',
  );
  const records = await bench.reader('keyless.keyless.t').atLeast(4);
  expect(story(records)).toEqual(['r without key', 'c without key', 'd without key', 'd without key']);
  expect(warnings).toEqual([
    expect.stringContaining('keyless.t has no replica identity: PostgreSQL refuses to update and delete its rows'),
    expect.stringContaining('keyless.t has no key'),
  ]);
});

test('a key of several columns is in its own order, and a unique index stands for a missing primary key', async () => {
  await bench.sql(
    'create schema keyed',
    'create table keyed.a (x int, y text, z int, primary key (z, x))',
    'create table keyed.b (x int not null, y text)',
    'create unique index on keyed.b (x)',
    'alter table keyed.b replica identity full',
  );
  await bench.capture('keyed').start();
  await bench.sql(
    `insert into keyed.a values (1, 'y', 3)`,
    `insert into keyed.b values (1, 'y')`,
    'update keyed.b set x = 2',
  );
  const [a] = await bench.reader('keyed.keyed.a').atLeast(1);
  expect(String(a!.key)).toBe('{"z":3,"x":1}');
  const b = await bench.reader('keyed.keyed.b').atLeast(4);
  expect(b.map((record) => `${changeOf(record)?.op ?? 'tombstone'} ${String(record.key)}`)).toEqual([
    'c {"x":1}',
    'd {"x":1}',
    'tombstone {"x":1}',
    'c {"x":2}',
  ]);
});

test('the before of a delete has zeros where a column may not be null, and defaults where there are any', async () => {
  await bench.sql(
    'create schema filled',
    `create table filled.t (id int primary key, a int not null, b text not null, c boolean not null, d date not null,
       e numeric(4,2) not null, f timestamptz not null, g text default 'it''s', h int default -5, i text[] not null, j int)`,
    `insert into filled.t values (1, 1, 'b', true, now(), 1, now(), 'g', 1, '{x}', 1)`,
  );
  const serdes = { key: connectJson(), value: connectJson() };
  await bench.capture('filled', {}, { serdes }).start();
  await bench.sql('delete from filled.t');
  const records = await bench.reader('filled.filled.t').atLeast(3);
  const value = JSON.parse(String(records[1]!.value)) as {
    schema: { fields: [{ fields: { field: string; default?: unknown; optional: boolean }[] }] };
    payload: { before: unknown };
  };
  expect(value.payload.before).toEqual({
    id: 1,
    a: 0,
    b: '',
    c: false,
    d: 0,
    e: 'AA==',
    f: '1970-01-01T00:00:00.000000Z',
    g: "it's",
    h: -5,
    i: [],
    j: null,
  });
  const fields = Object.fromEntries(value.schema.fields[0].fields.map((field) => [field.field, field]));
  expect(fields.a).toEqual({ type: 'int32', optional: false, field: 'a' });
  expect(fields.g).toEqual({ type: 'string', optional: true, default: "it's", field: 'g' });
  expect(fields.h).toEqual({ type: 'int32', optional: true, default: -5, field: 'h' });
});

test('tombstones.on.delete=false writes none', async () => {
  await bench.sql('create schema bare', 'create table bare.t (id int primary key)');
  await bench.capture('bare', { 'tombstones.on.delete': 'false' }).start();
  await bench.sql('insert into bare.t values (1)', 'delete from bare.t', 'insert into bare.t values (2)');
  expect(story(await bench.reader('bare.bare.t').atLeast(3))).toEqual(['c 1', 'd 1', 'c 2']);
});

test('decimal.handling.mode=string keeps NaN and every digit; precise refuses NaN by column', async () => {
  await bench.sql('create schema digits', 'create table digits.t (id int primary key, n numeric(6,2), v numeric)');
  await bench.sql(`insert into digits.t values (1, 1.5, 'NaN')`);
  await bench.capture('digits', { 'decimal.handling.mode': 'string' }).start();
  const [record] = await bench.reader('digits.digits.t').atLeast(1);
  expect(changeOf(record!)!.after).toEqual({ id: 1, n: '1.50', v: 'NaN' });
  const failures: Error[] = [];
  const names = { 'topic.prefix': 'digits2', 'slot.name': 'digits2', 'publication.name': 'digits2' };
  const precise = bench.capture('digits', names, { onFailure: (error) => failures.push(error) });
  await precise.start();
  await expect
    .poll(() => failures.map((error) => error.message))
    .toEqual([expect.stringMatching(/column v of digits\.t: the numeric NaN .* decimal\.handling\.mode/)]);
});

test('a heartbeat is written while nothing changes', async () => {
  await bench.sql('create schema beating', 'create table beating.t (id int primary key)');
  await bench.capture('beating', { 'heartbeat.interval.ms': 5 }).start();
  const [beat] = await bench.reader('__debezium-heartbeat.beating').atLeast(2);
  expect(String(beat!.key)).toBe('{"serverName":"beating"}');
  expect(JSON.parse(String(beat!.value))).toEqual({ ts_ms: expect.any(Number) });
});

test('topics are made with as many partitions as asked for, and a key keeps its partition', async () => {
  await bench.sql('create schema parted', 'create table parted.t (id int primary key)');
  await bench.capture('parted', { 'topic.creation.default.partitions': 3 }).start();
  const admin = await bench.broker.admin();
  expect(await admin.partitionCount('parted.parted.t')).toBe(3);
  await admin.close();
});

test('truncate writes nothing, and other tables are not captured', async () => {
  await bench.sql(
    'create schema partly',
    'create table partly.t (id int primary key)',
    'create table partly.other (id int primary key)',
  );
  await bench.capture('partly', { 'table.include.list': 'partly\\.t' }).start();
  await bench.sql(
    'insert into partly.other values (1)',
    'insert into partly.t values (1)',
    'truncate partly.t',
    'insert into partly.t values (2)',
  );
  expect(story(await bench.reader('partly.partly.t').atLeast(2))).toEqual(['c 1', 'c 2']);
  const admin = await bench.broker.admin();
  expect(await admin.partitionCount('partly.partly.other')).toBeUndefined();
  await admin.close();
});

test('a table that is made later is captured when the publication is for all tables', async () => {
  await bench.sql('create schema newer');
  const names = {
    'slot.name': 'newer',
    'publication.name': 'newer_all',
    'publication.autocreate.mode': 'all_tables',
  } as const;
  await bench.capture('newer', names).start();
  await bench.sql('create table newer.t (id int primary key)', 'insert into newer.t values (1)');
  await eventually(async () => (await (await bench.broker.admin()).listTopics()).includes('newer.newer.t')).toBe(true);
  expect(story(await bench.reader('newer.newer.t').atLeast(1))).toEqual(['c 1']);
});

test('a change that cannot be written ends the capture, and the error names the row', async () => {
  await bench.sql('create schema unfit', 'create table unfit.t (id int primary key)');
  const failures: Error[] = [];
  const refusing = {
    ...connectJson(),
    encoding: 'strict',
    serialize: () => {
      throw new Error('too strict');
    },
  };
  const options = {
    serdes: { key: connectJson(), value: refusing },
    onFailure: (error: Error) => failures.push(error),
  };
  const capture = bench.capture('unfit', {}, options);
  await capture.start();
  await bench.sql('insert into unfit.t values (7)');
  await expect
    .poll(() => failures.map((error) => error.message))
    .toEqual([
      expect.stringMatching(
        /^A change \(c\) of the row \{"id":7\} of unfit\.t at [0-9A-F]+\/[0-9A-F]+ cannot be written as strict: too strict$/,
      ),
    ]);
  expect(capture.status).toMatchObject({ state: 'failed', error: failures[0] });
});
