/** Each committed change is in its topic once: whatever the broker says, whenever the capture ends. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrokerError } from '../../../src/errors.js';
import { type Bench, changeOf, eventually, openBench, story } from './capture-bench.js';
import { type Faults, faultyBroker } from './faulty-broker.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** For captures that are meant to fail. */
const onFailure = (): void => undefined;

async function table(name: string): Promise<void> {
  await bench.sql(`create schema ${name}`, `create table ${name}.t (id int primary key, note text)`);
}

test('a crash between the commit of the broker and its being known doubles nothing', async () => {
  await table('unknown');
  let crash = false;
  const broker = faultyBroker(bench.broker, {
    commitTransaction: async (commit) => {
      await commit();
      if (crash) throw new BrokerError('the process is gone', 'fatal');
    },
  });
  const first = bench.capture('unknown', {}, { broker, onFailure });
  await first.start();
  const reader = bench.reader('unknown.unknown.t');
  await bench.sql(`insert into unknown.t values (1)`);
  await reader.atLeast(1);
  crash = true;
  await bench.sql(`insert into unknown.t values (2)`);
  await eventually(() => first.status.state).toBe('failed');
  await bench.sql(`insert into unknown.t values (3)`);

  const second = bench.capture('unknown');
  await second.start();
  await reader.atLeast(3);
  await second.stop();
  expect(story(await reader.toTheEnd())).toEqual(['c 1', 'c 2', 'c 3']);
});

test('a transaction that the broker aborts is published again, in its place', async () => {
  await table('aborted');
  const kinds = ['abort', 'abort'] as const;
  let faults = 0;
  const broker = faultyBroker(bench.broker, {
    commitTransaction: async (commit) => {
      const kind = kinds[faults++];
      if (kind !== undefined) throw new BrokerError('try it again', kind);
      await commit();
    },
  });
  const capture = bench.capture('aborted', { 'snapshot.mode': 'no_data' }, { broker });
  await capture.start();
  await bench.sql(
    `insert into aborted.t values (1)`,
    `insert into aborted.t values (2)`,
    `update aborted.t set note = 'x'`,
  );
  const reader = bench.reader('aborted.aborted.t');
  await reader.atLeast(4);
  await capture.stop();
  expect(faults).toBeGreaterThan(2);
  expect(story(await reader.toTheEnd())).toEqual(['c 1', 'c 2', 'u 1', 'u 2']);
});

test('a commit whose answer got lost is asked for again, and the log is read no further than there is room', async () => {
  await table('lost');
  let refused = 3;
  const faults: Faults = {
    commitTransaction: async (commit) => {
      if (refused-- > 0) throw new BrokerError('no answer', 'retriable');
      await commit();
    },
  };
  const broker = faultyBroker(bench.broker, faults);
  const capture = bench.capture('lost', { 'snapshot.mode': 'no_data', 'max.queue.size': 10 }, { broker });
  await capture.start();
  for (let id = 1; id <= 100; id++) await bench.sql(`insert into lost.t values (${id})`);
  const reader = bench.reader('lost.lost.t');
  await reader.atLeast(100);
  await capture.stop();
  expect(story(await reader.toTheEnd())).toEqual(Array.from({ length: 100 }, (_, i) => `c ${i + 1}`));
});

test('a full queue of the producer is waited for', async () => {
  await table('crowded');
  let calls = 0;
  const broker = faultyBroker(bench.broker, {
    produce: (produce) => {
      if (++calls % 3 === 0) throw new BrokerError('full', 'retriable', 'QUEUE_FULL');
      produce();
    },
  });
  const capture = bench.capture('crowded', { 'snapshot.mode': 'no_data' }, { broker });
  await capture.start();
  await bench.sql(`insert into crowded.t select generate_series(1, 20)`);
  const reader = bench.reader('crowded.crowded.t');
  await reader.atLeast(20);
  await capture.stop();
  expect((await reader.toTheEnd()).length).toBe(20);
});

test('a transaction larger than the queue is published in parts, and goes on in the middle after a crash', async () => {
  await table('large');
  let commits = 0;
  const broker = faultyBroker(bench.broker, {
    commitTransaction: async (commit) => {
      await commit();
      if (++commits === 4) throw new BrokerError('the process is gone', 'fatal');
    },
  });
  const config = { 'snapshot.mode': 'no_data', 'max.queue.size': 500, 'provide.transaction.metadata': true } as const;
  const first = bench.capture('large', config, { broker, onFailure });
  await first.start();
  await bench.sql(`insert into large.t select id, 'n' from generate_series(1, 10000) id`);
  await eventually(() => first.status.state).toBe('failed');
  const reader = bench.reader('large.large.t');
  const before = (await reader.toTheEnd()).length;
  expect(before).toBeGreaterThan(500);
  expect(before).toBeLessThan(10_000);

  const second = bench.capture('large', config);
  await second.start();
  await bench.sql(`insert into large.t values (10001)`);
  await reader.atLeast(10_001);
  await second.stop();
  const changes = (await reader.toTheEnd()).map((record) => changeOf<{ id: number }>(record)!);
  expect(changes.map((change) => change.after!.id)).toEqual(Array.from({ length: 10_001 }, (_, i) => i + 1));
  // Counted on over the crash.
  expect(changes[9_999]!.transaction!.total_order).toBe(10_000);
  const announced = await bench.reader('large.transaction').toTheEnd();
  expect(announced.map((record) => (JSON.parse(String(record.value)) as { status: string }).status)).toEqual([
    'BEGIN',
    'END',
    'BEGIN',
    'END',
  ]);
});

test('a second capture of the same prefix ends the first, and nothing comes twice', async () => {
  await table('fenced');
  const failures: Error[] = [];
  const first = bench.capture('fenced', {}, { onFailure: (error) => failures.push(error) });
  await first.start();
  const reader = bench.reader('fenced.fenced.t');
  await bench.sql(`insert into fenced.t values (1)`);
  await reader.atLeast(1);
  const second = bench.capture('fenced');
  const started = second.start();
  await bench.sql(`insert into fenced.t values (2)`);
  // The slot is the first one's until it has ended; the second waits for it.
  await eventually(() => first.status.state).toBe('failed');
  await started;
  await bench.sql(`insert into fenced.t values (3)`);
  await reader.atLeast(3);
  await second.stop();
  expect(failures).toHaveLength(1);
  expect(story(await reader.toTheEnd())).toEqual(['c 1', 'c 2', 'c 3']);
});

test('stop publishes and acknowledges what is under way', async () => {
  await table('stopped');
  const capture = bench.capture('stopped');
  await capture.start();
  await bench.sql(`insert into stopped.t select generate_series(1, 1000)`);
  const reader = bench.reader('stopped.stopped.t');
  await reader.atLeast(1);
  await capture.stop();
  const [slot] = await bench.query<{ confirmed: string; active: boolean }>(
    `select confirmed_flush_lsn as confirmed, active from pg_replication_slots where slot_name = 'stopped'`,
  );
  expect(slot!.active).toBe(false);
  const [published] = await bench.query<{ before: boolean }>(
    `select '${slot!.confirmed}'::pg_lsn >= '${capture.status.commitLsn}'::pg_lsn as before`,
  );
  expect(published!.before).toBe(true);
});
