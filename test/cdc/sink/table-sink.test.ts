import { rm } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../../src/brokers/embedded/index.js';
import type { Broker, ConsumedRecord } from '../../../src/brokers/port.js';
import {
  type SinkRecord,
  type SinkState,
  type TableSink,
  type TableSinkConfig,
  tableSink,
} from '../../../src/cdc/sink/index.js';
import { type Clock, delay, systemClock } from '../../../src/clock.js';
import { BrokerError, type RecordError } from '../../../src/errors.js';
import type { ConnectSchema } from '../../../src/record.js';
import { connectJson } from '../../../src/serde/connect-json.js';
import type { SerdeContext } from '../../../src/serde/serde.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';
import { type TemporaryPostgres, temporaryFolder, temporaryPostgres } from '../postgres/temporary-postgres.js';
import { CAR, car, KEY, struct } from './records.js';

let postgres: TemporaryPostgres;
let broker: EmbeddedBroker;
let watched: WatchedSink[];
beforeAll(async () => {
  postgres = await temporaryPostgres();
});
afterAll(() => postgres.remove());
beforeEach(async () => {
  watched = [];
  broker = await openEmbeddedBroker();
  const admin = await broker.admin();
  await admin.createTopics([
    { topic: 'cars', partitions: 2 },
    { topic: 'dead', partitions: 1 },
  ]);
  await admin.close();
  await query(postgres.url, 'drop schema public cascade; create schema public');
});
afterEach(async () => {
  for (const { sink } of watched) await sink.stop();
  await broker.close();
});

async function query<R>(url: string, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as R[];
  } finally {
    await client.end();
  }
}

const rows = (sql = 'select id, model from cars order by id', url = postgres.url) =>
  query<Record<string, unknown>>(url, sql);

/** A sink, and promises of what it will have told. */
interface WatchedSink {
  readonly sink: TableSink;
  readonly written: SinkRecord[];
  readonly refused: RecordError[];
  writtenRecords(count: number): Promise<void>;
  inState(state: SinkState): Promise<void>;
}

function watchedSink(
  config: Partial<TableSinkConfig> = {},
  over: Broker = broker,
  clock: Clock = systemClock,
): WatchedSink {
  const written: SinkRecord[] = [];
  const refused: RecordError[] = [];
  const states: SinkState[] = [];
  let waiting: (() => boolean)[] = [];
  const told = () => {
    waiting = waiting.filter((met) => !met());
  };
  const until = (met: () => boolean) =>
    new Promise<void>((resolve) => {
      waiting.push(() => {
        if (met()) resolve();
        return met();
      });
      told();
    });
  const sink = tableSink(
    { topics: 'cars', 'connection.url': postgres.url, 'schema.evolution': 'basic', ...config },
    {
      broker: over,
      clock,
      serdes: () => ({ key: connectJson(), value: connectJson() }),
      onWritten: (records) => {
        written.push(...records);
        told();
      },
      onRefused: (error) => {
        refused.push(error);
        told();
      },
      onState: (state) => {
        states.push(state);
        told();
      },
    },
  );
  const made = {
    sink,
    written,
    refused,
    writtenRecords: (count: number) => until(() => written.length >= count),
    inState: (state: SinkState) => until(() => states.at(-1) === state),
  };
  watched.push(made);
  return made;
}

function bytes(value: unknown, schema: ConnectSchema): Buffer | null {
  const context: SerdeContext = { topic: 'cars', headers: [], schema };
  return value === null ? null : connectJson().serialize(value, context);
}

interface Produced {
  readonly id: number;
  readonly value: unknown;
  readonly schema?: ConnectSchema;
  readonly raw?: Buffer;
}

/** Writes to one partition, in order. */
async function produce(records: readonly Produced[], partition = 0): Promise<void> {
  const producer = await broker.producer({});
  for (const { id, value, schema = CAR, raw } of records) {
    producer.produce({
      topic: 'cars',
      partition,
      key: bytes({ id }, KEY),
      value: raw ?? bytes(value, schema),
      timestamp: 1_000 + id,
      headers: [],
    });
  }
  await producer.flush(5_000);
  await producer.close();
}

