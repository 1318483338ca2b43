/** `npm start -- --format avro`: everything in Avro, and the same table. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf, untilRows, withClient } from '../e2e/database-client.js';
import { MillraceHome } from '../e2e/millrace-process.js';

const ROWS = 20;
const homes: MillraceHome[] = [];
beforeAll(async () => {
  homes.push(await MillraceHome.make(), await MillraceHome.make());
});
afterAll(() => Promise.all(homes.map((home) => home.remove())));

/** Runs until every sample row has its price; then one is changed and one is deleted. */
async function table(home: MillraceHome, format: readonly string[]) {
  const dev = home.dev(['--rows', String(ROWS), '--seed', '7', ...format]);
  const { postgres, registry } = (await dev.event('ready')) as unknown as { postgres: string; registry: string };
  return withClient(postgres, async (client) => {
    const all = 'select * from car_data_predicted order by id';
    await untilRows(client, all, (rows) => rows.length === ROWS, `${ROWS} rows`);
    await client.query('alter table car_data add column colour text');
    await client.query("update car_data set mileage = mileage + 1000, colour = 'red' where id = 3");
    await client.query('delete from car_data where id = 5');
    const rows = await untilRows(
      client,
      all,
      (found) => found.length === ROWS - 1 && found.some(({ colour }) => colour === 'red'),
      'the change and the delete',
    );
    const types = await rowsOf(
      client,
      `select column_name, data_type from information_schema.columns
       where table_name = 'car_data_predicted' order by ordinal_position`,
    );
    const subjects = (await (await fetch(`${registry}/subjects`)).json()) as readonly string[];
    expect(await dev.end('SIGINT')).toEqual({ code: 0, signal: null });
    return { rows, types, subjects };
  });
}

test('leaves the rows, prices and column types that JSON leaves', async () => {
  const [first, second] = homes as [MillraceHome, MillraceHome];
  const asAvro = await table(first, ['--format', 'avro']);
  const asJson = await table(second, []);
  expect(asAvro.rows).toEqual(asJson.rows);
  expect(asAvro.types).toEqual(asJson.types);
  expect(asAvro.subjects).toEqual([
    'car_data_predicted-key',
    'car_data_predicted-value',
    'car_database.public.car_data-key',
    'car_database.public.car_data-value',
  ]);
  expect(asJson.subjects).toEqual([]);
});
