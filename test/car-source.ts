import type { Source } from '../src/cdc/change.js';

/**
 * The `source` of a change of `car_data` as Debezium 3.6 writes it: what a program may read of it.
 *
 * @param at milliseconds since the epoch when it was committed; each change is a transaction of its own
 */
export function carSource(lsn: number, at: number): Source {
  return {
    version: '3.6.0.Final',
    connector: 'postgresql',
    name: 'car_database',
    ts_ms: at,
    snapshot: 'false',
    db: 'car_database',
    sequence: `["${lsn}","${lsn}"]`,
    schema: 'public',
    table: 'car_data',
    txId: Math.floor(lsn / 64),
    lsn,
  };
}