const put = (id: number, model: string): Produced => ({ id, value: car(id, model) });
const gone = (id: number): Produced => ({ id, value: null });

/** Resolves when a statement waits for a lock. */
async function blocked(client: pg.Client): Promise<void> {
  const waiting = 'select count(*)::int as n from pg_locks where not granted';
  while ((await client.query<{ n: number }>(waiting)).rows[0]?.n === 0) await delay(systemClock, 5);
}

/** What the group has committed for partition 0 and 1. */
async function committed(group: string): Promise<readonly (number | undefined)[]> {
  const consumer = await broker.consumer({ groupId: group, offsetReset: 'earliest', isolation: 'read_committed' });
  const offsets = await consumer.committed([
    { topic: 'cars', partition: 0 },
    { topic: 'cars', partition: 1 },
  ]);
  await consumer.close();
  return offsets;
}

async function everythingIn(topic: string): Promise<readonly ConsumedRecord[]> {
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  consumer.assign([{ topic, partition: 0, offset: 0 }]);
  const { high } = await consumer.watermarks({ topic, partition: 0 });
  const records = high === 0 ? [] : await consumer.poll(1_000, 5_000);
  await consumer.close();
  return records;
}

describe('a topic and its table', () => {
  test('rows appear, change and go; each written record is told with its place and time', async () => {
    const { sink, written, writtenRecords } = watchedSink();
    await sink.start();
    await produce([put(1, 'Focus'), put(2, 'Ka')]);
    await writtenRecords(2);
    await produce([put(1, 'Fiesta'), gone(2)]);
    await produce([put(3, 'Kuga')], 1);
    await writtenRecords(5);
    expect(await rows()).toEqual([
      { id: 1, model: 'Fiesta' },
      { id: 3, model: 'Kuga' },
    ]);
    expect(written.find((record) => record.partition === 1)).toMatchObject({
      topic: 'cars',
      offset: 0,
      timestamp: 1_003,
      key: { id: 3 },
      value: { model: 'Kuga' },
    });
    expect(await sink.status()).toMatchObject({ state: 'running', written: 5, refused: 0 });
  });

  test('S1: offsets are committed once the rows are, and the next one goes on from there', async () => {
    const first = watchedSink();
    await produce([put(1, 'Focus'), put(2, 'Ka')]);
    await first.sink.start();
    await first.writtenRecords(2);
    await first.sink.stop();
    expect(await committed('connect-table-sink')).toEqual([2, undefined]);

    await produce([put(3, 'Kuga')]);
    const second = watchedSink();
    await second.sink.start();
    await second.writtenRecords(1);
    expect(second.written.map((record) => record.offset)).toEqual([2]);
    expect(await rows()).toHaveLength(3);
  });

  test('S1: one that died before it committed offsets leaves the same table after the next', async () => {
    const away = () => Promise.reject(new BrokerError('no commit today', 'retriable'));
    const forgetful: Broker = {
      consumer: async (config) => Object.assign(await broker.consumer(config), { commit: away }),
      producer: (config) => broker.producer(config),
      admin: () => broker.admin(),
      close: () => broker.close(),
    };
    const first = watchedSink({}, forgetful);
    await produce([put(1, 'old'), put(2, 'Ka'), put(1, 'new'), gone(2), put(3, 'Kuga')]);
    await first.sink.start();
    await first.writtenRecords(5);
    await first.sink.stop();
    const once = await rows();
    expect(await committed('connect-table-sink')).toEqual([undefined, undefined]);

    const second = watchedSink();
    await second.sink.start();
    await second.writtenRecords(5);
    expect(await rows()).toEqual(once);
    expect(once).toEqual([
      { id: 1, model: 'new' },
      { id: 3, model: 'Kuga' },
    ]);
  });

  test('drain writes what is there already, then stops', async () => {
    const { sink } = watchedSink({ 'batch.size': 10 });
    await produce(Array.from({ length: 95 }, (_, id) => put(id, 'x')));
    await sink.start();
    await sink.drain(20_000);
    expect(await sink.ended).toBeUndefined();
    expect(await rows('select count(*)::int as n from cars')).toEqual([{ n: 95 }]);
    expect(await committed('connect-table-sink')).toEqual([95, undefined]);
  });

  test('two sinks of one name share the partitions', async () => {
    const [a, b] = [watchedSink(), watchedSink()];
    await a.sink.start();
    await produce([put(1, 'a')], 0);
    await a.writtenRecords(1);
    await b.sink.start();
    await produce([put(2, 'b')], 0);
    await produce([put(3, 'c')], 1);
    await Promise.race([
      a.writtenRecords(3),
      b.writtenRecords(2),
      Promise.all([a.writtenRecords(2), b.writtenRecords(1)]),
    ]);
    await Promise.all([a.sink.drain(20_000), b.sink.drain(20_000)]);
    expect(await rows()).toHaveLength(3);
  });

  test('what an aborted transaction wrote is not in the table', async () => {
    const producer = await broker.producer({ transactionalId: 't' });
    await producer.initTransactions(5_000);
    for (const [id, model] of [
      [1, 'aborted'],
      [2, 'committed'],
    ] as const) {
      producer.beginTransaction();
      const value = bytes(car(id, model), CAR);
      producer.produce({ topic: 'cars', partition: 0, key: bytes({ id }, KEY), value, timestamp: 0, headers: [] });
      await (model === 'aborted' ? producer.abortTransaction(5_000) : producer.commitTransaction(5_000));
    }
    await producer.close();
    const { sink } = watchedSink();
    await sink.start();
    await sink.drain(20_000);
    expect(await rows()).toEqual([{ id: 2, model: 'committed' }]);
  });

  test("Debezium's envelopes: the row after the change, a delete, a truncate that is ignored", async () => {
    const row = (field: string): ConnectSchema => ({ ...CAR, field, optional: true });
    const envelope: ConnectSchema = {
      ...struct(row('before'), row('after'), { type: 'string', field: 'op' }),
      name: 'db.public.cars.Envelope',
    };
    const change = (id: number, op: string, after: unknown): Produced => ({
      id,
      value: { before: null, after, op },
      schema: envelope,
    });
    await produce([change(1, 'c', car(1, 'Focus')), change(2, 'r', car(2, 'Ka')), change(2, 'd', null), gone(2)]);
    await produce([change(0, 't', null)]);
    const { sink } = watchedSink();
    await sink.start();
    await sink.drain(20_000);
    expect(await rows()).toEqual([{ id: 1, model: 'Focus' }]);
    expect(await committed('connect-table-sink')).toEqual([5, undefined]);
  });
});

