/**
 * From pgoutput's messages to records: what a transaction of the log becomes.
 *
 * S1. A transaction that the position covers is passed over; of one that was published in part, as many changes as are
 *     out. Both are counted by what the log says, which is the same each time it is read.
 * S2. Nothing of a transaction is settled before its commit is read.
 */
import type { Pgoutput } from 'pg-logical-replication';
import type { ProduceRequest } from '../../brokers/port.js';
import type { TransactionBlock } from '../change.js';
import type { CapturePosition, LogIdentity } from './capture-position.js';
import type { CapturedTable, Row, Tuple } from './captured-table.js';
import type { CapturedTables } from './captured-tables.js';
import { type ChangeOrigin, type ChangeRecords, keyHeader, type Moment, momentOfMicros } from './change-records.js';
import { parseLsn } from './log-position.js';
import type { Publisher } from './publisher.js';
import { TransactionMetadata } from './transaction-metadata.js';

export interface ChangeStreamSettings {
  readonly identity: LogIdentity;
  readonly tombstones: boolean;
  /** Undefined: no transaction metadata. */
  readonly transactionTopic: string | undefined;
}

interface OpenTransaction {
  readonly commitLsn: number;
  readonly at: Moment;
  readonly txId: number;
  readonly lastCommitLsn: number | null;
  /** Changes that are out already. */
  readonly published: number;
  readonly metadata: TransactionMetadata | undefined;
  /** Metadata's record of the beginning, which goes with the first change, or with the end. */
  begin: readonly ProduceRequest[];
  /** Changes that were read, of whatever table. */
  changes: number;
}

export class ChangeStream {
  readonly #settings: ChangeStreamSettings;
  readonly #describe: (relation: Pgoutput.MessageRelation) => Promise<void>;
  readonly #tables: CapturedTables;
  readonly #records: ChangeRecords;
  readonly #publisher: Publisher;
  readonly #onEvent: (table: string) => void;
  /** All that ends at or before it is published. */
  #lsn: number;
  #lastCommitLsn: number | null;
  #partial: CapturePosition['partial'];
  #transaction: OpenTransaction | undefined;

  constructor(
    settings: ChangeStreamSettings,
    parts: {
      /** Makes the table of a relation known to `tables`. */
      readonly describe: (relation: Pgoutput.MessageRelation) => Promise<void>;
      readonly tables: CapturedTables;
      readonly records: ChangeRecords;
      readonly publisher: Publisher;
      readonly onEvent: (table: string) => void;
    },
    from: Pick<CapturePosition, 'lsn' | 'lastCommitLsn' | 'partial'>,
  ) {
    this.#settings = settings;
    this.#describe = parts.describe;
    this.#tables = parts.tables;
    this.#records = parts.records;
    this.#publisher = parts.publisher;
    this.#onEvent = parts.onEvent;
    this.#lsn = from.lsn;
    this.#lastCommitLsn = from.lastCommitLsn;
    this.#partial = from.partial;
    this.#publisher.follow(this.position);
  }

  /** Whether no transaction is being read. */
  get isBetweenTransactions(): boolean {
    return this.#transaction === undefined;
  }

  /** Where the log is read to: the end of the last whole transaction. */
  get position(): CapturePosition {
    return { ...this.#settings.identity, lsn: this.#lsn, lastCommitLsn: this.#lastCommitLsn, partial: null };
  }

  /** Handles one message. A promise asks to wait before the next. */
  accept(lsn: number, message: Pgoutput.Message): Promise<void> | undefined {
    switch (message.tag) {
      case 'begin':
        this.#begin(lsn, message);
        return undefined;
      case 'relation':
        return this.#describe(message);
      case 'insert':
      case 'update':
      case 'delete':
        return this.#change(lsn, message);
      case 'commit':
        return this.#commit(message);
      default:
        // Types and origins say nothing that is not in the catalogue; `truncate` and messages are skipped operations.
        return undefined;
    }
  }

  #begin(lsn: number, message: Pgoutput.MessageBegin): void {
    const commitLsn = parseLsn(message.commitLsn ?? '0/0');
    const txId = message.xid >>> 0;
    const at = momentOfMicros(Number(message.commitTime));
    const topic = this.#settings.transactionTopic;
    const whole = commitLsn < this.#lsn;
    const part = this.#partial?.commitLsn === commitLsn ? this.#partial.changes : 0;
    const metadata = topic === undefined ? undefined : new TransactionMetadata(this.#records, topic, txId, at.ms);
    this.#transaction = {
      commitLsn,
      at,
      txId,
      lastCommitLsn: this.#lastCommitLsn,
      published: whole ? Number.POSITIVE_INFINITY : part,
      metadata,
      begin: metadata === undefined || part > 0 ? [] : [metadata.begin(lsn)],
      changes: 0,
    };
  }

