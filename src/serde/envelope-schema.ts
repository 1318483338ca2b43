/**
 * The schema of a Debezium envelope around a row, as the Postgres connector writes it.
 *
 * Source: records of Debezium 3.6.0.Final, `test/fixtures/debezium-3.6/json-with-schema.jsonl`.
 */
import type { ConnectSchema } from '../record.js';
import { fieldOf, int64, named, optional, string, struct, structOf } from './connect-schema.js';

const SNAPSHOT: ConnectSchema = Object.freeze({
  ...optional(named('io.debezium.data.Enum', string)),
  parameters: Object.freeze({
    allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental',
  }),
  default: 'false',
});

const longs = optional(int64);
const texts = optional(string);

/** The schema of `source`. */
export const SOURCE_SCHEMA: ConnectSchema = named(
  'io.debezium.connector.postgresql.Source',
  struct(undefined, {
    version: string,
    connector: string,
    name: string,
    ts_ms: int64,
    snapshot: SNAPSHOT,
    db: string,
    sequence: texts,
    ts_us: longs,
    ts_ns: longs,
    schema: string,
    table: string,
    txId: longs,
    lsn: longs,
    xmin: longs,
    origin: texts,
    origin_lsn: longs,
  }),
);

/** The schema of `transaction`. */
export const TRANSACTION_SCHEMA: ConnectSchema = named(
  'event.block',
  struct(undefined, { id: string, total_order: int64, data_collection_order: int64 }),
);

/**
 * The schema of a change.
 *
 * @param topic names the envelope: `<topic>.Envelope`
 * @param row the row's schema; in the envelope it may be null
 */
export function envelopeSchema(topic: string, row: ConnectSchema): ConnectSchema {
  const optionalRow = optional(row);
  const fields: readonly (readonly [string, ConnectSchema])[] = [
    ['before', optionalRow],
    ['after', optionalRow],
    ['source', SOURCE_SCHEMA],
    ['transaction', optional(TRANSACTION_SCHEMA)],
    ['op', string],
    ['ts_ms', longs],
    ['ts_us', longs],
    ['ts_ns', longs],
  ];
  const envelope = structOf(
    `${topic}.Envelope`,
    fields.map(([name, schema]) => fieldOf(name, schema)),
  );
  return Object.freeze({ ...envelope, version: 2 });
}

/** Whether a schema is an envelope's: Debezium goes by the name, `io.debezium.data.Envelope.isEnvelopeSchema`. */
export function isEnvelopeSchema(schema: ConnectSchema): boolean {
  return schema.name?.endsWith('.Envelope') ?? false;
}
