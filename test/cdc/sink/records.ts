/** Decoded records for the tests of the sink's writer. */

import type { Row, SinkRecord } from '../../../src/cdc/sink/sink-record.js';
import type { ConnectSchema } from '../../../src/record.js';

export const int32 = (field: string, more: Partial<ConnectSchema> = {}): ConnectSchema => ({
  type: 'int32',
  field,
  ...more,
});
export const optional = (
  type: ConnectSchema['type'],
  field: string,
  more: Partial<ConnectSchema> = {},
): ConnectSchema => ({ type, optional: true, field, ...more });
export const struct = (...fields: ConnectSchema[]): ConnectSchema => ({ type: 'struct', fields });

export const KEY = struct(int32('id'));
export const CAR = struct(
  int32('id'),
  optional('string', 'model'),
  optional('int32', 'year'),
  optional('double', 'suggestedprice'),
);

let offset = 0;

/** A record of the topic `cars`; value null is a delete. */
export function carRecord(id: number | Row, value: Row | null, parts: Partial<SinkRecord> = {}): SinkRecord {
  return {
    topic: 'cars',
    partition: 0,
    offset: offset++,
    timestamp: 0,
    key: typeof id === 'number' ? { id } : id,
    keySchema: KEY,
    value,
    valueSchema: value === null ? undefined : CAR,
    ...parts,
  };
}

export function car(id: number, model: string, suggestedprice = 9_000, year = 2018): Row {
  return { id, model, year, suggestedprice };
}