  #change(lsn: number, message: Pgoutput.MessageInsert | Pgoutput.MessageUpdate | Pgoutput.MessageDelete) {
    const transaction = this.#transaction;
    if (transaction === undefined) throw new Error('PostgreSQL sent a change outside of a transaction');
    transaction.changes++;
    const table = this.#tables.get(message.relation.relationOid >>> 0);
    if (table === undefined) return undefined;
    const { at, txId, lastCommitLsn } = transaction;
    const origin: ChangeOrigin = { at, txId, lsn, lastCommitLsn, snapshot: 'false' };
    const block = (): TransactionBlock | null => transaction.metadata?.next(table.name, lsn) ?? null;
    const records = this.#recordsOf(table, message, origin, block);
    if (transaction.changes > transaction.published) {
      this.#onEvent(table.name);
      this.#publish(transaction, records);
    }
    return this.#publisher.room();
  }

  #recordsOf(
    table: CapturedTable,
    message: Pgoutput.MessageInsert | Pgoutput.MessageUpdate | Pgoutput.MessageDelete,
    origin: ChangeOrigin,
    block: () => TransactionBlock | null,
  ): readonly ProduceRequest[] {
    const records = this.#records;
    if (message.tag === 'insert') {
      const after = table.row(message.new as Tuple);
      return [records.change(table, 'c', table.keyOf(after), { before: null, after }, origin, block())];
    }
    const old = (message.old ?? message.key) as Tuple | null;
    const before = old === null ? null : message.old === null ? table.identityRow(old) : table.row(old);
    if (message.tag === 'delete') {
      return this.#deletion(table, before ?? table.identityRow({}), origin, block());
    }
    const after = table.row(message.new as Tuple);
    const key = table.keyOf(after);
    if (old === null || key === null || before === null || !table.keyChanged(old, message.new as Tuple)) {
      return [records.change(table, 'u', key, { before, after }, origin, block())];
    }
    const oldKey = table.keyOf(before)!;
    const newKeyHeader = keyHeader('__debezium.newkey', table, key);
    const oldKeyHeader = keyHeader('__debezium.oldkey', table, oldKey);
    return [
      ...this.#deletion(table, before, origin, block(), newKeyHeader),
      records.change(table, 'c', key, { before: null, after }, origin, block(), oldKeyHeader),
    ];
  }

  #deletion(
    table: CapturedTable,
    before: Row,
    origin: ChangeOrigin,
    block: TransactionBlock | null,
    extra?: ReturnType<typeof keyHeader>,
  ): ProduceRequest[] {
    const key = table.keyOf(before);
    const deletion = this.#records.change(table, 'd', key, { before, after: null }, origin, block, extra);
    // Compaction, for which a tombstone is, needs a key.
    if (!this.#settings.tombstones || key === null) return [deletion];
    return [deletion, this.#records.tombstone(table, key, extra)];
  }

  #commit(message: Pgoutput.MessageCommit): Promise<void> | undefined {
    const transaction = this.#transaction;
    if (transaction === undefined) throw new Error('PostgreSQL sent a commit outside of a transaction');
    const endLsn = parseLsn(message.commitEndLsn ?? '0/0');
    const end = transaction.metadata?.end(endLsn);
    if (end !== undefined && Number.isFinite(transaction.published)) this.#publish(transaction, [end]);
    this.#transaction = undefined;
    this.#lastCommitLsn = endLsn;
    this.#partial = null;
    if (endLsn > this.#lsn) this.#lsn = endLsn;
    this.#publisher.settle(this.position);
    return this.#publisher.room();
  }

  #publish(transaction: OpenTransaction, records: readonly ProduceRequest[]): void {
    const { commitLsn, changes, begin } = transaction;
    this.#publisher.add(begin.length === 0 ? records : [...begin, ...records], { commitLsn, changes });
    transaction.begin = [];
  }
}
