import fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseSinkConfig, type TableSinkConfig } from '../../../src/cdc/sink/index.js';
import { TableWriter } from '../../../src/cdc/sink/table-writer.js';
import { systemClock } from '../../../src/clock.js';
import type { ConnectSchema } from '../../../src/record.js';
import { type TemporaryPostgres, temporaryPostgres } from '../postgres/temporary-postgres.js';
import { CAR, car, carRecord, int32, KEY, optional, struct } from './records.js';

let postgres: TemporaryPostgres;
let db: pg.Client;
let writers: TableWriter[];
beforeAll(async () => {
  postgres = await temporaryPostgres();
});
afterAll(() => postgres.remove());
beforeEach(async () => {
  writers = [];
  db = new pg.Client({ connectionString: postgres.url });
  await db.connect();
  await db.query('drop schema public cascade; create schema public');
});
afterEach(async () => {
  for (const writer of writers) await writer.close(1_000);
  await db.end();
});

function writer(config: Partial<TableSinkConfig> = {}): TableWriter {
  const made = new TableWriter(
    parseSinkConfig({ topics: 'cars', 'connection.url': postgres.url, 'schema.evolution': 'basic', ...config }),
    systemClock,
  );
  writers.push(made);
  return made;
}

async function rows(sql = 'select * from cars order by id'): Promise<unknown[]> {
  return (await db.query(sql)).rows;
}

describe('rows', () => {
  test('the table is made from the first record: the key is its primary key', async () => {
    await writer().write([carRecord(1, car(1, ' Focus'))]);
    expect(await rows()).toEqual([{ id: 1, model: ' Focus', year: 2018, suggestedprice: 9_000 }]);
    expect(
      await rows(`select column_name as c, data_type as t, is_nullable as n from information_schema.columns
                  where table_name = 'cars' order by ordinal_position`),
    ).toEqual([
      { c: 'id', t: 'integer', n: 'NO' },
      { c: 'model', t: 'text', n: 'YES' },
      { c: 'year', t: 'integer', n: 'YES' },
      { c: 'suggestedprice', t: 'double precision', n: 'YES' },
    ]);
    await expect(db.query('insert into cars (id) values (1)')).rejects.toThrow(/duplicate key/);
  });

  test('W2: records written again leave the same rows', async () => {
    const records = [
      carRecord(1, car(1, 'a')),
      carRecord(2, car(2, 'b')),
      carRecord(1, null),
      carRecord(3, car(3, 'c')),
    ];
    const to = writer();
    await to.write(records);
    const once = await rows();
    await to.write(records);
    await to.write(records.slice(1));
    expect(await rows()).toEqual(once);
    expect(once).toHaveLength(2);
  });

  test('W3: the last of several records of a key counts, in one batch', async () => {
    await writer().write([
      carRecord(1, car(1, 'old')),
      carRecord(2, car(2, 'gone')),
      carRecord(1, car(1, 'new')),
      carRecord(2, null),
      carRecord(3, null),
      carRecord(3, car(3, 'back')),
    ]);
    expect(await rows('select id, model from cars order by id')).toEqual([
      { id: 1, model: 'new' },
      { id: 3, model: 'back' },
    ]);
  });

  test('a null value deletes the row of the key, and one of a table that never was does nothing', async () => {
    const to = writer();
    expect(await to.write([carRecord(1, null)])).toEqual({ written: 1, refused: undefined });
    await to.write([carRecord(1, car(1, 'a'))]);
    await to.write([carRecord(1, null)]);
    expect(await rows()).toEqual([]);
  });

  test('a key of several fields, and a row of nothing but its key', async () => {
    const key = struct(int32('id'), { type: 'string', field: 'country' });
    const to = writer();
    const of = (country: string) => ({ id: 1, country });
    await to.write([
      carRecord(of('de'), of('de'), { keySchema: key, valueSchema: key }),
      carRecord(of('uk'), of('uk'), { keySchema: key, valueSchema: key }),
      carRecord(of('de'), of('de'), { keySchema: key, valueSchema: key }),
    ]);
    await to.write([carRecord(of('uk'), null, { keySchema: key })]);
    expect(await rows()).toEqual([{ id: 1, country: 'de' }]);
  });

  test('keys that only look alike are different', async () => {
    const key = struct({ type: 'string', field: 'a' }, { type: 'string', field: 'b' });
    const row = (a: string, b: string) => carRecord({ a, b }, { a, b }, { keySchema: key, valueSchema: key });
    await writer().write([row('x"', 'y'), row('x', '"y'), row('x,', 'y'), row('x', ',y'), row('NULL', 'null')]);
    expect(await rows('select count(*)::int as n from cars')).toEqual([{ n: 5 }]);
  });

  test('several topics in one batch go to several tables, together', async () => {
    await writer().write([carRecord(1, car(1, 'a')), carRecord(1, car(1, 'b'), { topic: 'old.cars' })]);
    expect(await rows('select model from cars union all select model from old_cars')).toEqual([
      { model: 'a' },
      { model: 'b' },
    ]);
  });

  test('texts arrive as they are, whatever characters they have', async () => {
    const texts = [
      '',
      'NULL',
      'null',
      '{a,b}',
      'a"b',
      'a\\b',
      "a'b",
      'Ünïcödé 🚗',
      ' Focus',
      '\n\t',
      '$1',
      '{"a": [1]}',
    ];
    await writer().write(texts.map((text, id) => carRecord(id, car(id, text))));
    expect((await rows('select model from cars order by id')).map((row) => (row as { model: string }).model)).toEqual(
      texts,
    );
  });
});

