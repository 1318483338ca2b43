import type { StreamRecord } from '../record.js';
import { isEnvelope } from './envelope.js';

/**
 * A predicate for `filter`: the changes of one table. Works on change events and, after `unwrap`, on rows.
 *
 * Tombstones pass, since they say no table; what is neither a change nor a tombstone does not.
 *
 * @param table `schema.table`, or `table` for that table in any schema
 * @example
 * stream(carChanges).pipe(filter(ofTable('public.car_data')), unwrap())
 */
export function ofTable(table: string): <V>(value: V, record: StreamRecord<V>) => boolean {
  return (value, record) => {
    if (record.change !== undefined) return isTable(record.change, table);
    if (value === null || value === undefined) return true;
    return isEnvelope(value, record.valueSchema) && isTable(value.source, table);
  };
}

/** Sources without schemas, such as MySQL's, name none. */
interface Place {
  readonly schema?: string;
  readonly table?: string;
}

/** As comparing with `schema.table`, without a text of these for each record. */
function isTable({ schema, table }: Place, wanted: string): boolean {
  if (wanted === table) return true;
  if (typeof schema !== 'string' || typeof table !== 'string') return false;
  return (
    wanted.length === schema.length + 1 + table.length &&
    wanted[schema.length] === '.' &&
    wanted.endsWith(table) &&
    wanted.startsWith(schema)
  );
}
