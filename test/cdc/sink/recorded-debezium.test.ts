/**
 * What a live Debezium 3.6 wrote while a script of SQL ran, against what the same script does to a table: the sink must
 * arrive at the same rows. `truncate` is left out, which Debezium does not pass on by default.
 */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../../src/brokers/embedded/index.js';
import { tableSink } from '../../../src/cdc/sink/index.js';
import { systemClock } from '../../../src/clock.js';
import { connectJson } from '../../../src/serde/connect-json.js';
import { type TemporaryPostgres, temporaryPostgres } from '../postgres/temporary-postgres.js';

const RECORDED = new URL('../../fixtures/debezium-3.6/', import.meta.url);
const TOPIC = 'car_database.public.car_data';

let postgres: TemporaryPostgres;
let db: pg.Client;
let broker: EmbeddedBroker;
beforeAll(async () => {
  postgres = await temporaryPostgres();
  db = new pg.Client({ connectionString: postgres.url });
  await db.connect();
  broker = await openEmbeddedBroker();
});
afterAll(async () => {
  await broker.close();
  await db.end();
  await postgres.remove();
});

async function lines(file: string): Promise<string[]> {
  return (await readFile(new URL(file, RECORDED), 'utf8')).split('\n').filter((line) => line !== '');
}

async function runScript(): Promise<void> {
  const setup = (await lines('setup.sql')).filter((line) => /^(create table|insert)/.test(line));
  const drive = (await lines('drive.sql')).filter((line) => !line.startsWith('truncate'));
  for (const line of [...setup, ...drive]) await db.query(line);
}

async function produceRecorded(): Promise<void> {
  const admin = await broker.admin();
  await admin.createTopics([{ topic: TOPIC, partitions: 1 }]);
  await admin.close();
  const producer = await broker.producer({});
  const bytes = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64'));
  for (const line of await lines('json-with-schema.jsonl')) {
    const { timestamp, key, value } = JSON.parse(line) as {
      timestamp: number;
      key: string | null;
      value: string | null;
    };
    producer.produce({ topic: TOPIC, partition: 0, key: bytes(key), value: bytes(value), timestamp, headers: [] });
  }
  await producer.flush(5_000);
  await producer.close();
}

test.each([500, 1])('the same rows as the source, %i records at a time', async (batchSize) => {
  await db.query('drop table if exists car_data, car_database_public_car_data');
  await runScript();
  await produceRecorded();
  const sink = tableSink(
    {
      name: `recorded-${batchSize}`,
      topics: TOPIC,
      'connection.url': postgres.url,
      'schema.evolution': 'basic',
      'batch.size': batchSize,
    },
    { broker, clock: systemClock, serdes: () => ({ key: connectJson(), value: connectJson() }) },
  );
  await sink.start();
  await sink.drain(30_000);
  expect(await sink.ended).toBeUndefined();

  // `listed` was the time at which the records were made.
  const rows = (table: string) =>
    db.query(
      `select id, model, year, transmission, mileage, fueltype, tax, mpg, enginesize, notes from ${table} order by id`,
    );
  const source = (await rows('car_data')).rows;
  expect((await rows('car_database_public_car_data')).rows).toEqual(source);
  expect(source.length).toBeGreaterThan(3);
  const types = (table: string) =>
    db.query(
      `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
       where attrelid = to_regclass($1) and attnum > 0 and attname <> 'listed' order by attname`,
      [table],
    );
  expect((await types('car_database_public_car_data')).rows).toEqual((await types('car_data')).rows);
  await broker.admin().then(async (admin) => {
    await admin.deleteTopics([TOPIC]);
    await admin.close();
  });
});
