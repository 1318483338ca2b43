/** The snapshot: what is there before the first change, once, and exactly up to where the stream begins. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Broker } from '../../../src/brokers/port.js';
import { BrokerError } from '../../../src/errors.js';
import { type Bench, changeOf, eventually, openBench, story } from './capture-bench.js';
import { faultyBroker } from './faulty-broker.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

async function lastPositionOf(broker: Broker, prefix: string): Promise<number> {
  const admin = await broker.admin();
  const count = await admin.partitionCount(`__capture-positions.${prefix}`);
  await admin.close();
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  const { high } = await consumer.watermarks({ topic: `__capture-positions.${prefix}`, partition: 0 });
  await consumer.close();
  return count === undefined ? 0 : high;
}

test('rows are marked as Debezium marks them: first, last, and the first and last of each table', async () => {
  await bench.sql(
    'create schema marked',
    'create table marked.a (id int primary key)',
    'insert into marked.a select generate_series(1, 3)',
    'create table marked.b (id int primary key)',
    'insert into marked.b select generate_series(1, 3)',
    'create table marked.c (id int primary key)',
    'insert into marked.c values (1)',
    'create table marked.d (id int primary key)',
  );
  const capture = bench.capture('marked');
  await capture.start();
  const markers = async (table: string, count: number) =>
    (await bench.reader(`marked.marked.${table}`).atLeast(count)).map((record) => changeOf(record)!.source.snapshot);
  expect(await markers('a', 3)).toEqual(['first', 'true', 'last_in_data_collection']);
  expect(await markers('b', 3)).toEqual(['first_in_data_collection', 'true', 'last_in_data_collection']);
  // The table after it is empty, so its row is the last of all.
  expect(await markers('c', 1)).toEqual(['last']);
  await eventually(() => capture.status.snapshot).toEqual({ tables: 4, tablesDone: 4, rows: 7, isCompleted: true });
});

test('a snapshot of one row is its last', async () => {
  await bench.sql(
    'create schema single',
    'create table single.t (id int primary key)',
    'insert into single.t values (1)',
  );
  await bench.capture('single').start();
  const [record] = await bench.reader('single.single.t').atLeast(1);
  expect(changeOf(record!)).toMatchObject({ op: 'r', before: null, after: { id: 1 }, source: { snapshot: 'last' } });
});

test('what is written while the snapshot is read is neither missed nor doubled', async () => {
  await bench.sql(
    'create schema busy',
    'create table busy.t (id serial primary key, note text)',
    `insert into busy.t (note) select 'before' from generate_series(1, 5000)`,
  );
  const capture = bench.capture('busy', { 'snapshot.fetch.size': 500, 'max.queue.size': 500 });
  const reader = bench.reader('busy.busy.t');
  let writing = true;
  const writer = (async () => {
    while (writing) await bench.sql(`insert into busy.t (note) values ('meanwhile')`);
  })();
  await capture.start();
  await eventually(() => capture.status.state).toBe('streaming');
  writing = false;
  await writer;
  const [{ count }] = (await bench.query<{ count: string }>('select count(*) from busy.t')) as [{ count: string }];
  const records = await reader.atLeast(Number(count));
  await capture.stop();
  const ids = (await reader.toTheEnd()).map((record) => (JSON.parse(String(record.key)) as { id: number }).id);
  expect(ids.length).toBe(Number(count));
  expect(new Set(ids).size).toBe(Number(count));
  const ops = new Set(records.map((record) => changeOf(record)!.op));
  expect(ops).toEqual(new Set(['r', 'c']));
});

test('a second start takes no second snapshot and goes on where the first stopped', async () => {
  await bench.sql(
    'create schema again',
    'create table again.t (id int primary key)',
    'insert into again.t values (1), (2)',
  );
  const reader = bench.reader('again.again.t');
  const first = bench.capture('again');
  await first.start();
  await reader.atLeast(2);
  await first.stop();
  expect(first.status.state).toBe('stopped');
  await bench.sql('insert into again.t values (3)', 'delete from again.t where id = 1');
  const second = bench.capture('again');
  await second.start();
  await reader.atLeast(5);
  await second.stop();
  expect(story(await reader.toTheEnd())).toEqual(['r 1', 'r 2', 'c 3', 'd 1', 'tombstone 1']);
  expect(second.status.snapshot).toBeUndefined();
});

test('an interrupted snapshot begins again, in full, and only a whole one leaves a position', async () => {
  await bench.sql(
    'create schema cut',
    'create table cut.t (id int primary key)',
    'insert into cut.t select generate_series(1, 1000)',
  );
  let commits = 0;
  const failing = faultyBroker(bench.broker, {
    commitTransaction: async (commit) => {
      if (++commits === 3) throw new BrokerError('the broker has had enough', 'fatal');
      await commit();
    },
  });
  const failures: Error[] = [];
  const first = bench.capture(
    'cut',
    { 'snapshot.fetch.size': 100, 'max.queue.size': 100 },
    { broker: failing, onFailure: (error) => failures.push(error) },
  );
  await first.start();
  await eventually(() => first.status.state).toBe('failed');
  expect(failures.map((error) => error.message)).toEqual(['the broker has had enough']);
  expect(await lastPositionOf(bench.broker, 'cut')).toBe(0);
  const reader = bench.reader('cut.cut.t');
  const published = (await reader.toTheEnd()).length;
  expect(published).toBeGreaterThan(100);
  expect(published).toBeLessThan(1_000);
  await bench.sql('insert into cut.t values (1001)');

  const second = bench.capture('cut');
  await second.start();
  await reader.atLeast(published + 1001);
  await second.stop();
  const ids = (await reader.toTheEnd()).slice(published).map((record) => changeOf<{ id: number }>(record)!.after!.id);
  expect(ids).toEqual(Array.from({ length: 1001 }, (_, i) => i + 1));
});

test('initial_only ends after the snapshot, leaves no slot, and has nothing to do the next time', async () => {
  await bench.sql('create schema once', 'create table once.t (id int primary key)', 'insert into once.t values (1)');
  const config = { 'snapshot.mode': 'initial_only' } as const;
  const first = bench.capture('once', config);
  await first.start();
  await eventually(() => first.status.state).toBe('completed');
  expect(await bench.query(`select 1 from pg_replication_slots where slot_name like 'once%'`)).toEqual([]);
  await bench.sql('insert into once.t values (2)');
  const second = bench.capture('once', config);
  await second.start();
  expect(second.status.state).toBe('completed');
  expect(story(await bench.reader('once.once.t').toTheEnd())).toEqual(['r 1']);
});

test('no_data streams from where it was started first, without rows', async () => {
  await bench.sql('create schema later', 'create table later.t (id int primary key)', 'insert into later.t values (1)');
  const config = { 'snapshot.mode': 'no_data' } as const;
  const first = bench.capture('later', config);
  await first.start();
  await first.stop();
  await bench.sql('insert into later.t values (2)');
  const second = bench.capture('later', config);
  await second.start();
  const reader = bench.reader('later.later.t');
  expect(story(await reader.atLeast(1))).toEqual(['c 2']);
});

test('a slot that is gone is an error that says so, and a new snapshot under when_needed', async () => {
  await bench.sql('create schema gone', 'create table gone.t (id int primary key)', 'insert into gone.t values (1)');
  const first = bench.capture('gone');
  await first.start();
  const reader = bench.reader('gone.gone.t');
  await reader.atLeast(1);
  await first.stop();
  await bench.sql(`select pg_drop_replication_slot('gone')`, 'insert into gone.t values (2)');

  await expect(bench.capture('gone').start()).rejects.toThrow(/slot gone is gone.*when_needed/);
  const third = bench.capture('gone', { 'snapshot.mode': 'when_needed' });
  await third.start();
  expect(story(await reader.atLeast(3))).toEqual(['r 1', 'r 1', 'r 2']);
});

test('a slot that somebody made before is used, and nothing of its log comes twice', async () => {
  await bench.sql(
    'create schema made',
    'create table made.t (id int primary key)',
    `select pg_create_logical_replication_slot('made', 'pgoutput')`,
    'insert into made.t values (1)',
  );
  await bench.capture('made').start();
  const reader = bench.reader('made.made.t');
  await reader.atLeast(1);
  await bench.sql('insert into made.t values (2)');
  expect(story(await reader.atLeast(2))).toEqual(['r 1', 'c 2']);
});
