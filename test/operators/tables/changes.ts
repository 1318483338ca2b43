/** Change events of cars as Debezium writes them, for the tables. */
import type { Change } from '../../../src/cdc/change.js';
import { type ConnectSchema, type Headers, recordOf, type StreamRecord } from '../../../src/record.js';
import type { Car, CarKey } from './cars.js';

export type ChangeRecord = StreamRecord<Change<Car> | null, CarKey>;

export interface Place {
  /** Position in the database's log; null as in an incremental snapshot. */
  readonly lsn?: number | null;
  readonly offset?: number;
  readonly partition?: number;
  readonly topic?: string;
  /** Milliseconds since the epoch at which the database committed. */
  readonly committed?: number;
  /** Event time of the record. */
  readonly timestamp?: number;
  readonly headers?: Headers;
  readonly valueSchema?: ConnectSchema;
}

/** The columns of a car. */
export const carFields: readonly ConnectSchema[] = [
  { type: 'int32', field: 'id' },
  { type: 'string', optional: true, field: 'model' },
];

/** The schema of a car's envelope, as Connect has it. */
export const envelopeSchema: ConnectSchema = {
  type: 'struct',
  name: 'p.public.cars.Envelope',
  fields: [
    { type: 'struct', name: 'p.public.cars.Value', optional: true, fields: carFields, field: 'before' },
    { type: 'struct', name: 'p.public.cars.Value', optional: true, fields: carFields, field: 'after' },
    { type: 'struct', name: 'io.debezium.connector.postgresql.Source', field: 'source' },
    { type: 'string', field: 'op' },
  ],
};

/** The schema of a car. */
export const rowSchema: ConnectSchema = {
  type: 'struct',
  name: 'p.public.cars.Value',
  optional: true,
  fields: carFields,
};

/** A change of the car with the key `id`; `null` for what the envelope has as null. */
export function change(
  op: Change<Car>['op'],
  id: number,
  rows: { readonly before?: Car | null; readonly after?: Car | null },
  place: Place = {},
): StreamRecord<Change<Car>, CarKey> {
  const { lsn = 100, committed = 1_000 } = place;
  const value: Change<Car> = {
    before: rows.before ?? null,
    after: rows.after ?? null,
    source: {
      version: '3.6.0.Final',
      connector: 'postgresql',
      name: 'p',
      ts_ms: committed,
      snapshot: op === 'r' ? 'true' : 'false',
      db: 'car_database',
      sequence: `[null,${lsn === null ? 'null' : `"${lsn}"`}]`,
      schema: 'public',
      table: 'cars',
      txId: lsn === null ? null : 7,
      lsn,
    },
    op,
    ts_ms: committed + 50,
    transaction: null,
  };
  return recordOf({ id }, value, partsOf(place));
}

/** The tombstone of a key, as Debezium writes it after a delete. */
export function tombstoneOf(id: number, place: Place = {}): StreamRecord<null, CarKey> {
  return recordOf({ id }, null, partsOf(place));
}

function partsOf({ offset = 0, partition = 0, topic = 'p.public.cars', timestamp = 0, headers, valueSchema }: Place) {
  return {
    offset,
    partition,
    topic,
    timestamp,
    ...(headers === undefined ? {} : { headers }),
    ...(valueSchema === undefined ? {} : { valueSchema }),
  };
}