describe('a large column that an update did not touch', () => {
  const UNAVAILABLE = '__debezium_unavailable_value';

  test('keeps what the table has', async () => {
    const to = writer();
    await to.write([carRecord(1, car(1, 'long text', 1))]);
    await to.write([carRecord(1, car(1, UNAVAILABLE, 2)), carRecord(2, car(2, 'other', 2))]);
    expect(await rows('select model, suggestedprice from cars order by id')).toEqual([
      { model: 'long text', suggestedprice: 2 },
      { model: 'other', suggestedprice: 2 },
    ]);
  });

  test('keeps what an earlier record of the same batch has, also over several', async () => {
    await writer().write([
      carRecord(1, car(1, 'long text', 1)),
      carRecord(1, car(1, UNAVAILABLE, 2)),
      carRecord(1, car(1, UNAVAILABLE, 3)),
    ]);
    expect(await rows('select model, suggestedprice from cars')).toEqual([{ model: 'long text', suggestedprice: 3 }]);
  });
});

describe('schema evolution', () => {
  const withField = (field: ConnectSchema) => struct(...(CAR.fields ?? []), field);

  test('a new optional field becomes a column; rows of the old schema still fit', async () => {
    const to = writer();
    await to.write([carRecord(1, car(1, 'a'))]);
    const valueSchema = withField(optional('string', 'colour'));
    await to.write([carRecord(2, { ...car(2, 'b'), colour: 'red' }, { valueSchema }), carRecord(3, car(3, 'c'))]);
    expect(await rows('select id, colour from cars order by id')).toEqual([
      { id: 1, colour: null },
      { id: 2, colour: 'red' },
      { id: 3, colour: null },
    ]);
  });

  test('a key met under two schemas in one batch has the columns of both, as if they were written one by one', async () => {
    const to = writer();
    const valueSchema = withField(optional('string', 'colour'));
    await to.write([carRecord(1, { ...car(1, 'a'), colour: 'red' }, { valueSchema }), carRecord(1, car(1, 'b'))]);
    expect(await rows('select model, colour from cars')).toEqual([{ model: 'b', colour: 'red' }]);
  });

  test('whatever a batch does to a key under whatever schema: the rows are those of writing it one by one', async () => {
    const narrow = struct(int32('id'), optional('string', 'model'), optional('int32', 'doors'));
    const step = fc.record({ id: fc.integer({ min: 1, max: 2 }), what: fc.constantFrom('car', 'narrow', 'delete') });
    let number = 0;
    const recordOf = ({ id, what }: { id: number; what: string }) => {
      number += 1;
      if (what === 'delete') return carRecord(id, null);
      if (what === 'car') return carRecord(id, car(id, `car ${number}`, number));
      return carRecord(id, { id, model: `narrow ${number}`, doors: number }, { valueSchema: narrow });
    };
    const into = (table: string) => writer({ 'collection.name.format': table });
    const [together, alone] = [into('together'), into('alone')];
    // Both tables have all columns from the start, in the same order.
    for (const each of [together, alone]) {
      await each.write([recordOf({ id: 3, what: 'car' })]);
      await each.write([recordOf({ id: 3, what: 'narrow' })]);
      await each.write([carRecord(3, null)]);
    }
    const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(batches, async (steps) => {
      await db.query('delete from together; delete from alone');
      for (const records of steps.map((batch) => batch.map(recordOf))) {
        await together.write(records);
        for (const record of records) await alone.write([record]);
      }
      expect(await rows('select * from together order by id')).toEqual(await rows('select * from alone order by id'));
    });
    await fc.assert(property, { numRuns: Number(process.env.MILLRACE_RUNS ?? 50) });
  });

  test('a new field with a default fills the rows that are there', async () => {
    const to = writer();
    await to.write([carRecord(1, car(1, 'a'))]);
    const valueSchema = withField({ type: 'string', field: 'colour', default: 'it\'s "red"' });
    await to.write([carRecord(2, { ...car(2, 'b'), colour: 'blue' }, { valueSchema })]);
    expect(await rows('select colour from cars order by id')).toEqual([{ colour: 'it\'s "red"' }, { colour: 'blue' }]);
  });

  test('a new field that is neither optional nor has a default is an error that names it', async () => {
    const to = writer();
    await to.write([carRecord(1, car(1, 'a'))]);
    const valueSchema = withField({ type: 'string', field: 'colour' });
    await expect(to.write([carRecord(2, { ...car(2, 'b'), colour: 'red' }, { valueSchema })])).rejects.toMatchObject({
      name: 'ConfigurationError',
      setting: 'schema.evolution',
      message: expect.stringContaining('The field "colour" is new'),
    });
  });

  test('schema.evolution=none makes no table and no column, and says so', async () => {
    const to = writer({ 'schema.evolution': 'none' });
    await expect(to.write([carRecord(1, car(1, 'a'))])).rejects.toThrow(/no table "cars".*schema.evolution=basic/);
    await db.query('create table cars (id int primary key, model text, year int)');
    await expect(to.write([carRecord(1, car(1, 'a'))])).rejects.toThrow(/no column "suggestedprice"/);
    await db.query('alter table cars add suggestedprice float8');
    await to.write([carRecord(1, car(1, 'a'))]);
    expect(await rows()).toHaveLength(1);
  });

  test('two sinks that meet at a new table, and at a new column, both go on', async () => {
    const valueSchema = withField(optional('string', 'colour'));
    const pair = [writer(), writer(), writer()];
    await Promise.all(pair.map((to, id) => to.write([carRecord(id, car(id, 'a'))])));
    await Promise.all(
      pair.map((to, id) => to.write([carRecord(id + 10, { ...car(id + 10, 'b'), colour: 'red' }, { valueSchema })])),
    );
    expect(await rows('select count(*)::int as n from cars')).toEqual([{ n: 6 }]);
  });

  test('a table that somebody else made takes the values if PostgreSQL can turn them into its types', async () => {
    await db.query(`create type mood as enum ('good'); create table cars (id bigint primary key, model mood, year numeric,
                    suggestedprice numeric(8,2), extra text default 'kept')`);
    await writer().write([carRecord(1, car(1, 'good', 9_000.456))]);
    expect(await rows()).toEqual([{ id: '1', model: 'good', year: '2018', suggestedprice: '9000.46', extra: 'kept' }]);
  });

  test('a table without a unique key of the record key is refused by name', async () => {
    await db.query('create table cars (id int, model text, year int, suggestedprice float8)');
    await expect(writer().write([carRecord(1, car(1, 'a'))])).rejects.toThrow(
      /no primary key or unique index of \(id\)/,
    );
  });

  test('a table that is dropped or changed under the sink is looked at again', async () => {
    const to = writer();
    await to.write([carRecord(1, car(1, 'a'))]);
    await db.query('alter table cars drop column year');
    await to.write([carRecord(2, car(2, 'b'))]);
    await db.query('drop table cars');
    await to.write([carRecord(3, car(3, 'c'))]);
    expect(await rows('select id, year from cars')).toEqual([{ id: 3, year: 2018 }]);
  });

  test('names are folded to lower case, or kept with quote.identifiers', async () => {
    const valueSchema = struct(int32('id'), optional('string', 'Model'), optional('string', 'order'));
    const record = carRecord(1, { id: 1, Model: 'a', order: 'b' }, { valueSchema, topic: 'Cars.New' });
    await writer().write([record]);
    expect(await rows('select * from cars_new')).toEqual([{ id: 1, model: 'a', order: 'b' }]);
    await writer({ 'quote.identifiers': true }).write([record]);
    expect(await rows('select * from "Cars_New"')).toEqual([{ id: 1, Model: 'a', order: 'b' }]);
  });

  test('collection.name.format may name a schema', async () => {
    await db.query('create schema if not exists sinks');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Debezium's placeholder
    await writer({ 'collection.name.format': 'sinks.t_${topic}' }).write([carRecord(1, car(1, 'a'))]);
    expect(await rows('select model from sinks.t_cars')).toEqual([{ model: 'a' }]);
    await db.query('drop schema sinks cascade');
  });
});

