/** The server crashes and comes back: the capture says so, waits, and goes on; nothing is lost or doubled. */
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbeddedBroker } from '../../../src/brokers/embedded/broker.js';
import { type Capture, captureChanges } from '../../../src/cdc/capture/index.js';
import { connectJsonPlain } from '../../../src/serde/connect-json.js';
import { type TemporaryPostgres, temporaryFolder, temporaryPostgres } from '../postgres/temporary-postgres.js';
import { eventually, story, TopicReader } from './capture-bench.js';

let directory: string;
let postgres: TemporaryPostgres;
let capture: Capture | undefined;
const start = async (port = 0) => {
  postgres = await temporaryPostgres({ directory, port, settings: { synchronous_commit: 'on' } });
};

beforeAll(async () => {
  directory = await temporaryFolder();
  await start();
});
afterAll(async () => {
  await capture?.stop();
  await postgres.remove();
  await rm(directory, { recursive: true, force: true });
});

async function sql(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

test('changes before and after a crash of the server are each published once', async () => {
  await sql('create table t (id int primary key)');
  const broker = await openEmbeddedBroker({});
  const { port, username, password } = new URL(postgres.url);
  const started = captureChanges(
    {
      'database.hostname': '127.0.0.1',
      'database.port': port,
      'database.user': username,
      'database.password': decodeURIComponent(password),
      'database.dbname': 'car_database',
      'topic.prefix': 'cars',
      'errors.retry.delay.initial.ms': 5,
      'errors.retry.delay.max.ms': 50,
    },
    { broker, serdes: { key: connectJsonPlain(), value: connectJsonPlain() } },
  );
  capture = started;
  await started.start();
  await eventually(() => started.status.state).toBe('streaming');
  const reader = new TopicReader(broker, 'cars.public.t', []);
  await sql('insert into t select generate_series(1, 100)');
  await reader.atLeast(50);
  await sql('insert into t select generate_series(101, 3000)');
  await postgres.kill();
  await eventually(() => started.status.state).toBe('reconnecting');
  expect(started.status.error).toBeInstanceOf(Error);
  await start(Number(port));
  await sql('insert into t values (3001)');
  await reader.atLeast(3_001);
  expect(started.status).toMatchObject({ state: 'streaming', error: undefined });
  await started.stop();
  expect(story(await reader.toTheEnd())).toEqual(Array.from({ length: 3_001 }, (_, i) => `c ${i + 1}`));
  await reader.close();
  await broker.close();
});
