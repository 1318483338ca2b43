/** The shipped topology on a real Kafka: the same file, another broker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { features } from '../../models/ford/index.js';
import { listings } from '../../models/ford/listings.js';
import { Application } from '../../src/app/application.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { Broker } from '../../src/brokers/port.js';
import { captureChanges } from '../../src/cdc/capture/index.js';
import { tableSink } from '../../src/cdc/sink/index.js';
import { systemClock } from '../../src/clock.js';
import { onnx } from '../../src/model/onnx.js';
import { connectJson } from '../../src/serde/connect-json.js';
import { lmdbEngines } from '../../src/state/lmdb.js';
import carPrices from '../../topology/car-prices.js';
import { startTestKafka, type TestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { type TemporaryPostgres, temporaryPostgres } from '../cdc/postgres/temporary-postgres.js';

const missing = await whyNoKafka();
const MODEL = 'models/ford/ford_price.onnx';
const ROWS = 300;
const SOURCE = 'car_database.public.car_data';

const TABLE = `create table car_data (
  id serial primary key, model text, year int, transmission text, mileage int,
  fueltype text, tax int, mpg double precision, enginesize double precision)`;

describe.skipIf(missing !== undefined)(
  `car-prices on Kafka${missing === undefined ? '' : `: not tested, ${missing}`}`,
  () => {
    let kafka: TestKafka;
    let postgres: TemporaryPostgres;
    let broker: Broker;
    let client: Client;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
      kafka = await startTestKafka();
      postgres = await temporaryPostgres();
      broker = kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers });
      client = new Client({ connectionString: postgres.url });
      await client.connect();
      await client.query(TABLE);
    });

    afterAll(async () => {
      await client?.end();
      await postgres?.remove();
      await broker?.close();
      await kafka?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test.each(['exactly_once_v2', 'at_least_once'] as const)(
      'every row is priced as the model prices it: %s',
      async (guarantee) => {
        const admin = await broker.admin();
        await admin.createTopics([
          { topic: SOURCE, partitions: 1 },
          { topic: 'car_data_predicted', partitions: 1, config: { 'cleanup.policy': 'compact' } },
        ]);
        await admin.close();
        const url = new URL(postgres.url);
        const serdes = { key: connectJson<unknown>(), value: connectJson<unknown>() };
        const capture = captureChanges(
          {
            'database.hostname': url.hostname,
            'database.port': Number(url.port),
            'database.user': url.username,
            'database.password': url.password,
            'database.dbname': 'car_database',
            'topic.prefix': 'car_database',
            'table.include.list': 'public.car_data',
          },
          { broker, serdes },
        );
        const application = new Application(
          carPrices,
          {
            'application.id': `car-prices-${guarantee}`,
            'instance.id': '0',
            'processing.guarantee': guarantee,
            models: { 'ford-price': onnx(MODEL) },
          },
          { broker, engines: lmdbEngines(join(folder, guarantee)) },
        );
        const sink = tableSink(
          { topics: 'car_data_predicted', 'connection.url': postgres.url, 'schema.evolution': 'basic' },
          { broker, clock: systemClock, serdes: () => serdes },
        );
        await capture.start();
        await application.start();
        await sink.start();

        const before = await count(client, 'car_data');
        const cars = listings(before + 1);
        for (let row = 0; row < ROWS; row += 1) {
          const { id: _, ...car } = cars.next().value;
          const columns = Object.keys(car);
          const places = columns.map((_column, index) => `$${index + 1}`);
          await client.query(`insert into car_data (${columns}) values (${places})`, Object.values(car));
        }
        await client.query('update car_data set mileage = mileage + 1000 where id % 7 = 0');
        await client.query('delete from car_data where id % 11 = 0');

        const expected = await prices(client);
        await expect.poll(async () => pricedRows(client), { timeout: 60_000, interval: 100 }).toEqual(expected);
        expect(application.status.finished.deadLettered).toBe(0);

        await capture.stop();
        await application.drain();
        await sink.stop();
        expect(application.failure).toBeUndefined();
        expect(application.state).toBe('NOT_RUNNING');
      },
    );
  },
);

async function count(client: Client, table: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]!.n;
}

/** What the model says of every car that is in the table, by id. */
async function prices(client: Client): Promise<Record<number, string>> {
  const model = onnx<object, number>(MODEL);
  await model.open();
  const { rows } = await client.query('select * from car_data order by id');
  const answers = await model.predict(rows.map(features), new AbortController().signal);
  await model.close();
  return Object.fromEntries(rows.map((row, index) => [row.id, answers[index]!.toFixed(2)]));
}

async function pricedRows(client: Client): Promise<Record<number, string>> {
  const { rows } = await client.query("select to_regclass('car_data_predicted') is not null as there");
  if (!rows[0].there) return {};
  const priced = await client.query('select id, suggestedprice from car_data_predicted order by id');
  return Object.fromEntries(priced.rows.map((row) => [row.id, row.suggestedprice.toFixed(2)]));
}
