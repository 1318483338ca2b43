/**
 * Debezium's `provide.transaction.metadata`: a block in each change, and a topic that says where transactions begin
 * and end.
 *
 * Source: Debezium 3.6 `TransactionStructMaker`, `TransactionMonitor`; records in `test/fixtures/debezium-3.6`.
 */
import type { ProduceRequest } from '../../brokers/port.js';
import type { ConnectSchema } from '../../record.js';
import { array, fieldOf, int64, named, optional, string, struct, structOf } from '../../serde/connect-schema.js';
import type { TransactionBlock } from '../change.js';
import type { ChangeRecords } from './change-records.js';

export function transactionTopic(prefix: string): string {
  return `${prefix}.transaction`;
}

/** The schemas of its key and value. */
export const TRANSACTION_KEY = named(
  'io.debezium.connector.common.TransactionMetadataKey',
  struct(undefined, { id: string }),
);
const COLLECTION_SCHEMA = named('event.collection', struct(undefined, { data_collection: string, event_count: int64 }));
export const TRANSACTION_VALUE: ConnectSchema = Object.freeze({
  ...structOf('io.debezium.connector.common.TransactionMetadataValue', [
    fieldOf('status', string),
    fieldOf('id', string),
    fieldOf('event_count', optional(int64)),
    fieldOf('data_collections', optional(array(COLLECTION_SCHEMA))),
    fieldOf('ts_ms', int64),
  ]),
  version: 1,
});

/** The events of one transaction, counted. */
export class TransactionMetadata {
  readonly #records: ChangeRecords;
  readonly #topic: string;
  readonly #txId: number;
  readonly #tsMs: number;
  readonly #events = new Map<string, number>();
  #total = 0;

  constructor(records: ChangeRecords, topic: string, txId: number, tsMs: number) {
    this.#records = records;
    this.#topic = topic;
    this.#txId = txId;
    this.#tsMs = tsMs;
  }

  begin(lsn: number): ProduceRequest {
    return this.#record('BEGIN', lsn, null, null);
  }

  /** Counts an event of a table, and gives its block. */
  next(table: string, lsn: number): TransactionBlock {
    const ofTable = (this.#events.get(table) ?? 0) + 1;
    this.#events.set(table, ofTable);
    this.#total++;
    return { id: `${this.#txId}:${lsn}`, total_order: this.#total, data_collection_order: ofTable };
  }

  end(lsn: number): ProduceRequest {
    const collections = [...this.#events].map(([table, count]) => ({ data_collection: table, event_count: count }));
    return this.#record('END', lsn, this.#total, collections);
  }

  #record(status: string, lsn: number, count: number | null, collections: readonly object[] | null): ProduceRequest {
    const id = `${this.#txId}:${lsn}`;
    const value = { status, id, event_count: count, data_collections: collections, ts_ms: this.#tsMs };
    return this.#records.plain(this.#topic, [TRANSACTION_KEY, { id }], [TRANSACTION_VALUE, value]);
  }
}
