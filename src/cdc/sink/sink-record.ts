/** A record as the sink takes it: decoded, and where it was. */

import type { ConsumedRecord } from '../../brokers/port.js';
import { asError, RecordError } from '../../errors.js';
import type { ConnectSchema } from '../../record.js';
import type { Serde, SerdeContext } from '../../serde/serde.js';

/** How the records of a topic are encoded. */
export interface SinkSerdes {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

export type Row = Readonly<Record<string, unknown>>;

export interface SinkRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly key: Row;
  readonly keySchema: ConnectSchema;
  /** null: the row is to be deleted. */
  readonly value: Row | null;
  readonly valueSchema: ConnectSchema | undefined;
}

const context: SerdeContext = { topic: '', headers: [], schema: undefined };

/**
 * Decodes a record and takes the row out of a Debezium envelope, which this sink accepts as Debezium's does.
 *
 * @returns undefined for a truncate, which is ignored as Debezium ignores it by default
 * @throws RecordError when it cannot be decoded, or has no struct with a schema as its key or value
 */
export function decodeSinkRecord(record: ConsumedRecord, serdes: SinkSerdes): SinkRecord | undefined {
  const value = decode(record, 'value', serdes.value);
  const envelope = value.schema?.name?.endsWith('.Envelope') === true && isRow(value.data);
  if (envelope && (value.data as Row).op === 't') return undefined;
  const row = envelope ? rowOfEnvelope(value) : value;
  if (row.data !== null && (!isRow(row.data) || row.schema?.fields === undefined)) {
    throw refused(record, 'its value is not a struct with a schema: write it as Avro, or as JSON with its schema');
  }
  const key = decode(record, 'key', serdes.key);
  if (!isRow(key.data) || key.schema?.fields === undefined) {
    throw refused(record, 'its key is not a struct with a schema, which primary.key.mode=record_key needs');
  }
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: key.data,
    keySchema: key.schema,
    value: row.data,
    valueSchema: row.data === null ? undefined : row.schema,
  };
}

interface Decoded {
  readonly data: unknown;
  readonly schema: ConnectSchema | undefined;
}

function decode(record: ConsumedRecord, part: 'key' | 'value', serde: Serde<unknown>): Decoded {
  context.topic = record.topic;
  context.headers = record.headers;
  context.schema = undefined;
  try {
    const data = serde.deserialize(record[part], context);
    return { data, schema: context.schema };
  } catch (error) {
    throw new RecordError(
      `The ${part} of ${place(record)} cannot be decoded as ${serde.encoding}: ${asError(error).message}`,
      'deserialization',
      record,
      undefined,
      { cause: error },
    );
  }
}

/** What the row is after the change; null after a delete. */
function rowOfEnvelope(envelope: Decoded): Decoded {
  return {
    data: (envelope.data as Row).after ?? null,
    schema: envelope.schema?.fields?.find((field) => field.field === 'after'),
  };
}

function isRow(data: unknown): data is Row {
  return typeof data === 'object' && data !== null && !Array.isArray(data) && !(data instanceof Uint8Array);
}

/** `topic[partition]@offset`, as it stands in messages. */
export function place(record: { topic: string; partition: number; offset: number }): string {
  return `${record.topic}[${record.partition}]@${record.offset}`;
}

/** A record that this sink cannot write, and why. */
export function refused(
  record: { readonly topic: string; readonly partition: number; readonly offset: number },
  why: string,
  cause?: unknown,
): RecordError {
  const { topic, partition, offset } = record;
  return new RecordError(
    `The table sink cannot write ${place(record)}: ${why}.`,
    'production',
    { topic, partition, offset },
    undefined,
    cause === undefined ? {} : { cause },
  );
}
