/** The slot and the connection: what the server keeps for us, and what happens when it goes away. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrokerError } from '../../../src/errors.js';
import { type Bench, eventually, openBench, story } from './capture-bench.js';
import { faultyBroker } from './faulty-broker.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

async function confirmed(slot: string): Promise<bigint> {
  const [row] = await bench.query<{ at: string }>(
    `select confirmed_flush_lsn - '0/0' as at from pg_replication_slots where slot_name = '${slot}'`,
  );
  return BigInt(row!.at);
}

async function logEnd(): Promise<bigint> {
  const [row] = await bench.query<{ at: string }>(`select pg_current_wal_lsn() - '0/0' as at`);
  return BigInt(row!.at);
}

test('the slot moves on while only other tables change', async () => {
  await bench.sql(
    'create schema idle',
    'create table idle.t (id int primary key)',
    'create table public.other (note text)',
  );
  const capture = bench.capture('idle', { 'status.update.interval.ms': 20 });
  await capture.start();
  await bench.sql(`insert into public.other select repeat('x', 1000) from generate_series(1, 2000)`);
  const written = await logEnd();
  await eventually(() => confirmed('idle')).toBeGreaterThanOrEqual(written);
  await eventually(() => capture.status.lagBytes).toBeLessThan(1_000);
  expect(capture.status.walKeptBytes).toBeGreaterThanOrEqual(0);
});

test('nothing is acknowledged before the broker has committed', async () => {
  await bench.sql('create schema held', 'create table held.t (id int primary key)');
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let commits = 0;
  const broker = faultyBroker(bench.broker, {
    commitTransaction: async (commit) => {
      commits++;
      await gate;
      await commit();
    },
  });
  const capture = bench.capture('held', { 'snapshot.mode': 'no_data', 'status.update.interval.ms': 20 }, { broker });
  await capture.start();
  await eventually(() => capture.status.walKeptBytes).toBeDefined();
  const before = await logEnd();
  await bench.sql('insert into held.t values (1)');
  await eventually(() => commits).toBe(1);
  await bench.sql(`insert into public.other select repeat('x', 1000) from generate_series(1, 100)`);
  const afterwards = await logEnd();
  // Two looks at the slot, which are made by the same timer that speaks to the server.
  for (let look = 0; look < 2; look++) {
    const seen = capture.status.lagBytes;
    await bench.sql(`insert into public.other values ('more')`);
    await eventually(() => capture.status.lagBytes).not.toBe(seen);
  }
  expect(await confirmed('held')).toBeLessThanOrEqual(before);
  open();
  await eventually(() => confirmed('held')).toBeGreaterThanOrEqual(afterwards);
});

test('a connection that the server ends is opened again, and nothing is lost or doubled', async () => {
  await bench.sql('create schema ended', 'create table ended.t (id int primary key)');
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (text: string) => warnings.push(text), error: () => undefined };
  const capture = bench.capture('ended', { 'errors.retry.delay.initial.ms': 1 }, { logger });
  await capture.start();
  await eventually(() => capture.status.state).toBe('streaming');
  const reader = bench.reader('ended.ended.t');
  for (let round = 0; round < 5; round++) {
    await bench.sql(
      `insert into ended.t select generate_series(${round * 100 + 1}, ${round * 100 + 50})`,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'millrace ended %'`,
      `insert into ended.t select generate_series(${round * 100 + 51}, ${round * 100 + 100})`,
    );
    await reader.atLeast((round + 1) * 100);
  }
  await capture.stop();
  expect(story(await reader.toTheEnd())).toEqual(Array.from({ length: 500 }, (_, i) => `c ${i + 1}`));
  expect(warnings.some((text) => text.includes('the database is away'))).toBe(true);
});

test('a slot of another purpose is refused by name', async () => {
  await bench.sql('create schema taken', 'create table taken.t (id int primary key)');
  await bench.sql(`select pg_create_logical_replication_slot('taken', 'test_decoding')`);
  await expect(bench.capture('taken').start()).rejects.toThrow(/slot taken is of the plugin test_decoding/);
});

test('a wrong password is said at once, not waited for', async () => {
  await expect(bench.capture('ended', { 'database.user': 'nobody' }).start()).rejects.toThrow(/nobody/);
});

test('start waits for a database that is away; stop ends the waiting', async () => {
  const capture = bench.capture('ended', { 'database.port': 1 });
  const started = capture.start();
  await eventually(() => capture.status.state).toBe('reconnecting');
  expect(capture.status.error?.message).toMatch(/ECONNREFUSED/);
  await capture.stop();
  await started;
  expect(capture.status.state).toBe('stopped');
});

test('a broker that is away when the capture starts is waited for', async () => {
  await bench.sql(
    'create schema waited',
    'create table waited.t (id int primary key)',
    'insert into waited.t values (1)',
  );
  let refused = 1;
  const broker = {
    ...faultyBroker(bench.broker, {}),
    admin: () => (refused-- > 0 ? Promise.reject(new BrokerError('nobody there', 'retriable')) : bench.broker.admin()),
  };
  await bench.capture('waited', {}, { broker }).start();
  expect(story(await bench.reader('waited.waited.t').atLeast(1))).toEqual(['r 1']);
});

test('a broker that is away is no reason not to stop', async () => {
  const broker = { ...bench.broker, admin: () => Promise.reject(new BrokerError('nobody there', 'retriable')) };
  const capture = bench.capture('waited', {}, { broker });
  const started = capture.start();
  await eventually(() => capture.status.error?.message).toBe('nobody there');
  await capture.stop();
  await started;
  expect(capture.status.state).toBe('stopped');
});
