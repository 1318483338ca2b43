/** `kill -9` at whatever moment: each change is in the topic once, in its order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbeddedBroker } from '../../../src/brokers/embedded/broker.js';
import { type TemporaryPostgres, temporaryPostgres } from '../postgres/temporary-postgres.js';
import { changeOf, TopicReader } from './capture-bench.js';

const PROGRAM = fileURLToPath(new URL('./run-capture.ts', import.meta.url));
/** Changes of one run after which it is killed: in the middle of small transactions, and of large ones. */
const KILLED_AFTER = [1, 150, 700, 1_500, 3_000];
const LARGE = 2_500;

let postgres: TemporaryPostgres;
let directory: string;
let client: pg.Client;
let child: ChildProcess | undefined;

beforeAll(async () => {
  postgres = await temporaryPostgres();
  directory = await mkdtemp(join(tmpdir(), 'millrace-killed-'));
  client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('create schema killed');
  await client.query('create table killed.t (id serial primary key, note text)');
  // Before the first row, so that no run needs a snapshot: an interrupted one would begin again, with the rows it had.
  await client.query('create publication dbz_publication for table killed.t');
  await client.query(`select pg_create_logical_replication_slot('debezium', 'pgoutput')`);
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await client.end();
  await postgres.remove();
  await rm(directory, { recursive: true, force: true });
});

function start(...until: readonly string[]): void {
  child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, postgres.url, directory, ...until], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Starts a capture and resolves when it has handed over so many changes. */
async function captureUntil(count: number): Promise<void> {
  start();
  for await (const line of createInterface({ input: child!.stdout! })) if (Number(line) >= count) return;
  throw new Error('the capture ended by itself');
}

async function kill(): Promise<void> {
  const exited = once(child!, 'exit');
  child!.kill('SIGKILL');
  await exited;
}

test('each change is in the topic exactly once after five kills', async () => {
  let written = 0;
  for (const [round, count] of KILLED_AFTER.entries()) {
    const capturing = captureUntil(count);
    const large = round % 2 === 1 ? LARGE : 0;
    if (large > 0) await client.query(`insert into killed.t (note) select 'large' from generate_series(1, ${large})`);
    for (let i = large; i < count + 500; i++) await client.query(`insert into killed.t (note) values ('small')`);
    written += Math.max(large, count + 500);
    await capturing;
    await kill();
  }
  const { rows } = await client.query<{ end: string }>('select pg_current_wal_insert_lsn() as end');
  await client.query(`insert into killed.t (note) values ('last')`);
  written++;
  start(rows[0]!.end);
  const [code] = (await once(child!, 'exit')) as [number | null];
  expect(code).toBe(0);

  const broker = await openEmbeddedBroker({ directory });
  const reader = new TopicReader(broker, 'killed.killed.t', []);
  const changes = (await reader.toTheEnd()).map((record) => changeOf<{ id: number }>(record)!);
  await reader.close();
  await broker.close();
  const outOfPlace = changes.findIndex((change, i) => change.after!.id !== i + 1);
  expect(changes.slice(outOfPlace === -1 ? changes.length : outOfPlace)).toEqual([]);
  expect(changes.length).toBe(written);
});
