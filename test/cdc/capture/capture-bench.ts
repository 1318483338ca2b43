/** A database, a broker and captures between them, for tests; `close` ends all of it. */
import pg from 'pg';
import { expect } from 'vitest';
import { openEmbeddedBroker } from '../../../src/brokers/embedded/broker.js';
import type { Broker, ConsumedRecord } from '../../../src/brokers/port.js';
import {
  type Capture,
  type CaptureConfig,
  type CaptureOptions,
  captureChanges,
} from '../../../src/cdc/capture/index.js';
import type { Change } from '../../../src/cdc/change.js';
import { connectJsonPlain } from '../../../src/serde/connect-json.js';
import { type TemporaryPostgres, temporaryPostgres } from '../postgres/temporary-postgres.js';

export interface Bench {
  readonly postgres: TemporaryPostgres;
  readonly broker: Broker;
  /** Runs statements, each in a transaction of its own. */
  sql(...statements: readonly string[]): Promise<void>;
  query<R extends pg.QueryResultRow>(statement: string): Promise<R[]>;
  /**
   * A capture of the tables of the schema `name`, which is its topic prefix, slot and publication too, so that the tests
   * of a file do not meet. Stopped by `close`.
   */
  capture(name: string, config?: Partial<CaptureConfig>, options?: Partial<CaptureOptions>): Capture;
  reader(topic: string): TopicReader;
  close(): Promise<void>;
}

/** @param opened closed by the bench too; by default an embedded one */
export async function openBench(opened?: Broker): Promise<Bench> {
  const postgres = await temporaryPostgres({ settings: { max_replication_slots: 64, max_wal_senders: 64 } });
  const broker = opened ?? (await openEmbeddedBroker({}));
  const client = new pg.Client({ connectionString: postgres.url });
  client.on('error', () => undefined); // Tests end the server under it.
  await client.connect();
  const captures: Capture[] = [];
  const readers: TopicReader[] = [];
  const failures: Error[] = [];
  const { username, password, port } = new URL(postgres.url);
  return {
    postgres,
    broker,
    async sql(...statements) {
      for (const statement of statements) await client.query(statement);
    },
    async query<R extends pg.QueryResultRow>(statement: string) {
      return (await client.query<R>(statement)).rows;
    },
    reader(topic) {
      const reader = new TopicReader(broker, topic, failures);
      readers.push(reader);
      return reader;
    },
    capture(name, config = {}, options = {}) {
      const capture = captureChanges(
        {
          'database.hostname': '127.0.0.1',
          'database.port': port,
          'database.user': username,
          'database.password': decodeURIComponent(password),
          'database.dbname': 'car_database',
          'topic.prefix': name,
          'table.include.list': `${name}\\..*`,
          'slot.name': name,
          'publication.name': name,
          'publication.autocreate.mode': 'filtered',
          ...config,
        },
        {
          broker,
          serdes: { key: connectJsonPlain(), value: connectJsonPlain() },
          // A test that does not expect a failure shall not wait for records that no longer come.
          onFailure: (error) => failures.push(error),
          ...options,
        },
      );
      captures.push(capture);
      return capture;
    },
    async close() {
      for (const capture of captures) await capture.stop();
      for (const reader of readers) await reader.close();
      await client.end().catch(() => undefined);
      await broker.close();
      await postgres.remove();
    },
  };
}

/** Reads a topic from its beginning; waits for what is still to come. */
export class TopicReader {
  readonly #broker: Broker;
  readonly #topic: string;
  readonly #failures: readonly Error[];
  readonly records: ConsumedRecord[] = [];
  #consumer: Awaited<ReturnType<Broker['consumer']>> | undefined;

  constructor(broker: Broker, topic: string, failures: readonly Error[]) {
    this.#broker = broker;
    this.#topic = topic;
    this.#failures = failures;
  }

  /** Resolves with all records read, once there are as many. */
  async atLeast(count: number): Promise<readonly ConsumedRecord[]> {
    const consumer = await this.#open();
    while (this.records.length < count) {
      if (this.#failures[0] !== undefined) throw this.#failures[0];
      this.records.push(...(await consumer.poll(10_000, 1_000)));
    }
    return this.records;
  }

  /** Reads to the end of the topic as it is now. */
  async toTheEnd(): Promise<readonly ConsumedRecord[]> {
    const consumer = await this.#open();
    const partition = { topic: this.#topic, partition: 0 };
    const { high } = await consumer.watermarks(partition);
    while ((consumer.position(partition) ?? 0) < high) this.records.push(...(await consumer.poll(10_000, 100)));
    return this.records;
  }

  async close(): Promise<void> {
    await this.#consumer?.close();
  }

  async #open() {
    if (this.#consumer !== undefined) return this.#consumer;
    const consumer = await this.#broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    consumer.assign([{ topic: this.#topic, partition: 0, offset: 0 }]);
    this.#consumer = consumer;
    return consumer;
  }
}

/** Expects something to become true; how long it takes on a busy machine says nothing. */
export function eventually<T>(read: () => T) {
  return expect.poll(read, { timeout: 45_000, interval: 10 });
}

/** A change as `connectJsonPlain` writes it; null for a tombstone. */
export function changeOf<Row = Record<string, unknown>>(record: ConsumedRecord): Change<Row> | null {
  return record.value === null ? null : (JSON.parse(record.value.toString()) as Change<Row>);
}

/** What happened, in short: `r 1`, `c 2`, `tombstone 2`; the number is the key's `id`. */
export function story(records: readonly ConsumedRecord[]): readonly string[] {
  return records.map((record) => {
    const id = record.key === null ? 'without key' : (JSON.parse(record.key.toString()) as { id: unknown }).id;
    return `${changeOf(record)?.op ?? 'tombstone'} ${String(id)}`;
  });
}
