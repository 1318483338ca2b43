/**
 * A change event as Debezium writes it: the row before and after, and where the change comes from.
 *
 * Source of the fields: Debezium 3.6, `io.debezium.data.Envelope` and `io.debezium.connector.postgresql.Source`.
 */
import type { ChangeOperation } from '../record.js';

/** An `int64`: a number where JavaScript's numbers hold it exactly, otherwise a bigint. */
export type Long = number | bigint;

/**
 * What Debezium writes in place of a large column that an update did not touch (an unchanged TOAST value). It is no
 * data: it must reach neither a model nor a table.
 */
export const UNAVAILABLE = '__debezium_unavailable_value';

const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE);

/** Where a change happened. Fields that another connector than Postgres writes are reached by their names too. */
export interface Source {
  readonly version: string;
  readonly connector: string;
  /** The connector's `topic.prefix`. */
  readonly name: string;
  /** Milliseconds since the epoch at which the database committed the change. */
  readonly ts_ms: number;
  /** `true first first_in_data_collection last_in_data_collection last false incremental`. */
  readonly snapshot?: string | null;
  readonly db: string;
  /** Text: `["<last commit lsn>","<lsn>"]`, either may be null. */
  readonly sequence?: string | null;
  readonly ts_us?: Long | null;
  readonly ts_ns?: Long | null;
  readonly schema: string;
  readonly table: string;
  readonly txId?: Long | null;
  readonly lsn?: Long | null;
  readonly xmin?: Long | null;
  readonly origin?: string | null;
  readonly origin_lsn?: Long | null;
}

/** The transaction of a change, where the connector provides transaction metadata. */
export interface TransactionBlock {
  /** `<txId>:<lsn>`. */
  readonly id: string;
  readonly total_order: Long;
  readonly data_collection_order: Long;
}

/**
 * A change of a row.
 *
 * `before` of a delete holds only the key's columns truly, and fallbacks for the others, unless the table's replica
 * identity is FULL.
 *
 * @typeParam Row the row, with the types of `docs/types.md`
 */
export interface Change<Row> {
  readonly before: Row | null;
  readonly after: Row | null;
  readonly source: Source;
  readonly op: ChangeOperation;
  /** When the connector handled the change: milliseconds since the epoch. */
  readonly ts_ms?: number | null;
  readonly ts_us?: Long | null;
  readonly ts_ns?: Long | null;
  readonly transaction?: TransactionBlock | null;
}

/** Where a change stands in the database's log: total order is by `lastCommit`, then `lsn`; null is lowest. */
export interface ChangePosition {
  readonly lastCommit: bigint | null;
  readonly lsn: bigint | null;
}

/**
 * The position of a change, from `source.sequence`; from `source.lsn` alone where there is no sequence.
 *
 * An lsn alone is not ordered across a topic, which is in the order of commits; for one key it is.
 *
 * @throws Error when the sequence is not the text that Debezium writes
 */
export function positionOf(change: Change<unknown>): ChangePosition {
  const { sequence, lsn } = change.source;
  if (sequence === null || sequence === undefined) {
    return { lastCommit: null, lsn: lsn === null || lsn === undefined ? null : BigInt(lsn) };
  }
  const parts = SEQUENCE.exec(sequence);
  if (parts === null) {
    throw new Error(
      `source.sequence is ${JSON.stringify(sequence)}, not two log positions as ["29260392","29260632"]: the change ` +
        'cannot be placed in the order of the log',
    );
  }
  return { lastCommit: bigintOrNull(parts[1]), lsn: bigintOrNull(parts[2]) };
}

const SEQUENCE = /^\[\s*(?:"(\d+)"|null)\s*,\s*(?:"(\d+)"|null)\s*\]$/;

function bigintOrNull(digits: string | undefined): bigint | null {
  return digits === undefined ? null : BigInt(digits);
}

/** Negative when `a` is earlier than `b` in the log, 0 when it is the same place, positive when it is later. */
export function comparePositions(a: ChangePosition, b: ChangePosition): number {
  return compareNullLowest(a.lastCommit, b.lastCommit) || compareNullLowest(a.lsn, b.lsn);
}

function compareNullLowest(a: bigint | null, b: bigint | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** Whether a column's value is Debezium's stand-in for an unchanged large value: as text, as bytes or in an array. */
export function isUnavailable(value: unknown): boolean {
  if (typeof value === 'string') return value === UNAVAILABLE;
  if (typeof value !== 'object') return false;
  if (Buffer.isBuffer(value)) return value.equals(UNAVAILABLE_BYTES);
  return Array.isArray(value) && value.length === 1 && isUnavailable(value[0]);
}
