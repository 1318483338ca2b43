/** By what the records of two topics are taken for the same: their key, and the position of their change. */
import type { ConsumedRecord } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';

/**
 * - `key`: the latest record of each key, as a table is; a null value deletes.
 * - `timestamp`: each record, by key and timestamp: what a topology writes has the time of what it read.
 * - `header:<name>`, `field:<name>`: each record, by key and what the header or the field of the value holds: the
 *   position in the database's log that `unwrap` adds (`__lsn`).
 */
export type JoinedBy = 'key' | 'timestamp' | `header:${string}` | `field:${string}`;

/** Where `unwrap` puts the position when it is told to, in the order in which they are looked for. */
const POSITIONS: readonly string[] = ['__source_lsn', '__lsn'];

/** @throws ConfigurationError when it is none */
export function parseJoinedBy(text: string): JoinedBy {
  if (text === 'key' || text === 'timestamp' || /^(header|field):./.test(text)) return text as JoinedBy;
  throw new ConfigurationError(
    `by: '${text}' is nothing that records are joined by: give key, timestamp, header:<name> or field:<name>`,
    'by',
  );
}

/** What both records carry a position in; `key` where they carry none. */
export function commonPosition(here: Sample | undefined, there: Sample | undefined): JoinedBy {
  if (here === undefined || there === undefined) return 'key';
  const both = POSITIONS.flatMap((name) => [`header:${name}`, `field:${name}`] as const);
  return both.find((by) => positionOf(by, here) !== undefined && positionOf(by, there) !== undefined) ?? 'key';
}

/** A record and its decoded value. */
export interface Sample {
  readonly record: Pick<ConsumedRecord, 'headers' | 'timestamp'>;
  readonly value: unknown;
}

/** What stands for a record's position beside its key, as a text; undefined where it has none. */
export function positionOf(by: JoinedBy, { record, value }: Sample): string | undefined {
  if (by === 'key') return '';
  if (by === 'timestamp') return String(record.timestamp);
  const name = by.slice(by.indexOf(':') + 1);
  if (by.startsWith('header:')) return record.headers.find(({ key }) => key === name)?.value?.toString();
  const field = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return field === undefined || field === null ? undefined : String(field);
}