describe('a record that the database refuses', () => {
  test('W1: everything before it is written, nothing after it, and it is named', async () => {
    const records = Array.from({ length: 100 }, (_, id) => carRecord(id, car(id, id === 37 ? 'nul \u0000' : 'fine')));
    const { written, refused } = await writer().write(records);
    expect(written).toBe(37);
    expect(refused).toMatchObject({ name: 'RecordError', position: { offset: records[37]?.offset } });
    expect(refused?.message).toMatch(/cannot write cars\[0\]@\d+: invalid byte sequence/);
    expect(await rows('select count(*)::int as n from cars')).toEqual([{ n: 37 }]);
  });

  test.each([
    ['a text where the schema says a number', { id: 1, year: 'x' }, /invalid input syntax for type integer/],
    ['a fraction where the schema says a whole number', { id: 1, year: 2018.5 }, /field "year": 2018.5 is not a whole/],
    ['a number beyond the column', { id: 1, year: 3_000_000_000 }, /out of range/],
    ['an object where the schema says a text', { id: 1, model: {} }, /field "model": an object is not a string/],
  ])('%s', async (_, row, message) => {
    const { written, refused } = await writer().write([
      carRecord(0, car(0, 'a')),
      carRecord(1, row),
      carRecord(2, null),
    ]);
    expect(written).toBe(1);
    expect(refused?.message).toMatch(message);
    expect(await rows()).toHaveLength(1);
  });

  test('a field without a value where the column must have one', async () => {
    const valueSchema = struct(int32('id'), { type: 'string', field: 'model' });
    const { refused } = await writer().write([carRecord(1, { id: 1 }, { valueSchema })]);
    expect(refused?.message).toMatch(/null value in column "model"/);
  });

  test('user and password may stand beside the URL', async () => {
    const url = new URL(postgres.url);
    const to = writer({
      'connection.url': `jdbc:postgresql://${url.host}${url.pathname}`,
      'connection.username': url.username,
      'connection.password': url.password,
    });
    await to.write([carRecord(1, car(1, 'a'))]);
    expect(await rows()).toHaveLength(1);
  });

  test("a wrong password is no record's fault", async () => {
    const url = new URL(postgres.url);
    url.password = 'wrong';
    await expect(writer({ 'connection.url': url.href }).write([carRecord(1, null)])).rejects.toMatchObject({
      name: 'DatabaseError',
      kind: 'fatal',
      message: expect.stringMatching(/password authentication failed .* look at connection.url/),
    });
  });

  test("a database that is not there is no record's fault, and worth waiting for", async () => {
    const to = writer({ 'connection.url': 'jdbc:postgresql://127.0.0.1:1/nowhere' });
    await expect(to.write([carRecord(1, null)])).rejects.toMatchObject({ name: 'DatabaseError', kind: 'away' });
  });
});

test('schemas parsed anew for every record are one shape', async () => {
  const copy = <T>(schema: T): T => JSON.parse(JSON.stringify(schema));
  const records = Array.from({ length: 50 }, (_, id) =>
    carRecord(id, car(id, 'a'), { keySchema: copy(KEY), valueSchema: copy(CAR) }),
  );
  await writer().write(records);
  expect(await rows('select count(*)::int as n from cars')).toEqual([{ n: 50 }]);
});
