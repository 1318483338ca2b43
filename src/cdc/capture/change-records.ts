/**
 * From changes to records, as Debezium writes them: envelopes, tombstones, keys, headers.
 *
 * Source: records of Debezium 3.6.0.Final, `test/fixtures/debezium-3.6`. A record's timestamp is the time at which it
 * was handled, as Kafka Connect's producer sets it; when the database committed is in `source.ts_ms`.
 */
import type { ProduceRequest } from '../../brokers/port.js';
import type { Clock } from '../../clock.js';
import { asError } from '../../errors.js';
import type { ChangeOperation, ConnectSchema, Headers } from '../../record.js';
import { connectValueText } from '../../serde/connect-values.js';
import type { Serde, SerdeContext } from '../../serde/serde.js';
import type { Long, TransactionBlock } from '../change.js';
import type { CapturedTable, Row } from './captured-table.js';
import { formatLsn } from './log-position.js';

/** What the source says in all records: the version of Debezium whose records these are like. */
const VERSION = '3.6.0.Final';
const TASK_ID = '0';
const CONNECTOR_NAME = 'postgresql';

/** Serdes for whatever the schemas say: `connectJson()`, `connectJsonPlain()` or Avro. */
export interface CaptureSerdes {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

/** A moment as Debezium's `ts_ms`, `ts_us` and `ts_ns`. */
export interface Moment {
  readonly ms: number;
  readonly us: number;
  readonly ns: Long;
}

export function momentOfMicros(us: number): Moment {
  return { ms: Math.floor(us / 1_000), us, ns: BigInt(us) * 1_000n };
}

/** Where a change is in the log. */
export interface ChangeOrigin {
  readonly at: Moment;
  readonly txId: number;
  readonly lsn: number;
  readonly lastCommitLsn: number | null;
  readonly snapshot: 'false' | 'true' | 'first' | 'last' | 'first_in_data_collection' | 'last_in_data_collection';
}

export class ChangeRecords {
  readonly #prefix: string;
  readonly #database: string;
  readonly #serdes: CaptureSerdes;
  readonly #clock: Clock;
  readonly #headers: Headers;
  readonly #context: SerdeContext = { topic: '', headers: [], schema: undefined };
  #now: Moment = momentOfMicros(0);

  constructor(
    identity: { readonly prefix: string; readonly database: string; readonly runId: string },
    serdes: CaptureSerdes,
    clock: Clock,
  ) {
    this.#prefix = identity.prefix;
    this.#database = identity.database;
    this.#serdes = serdes;
    this.#clock = clock;
    this.#headers = Object.freeze([
      header('__debezium.context.connectorLogicalName', identity.prefix),
      header('__debezium.context.taskId', TASK_ID),
      header('__debezium.context.connectorName', CONNECTOR_NAME),
      header('__debezium.context.runId', identity.runId),
    ]);
  }

  /** The record of a change that leaves the key as it is. */
  change(
    table: CapturedTable,
    op: ChangeOperation,
    key: Row | null,
    rows: { readonly before: Row | null; readonly after: Row | null },
    origin: ChangeOrigin,
    transaction: TransactionBlock | null,
    extra: Headers = [],
  ): ProduceRequest {
    const now = this.#moment();
    const envelope = {
      before: rows.before,
      after: rows.after,
      source: {
        version: VERSION,
        connector: CONNECTOR_NAME,
        name: this.#prefix,
        ts_ms: origin.at.ms,
        snapshot: origin.snapshot,
        db: this.#database,
        sequence: `[${origin.lastCommitLsn === null ? 'null' : `"${origin.lastCommitLsn}"`},"${origin.lsn}"]`,
        ts_us: origin.at.us,
        ts_ns: origin.at.ns,
        schema: table.schema,
        table: table.table,
        txId: origin.txId,
        lsn: origin.lsn,
        xmin: null,
        origin: null,
        origin_lsn: null,
      },
      transaction,
      op,
      ts_ms: now.ms,
      ts_us: now.us,
      ts_ns: now.ns,
    };
    try {
      return {
        topic: table.topic,
        partition: undefined,
        key: this.#key(table, key),
        value: this.#bytes(this.#serdes.value, table.topic, table.valueSchema, envelope),
        timestamp: now.ms,
        headers: this.#withExtra(extra),
      };
    } catch (error) {
      const row = key === null ? 'a row' : `the row ${connectValueText(table.keySchema!, key)}`;
      throw new Error(
        `A change (${op}) of ${row} of ${table.name} at ${formatLsn(origin.lsn)} cannot be written as ` +
          `${this.#serdes.value.encoding}: ${asError(error).message}`,
        { cause: error },
      );
    }
  }

  /** The record that says to compaction, and to readers, that a key is gone. */
  tombstone(table: CapturedTable, key: Row | null, extra: Headers = []): ProduceRequest {
    return {
      topic: table.topic,
      partition: undefined,
      key: this.#key(table, key),
      value: null,
      timestamp: this.#moment().ms,
      headers: this.#withExtra(extra),
    };
  }

  /** A record that is no change: of the transaction or the heartbeat topic. */
  plain(
    topic: string,
    key: readonly [ConnectSchema, unknown],
    value: readonly [ConnectSchema, unknown],
  ): ProduceRequest {
    return {
      topic,
      partition: undefined,
      key: this.#bytes(this.#serdes.key, topic, ...key),
      value: this.#bytes(this.#serdes.value, topic, ...value),
      timestamp: this.#moment().ms,
      headers: [],
    };
  }

  #key(table: CapturedTable, key: Row | null): Buffer | null {
    return key === null ? null : this.#bytes(this.#serdes.key, table.topic, table.keySchema!, key);
  }

  #bytes(serde: Serde<unknown>, topic: string, schema: ConnectSchema, value: unknown): Buffer | null {
    const context = this.#context;
    context.topic = topic;
    context.headers = this.#headers;
    context.schema = schema;
    return serde.serialize(value, context);
  }

  #withExtra(extra: Headers): Headers {
    return extra.length === 0 ? this.#headers : [...extra, ...this.#headers];
  }

  /** Now; the clock counts milliseconds, and so do the finer fields. */
  #moment(): Moment {
    const ms = this.#clock.now();
    if (ms !== this.#now.ms) this.#now = momentOfMicros(ms * 1_000);
    return this.#now;
  }
}

/** The key of the other record of an update that changed the key: as a text, as Connect's header converter writes it. */
export function keyHeader(name: '__debezium.newkey' | '__debezium.oldkey', table: CapturedTable, key: Row): Headers {
  return [header(name, connectValueText(table.keySchema!, key))];
}

function header(key: string, text: string): { readonly key: string; readonly value: Buffer } {
  return Object.freeze({ key, value: Buffer.from(text) });
}
