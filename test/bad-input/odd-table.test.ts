/** A table that nobody had in mind: what its owner is told by `millrace dev`, and that nothing vanishes unsaid. */
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Line, MillraceHome } from '../e2e/millrace-process.js';

const INSERT = `insert into car_data values
  (1, 'Focus', 2018, 'Manual', 9083, 'Petrol', 150, 57.7, 1.0, point(1, 2), to_tsvector('a car'), '10.0.0.1')`;

let home: MillraceHome;

beforeEach(async () => {
  home = await MillraceHome.make();
});

afterEach(async () => {
  await home.remove();
});

test('without a key its rows are dead letters until it has one; columns of odd types are left out', async () => {
  const millrace = home.dev(['--rows', '0', '--config', 'test/bad-input/odd-table.config.ts']);
  const warning = (what: string, text: RegExp) =>
    millrace.line(what, ({ event, message }: Line) => event === 'warn' && text.test(String(message)));
  const { postgres } = await millrace.event('ready');
  const client = new pg.Client({ connectionString: String(postgres) });
  // A test that fails stops PostgreSQL under its client.
  client.on('error', () => {});
  await client.connect();

  await client.query(INSERT);
  await warning('no key', /public\.car_data has no key: its records have null keys/);
  await warning(
    'no identity',
    /has no replica identity: PostgreSQL refuses to update and delete.*Give it a primary key/,
  );
  await warning('left out', /public\.car_data: left out of its records.*: parked_at \(point\)$/);
  await warning('the dead letter', /^dead-letter: .*'car_data_predicted' has no key.*primary key/);

  await client.query('alter table car_data add primary key (id)');
  await client.query('update car_data set mileage = 30000');
  const { key, value } = await millrace.event('priced');
  expect(key).toEqual({ id: 1 });
  expect(value).toMatchObject({ model: 'Focus', mileage: 30_000, suggestedprice: expect.any(Number) });
  expect(Object.keys(value as object)).not.toContain('parked_at');
  expect(value).toMatchObject({ owner: '10.0.0.1', words: expect.stringContaining("'car'") });
  await client.end();

  expect(await millrace.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const last = millrace.events('status').at(-1) as unknown as { read: number; finished: Record<string, number> };
  expect(last.finished).toMatchObject({ delivered: 1, deadLettered: 1 });
  expect(last.read).toBe(2);
});
