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

function isTable(place: { readonly schema: string; readonly table: string }, wanted: string): boolean {
  return wanted === place.table || wanted === `${place.schema}.${place.table}`;
}