describe('S2: while the database is away', () => {
  test('the records wait, the state says so, and nothing is lost', async () => {
    const directory = await temporaryFolder();
    const first = await temporaryPostgres({ directory });
    const { sink, writtenRecords, inState } = watchedSink({ 'connection.url': first.url });
    await sink.start();
    await produce([put(1, 'before')]);
    await writtenRecords(1);
    await first.kill();
    await produce([put(2, 'meanwhile'), put(1, 'changed')]);
    await inState('waiting');
    await produce([put(3, 'later')], 1);
    const { state, reason, lag } = await sink.status();
    expect(state).toBe('waiting');
    expect(reason?.message).toMatch(/./);
    expect(lag).toBeGreaterThanOrEqual(2);

    const second = await temporaryPostgres({ directory, port: first.port });
    await writtenRecords(4);
    await inState('running');
    expect(await rows(undefined, second.url)).toEqual([
      { id: 1, model: 'changed' },
      { id: 2, model: 'meanwhile' },
      { id: 3, model: 'later' },
    ]);
    await sink.stop();
    await second.remove();
    await rm(directory, { recursive: true, force: true });
  });

  test('it can be stopped, and commits nothing that is not written', async () => {
    const { sink, inState } = watchedSink({ 'connection.url': 'postgres://127.0.0.1:1/nowhere' });
    await produce([put(1, 'a')]);
    await sink.start();
    await inState('waiting');
    await sink.stop();
    expect(await sink.ended).toBeUndefined();
    expect(await committed('connect-table-sink')).toEqual([undefined, undefined]);
  });

  test('it can be stopped while a statement waits for a lock that somebody holds', async () => {
    const clock = new VirtualClock();
    const { sink, writtenRecords } = watchedSink({ name: 'locked' }, broker, clock);
    await sink.start();
    await produce([put(1, 'a')]);
    await writtenRecords(1);
    const other = new pg.Client({ connectionString: postgres.url });
    await other.connect();
    await other.query('begin; lock table cars');
    await produce([put(2, 'b')]);
    await blocked(other);
    const stopped = sink.stop();
    clock.advance(5_000);
    await stopped;
    await other.query('rollback');
    await other.end();
    expect(await committed('connect-locked')).toEqual([1, undefined]);
  });

  test('a connection that is cut is opened again', async () => {
    const { sink, writtenRecords } = watchedSink({ name: 'cut' });
    await sink.start();
    await produce([put(1, 'a')]);
    await writtenRecords(1);
    await query(
      postgres.url,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace cut'",
    );
    await produce([put(2, 'b')]);
    await writtenRecords(2);
    expect(await rows()).toHaveLength(2);
  });
});

