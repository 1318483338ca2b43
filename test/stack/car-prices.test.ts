/**
 * The shipped topology where production runs it: rows go through real Debezium, Kafka, registry, BentoML and Debezium's JDBC sink;
 * the table that they leave is held against the one of `millrace dev`.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectorStates } from '../../deploy/stack/connectors.js';
import { FORMATS } from '../../deploy/stack/part.js';
import { listings } from '../../models/ford/listings.js';
import { millrace } from '../cli/command.js';
import { insertCar, type Row, rowsOf, untilRows, withClient } from '../e2e/database-client.js';
import { MillraceHome, MillraceProcess } from '../e2e/millrace-process.js';
import { RunningStack, whyNoStack } from './running-stack.js';

const missing = await whyNoStack();
const TOPOLOGY = 'topology/car-prices.ts';
/** Pounds that a price of XGBoost's own file may differ from the one of ONNX. */
const PRICE_TOLERANCE = 0.05;
const FOCUS = {
  ...{ model: 'Focus', year: 2018, transmission: 'Manual', mileage: 9083 },
  ...{ fueltype: 'Petrol', tax: 150, mpg: 57.7, enginesize: 1 },
};

describe.skipIf(missing !== undefined).each(FORMATS)('rows in %s', (format) => {
  let stack: RunningStack;
  let worker: MillraceProcess;
  let database: pg.Client;
  let embedded: MillraceHome;

  beforeAll(async () => {
    stack = await RunningStack.start(format);
    worker = new MillraceProcess(['run', TOPOLOGY, '--json'], { env: stack.settings(format) });
    database = new pg.Client({ connectionString: stack.endpointOf('postgres') });
    await database.connect();
    embedded = await MillraceHome.make();
  }, 300_000);

  afterAll(async () => {
    if (worker !== undefined && !worker.hasEnded) await worker.end('SIGTERM');
    await database?.end();
    await embedded?.remove();
    await stack?.remove();
  }, 120_000);

  test('a row inserted by any client comes back priced by BentoML', async () => {
    const id = await insertCar(database, FOCUS);
    await untilPriced(database);
    const [row] = await rowsOf(database, 'select * from car_data_predicted where id = $1', [id]);
    const response = await fetch(`${stack.endpointOf('bentoml')}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(FOCUS),
    });
    expect(row).toEqual({ id, ...FOCUS, suggestedprice: await response.json() });
  });

  test('what is changed while all runs, a new column too, leaves the table that millrace dev leaves', async () => {
    await change(database);
    await untilPriced(database);

    const dev = embedded.dev(['--rows', '0', '--format', format]);
    const { postgres } = await dev.event('ready');
    await withClient(postgres as string, async (client) => {
      await insertCar(client, FOCUS);
      await change(client);
      await untilPriced(client);
      const [real, alone] = [await tableOf(database), await tableOf(client)];
      expect(real.columns).toEqual(alone.columns);
      expect(real.key).toEqual(['id']);
      expect(real.rows.map(withoutPrice)).toEqual(alone.rows.map(withoutPrice));
      for (const [index, row] of real.rows.entries()) {
        const difference = Math.abs((row.suggestedprice as number) - (alone.rows[index]!.suggestedprice as number));
        expect(difference, `the price of car ${row.id}`).toBeLessThan(PRICE_TOLERANCE);
      }
      // Old rows read null, new ones carry the column.
      const colours = real.rows.map(({ colour }) => colour);
      expect(colours).toContain(null);
      expect(colours).toContain('blue');
    });

    expect(worker.hasEnded).toBe(false);
    expect(worker.events('status').at(-1)).toMatchObject({
      state: 'RUNNING',
      finished: { deadLettered: 0, skipped: 0 },
    });
    const states = await connectorStates(stack.endpointOf('connect'));
    expect(states).toEqual([
      { name: 'car-data-predicted-sink', state: 'RUNNING' },
      { name: 'car-data-source', state: 'RUNNING' },
    ]);
  });

  test('status tells of every part and connector', async () => {
    const status = await stack.command('status');
    expect(status.match(/: healthy at /g)).toHaveLength(5);
    expect(status).toContain('car-data-source RUNNING');
  });

  test('another format on the same records is refused', async () => {
    const other = FORMATS.find((name) => name !== format)!;
    await expect(stack.command('--detach', '--format', other)).rejects.toThrow(
      `The records of this stack are in ${format}, and ${other} is asked for.`,
    );
  });

  test.runIf(format === 'avro')('a schema that breaks the level is refused with its rule', async () => {
    const file = join(await mkdtemp(join(stack.folder, 'contract-')), 'Value.avsc');
    const fields = [{ name: 'id', type: 'string' }];
    const schema = { type: 'record', name: 'Value', namespace: 'car_data_predicted', fields };
    await writeFile(file, JSON.stringify(schema));
    const subject = ['--subject', 'car_data_predicted-value'];
    const ran = await millrace(['schemas', 'register', file, ...subject, '--registry', stack.endpointOf('registry')]);
    expect(ran.code).not.toBe(0);
    expect(`${ran.output}${ran.errorOutput}`).toMatch(/BACKWARD: .*TYPE_MISMATCH: .*at \/fields\/0\/type/);
    // The registry itself refuses it too, whoever asks.
    const response = await fetch(`${stack.endpointOf('registry')}/subjects/car_data_predicted-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({
      error_code: 409,
      message: expect.stringMatching(/\/fields\/0\/type/),
    });
  });

  test('SIGTERM drains the worker', async () => {
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

/** The same on every database: rows, nulls, updates, deletes, another key, and a column that comes while all runs. */
async function change(client: pg.Client): Promise<void> {
  const cars = listings(5);
  for (let row = 0; row < 40; row += 1) {
    const { id: _, ...car } = cars.next().value;
    await insertCar(client, { ...car });
  }
  await insertCar(client, { model: ' Focus', mpg: Math.PI });
  await client.query('update car_data set mileage = mileage + 1000 where id % 7 = 0');
  await client.query('update car_data set model = model where id % 5 = 0');
  await client.query('delete from car_data where id % 11 = 0');
  await client.query('update car_data set id = 1000 where id = 12');
  await client.query('alter table car_data add column colour text');
  await insertCar(client, { ...FOCUS, colour: 'blue' });
  await client.query('update car_data set tax = 20 where id = 13');
}

/** Waits until the priced table holds the cars of the other, as they are now. */
async function untilPriced(client: pg.Client): Promise<void> {
  const cars = await rowsOf(client, 'select * from car_data order by id');
  const wanted = JSON.stringify(cars);
  await untilRows(
    client,
    'select * from car_data_predicted order by id',
    (rows) => rows.every((row) => typeof row.suggestedprice === 'number') && sameCars(rows) === wanted,
    'every car priced',
  );
  function sameCars(rows: readonly Row[]): string {
    const columns = Object.keys(cars[0] ?? {});
    return JSON.stringify(
      rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null]))),
    );
  }
}

const withoutPrice = ({ suggestedprice: _, ...row }: Row): Row => row;

/** The priced table: what it is, and what is in it. */
async function tableOf(client: pg.Client) {
  const columns = await rowsOf(
    client,
    `select column_name, data_type, is_nullable, column_default from information_schema.columns
     where table_name = 'car_data_predicted' order by column_name`,
  );
  const key = await rowsOf(
    client,
    `select attname from pg_index join pg_attribute on attrelid = indrelid and attnum = any(indkey)
     where indrelid = 'car_data_predicted'::regclass and indisprimary`,
  );
  const rows = await rowsOf(client, 'select * from car_data_predicted order by id');
  return { columns, key: key.map(({ attname }) => attname), rows };
}