describe('S3: a record that cannot be written', () => {
  const BAD = put(3, 'nul \u0000');
  const UNDECODABLE: Produced = { id: 4, value: null, raw: Buffer.from('{"schema":') };

  test.each([
    ['one that the database refuses', BAD, 'production'],
    ['one that cannot be decoded', UNDECODABLE, 'deserialization'],
    ['one without a schema', { id: 5, value: null, raw: Buffer.from('{"id":5}') }, 'deserialization'],
  ])('%s stops the sink before it, and the next start meets it again', async (_, bad, phase) => {
    await produce([put(1, 'a'), put(2, 'b'), bad, put(6, 'c')]);
    for (const expectedWrites of [2, 0]) {
      const { sink, written } = watchedSink();
      await sink.start();
      const failure = (await sink.ended) as RecordError;
      expect(failure).toMatchObject({ name: 'RecordError', position: { topic: 'cars', partition: 0, offset: 2 } });
      expect(failure.phase).toBe(phase);
      expect(written).toHaveLength(expectedWrites);
      expect(await sink.status()).toMatchObject({ state: 'failed', reason: failure });
    }
    expect(await rows()).toHaveLength(2);
    expect(await committed('connect-table-sink')).toEqual([2, undefined]);
  });

  test('errors.tolerance=all: its own bytes and the reason go to the dead letters, the others into the table', async () => {
    await produce([put(1, 'a'), BAD, put(2, 'b'), UNDECODABLE, put(6, 'c')]);
    const { sink, refused } = watchedSink({
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'dead',
    });
    await sink.start();
    await sink.drain(20_000);
    expect(await sink.ended).toBeUndefined();
    expect(await rows()).toHaveLength(3);
    expect(refused.map((error) => error.position.offset)).toEqual([1, 3]);
    const letters = await everythingIn('dead');
    expect(letters.map((letter) => letter.value?.toString())).toEqual([
      bytes(BAD.value, CAR)?.toString(),
      UNDECODABLE.raw?.toString(),
    ]);
    const header = (name: string) => letters[0]?.headers.find(({ key }) => key === name)?.value?.toString();
    expect(header('__connect.errors.topic')).toBe('cars');
    expect(header('__connect.errors.offset')).toBe('1');
    expect(header('__connect.errors.exception.message')).toMatch(/invalid byte sequence/);
    expect(await committed('connect-table-sink')).toEqual([5, undefined]);
  });

  test('errors.tolerance=all does not pass over what is wrong with the table', async () => {
    await produce([put(1, 'a')]);
    const { sink } = watchedSink({ 'errors.tolerance': 'all', 'schema.evolution': 'none' });
    await sink.start();
    expect((await sink.ended)?.message).toMatch(/no table "cars"/);
    expect(await committed('connect-table-sink')).toEqual([undefined, undefined]);
  });
});

test('stopping one that was never started, and stopping twice', async () => {
  const { sink } = watchedSink();
  await sink.stop();
  await sink.stop();
  expect(await sink.status()).toMatchObject({ state: 'stopped', lag: undefined });
});
