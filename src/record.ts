/**
 * A record as operators see it: one immutable object, the same shape from the source to the sink.
 *
 * Operators never change a record; they make the next one with {@link withValue}, {@link withKey} or
 * {@link withKeyValue}, which carry position, headers, timestamp, change and schemas on.
 */

/** One header: a name and bytes. Names may repeat; order is kept, as Kafka keeps it. */
export interface Header {
  readonly key: string;
  /** The bytes as they were on the wire; null and empty are different. */
  readonly value: Buffer | null;
}

/** The headers of a record, in their order. */
export type Headers = readonly Header[];

/** Shared by all records without headers, so that having none costs nothing. */
export const NO_HEADERS: Headers = Object.freeze([]);

/** Debezium's operation codes: create, update, delete, snapshot read, truncate. */
export type ChangeOperation = 'c' | 'u' | 'd' | 'r' | 't';

/**
 * What `unwrap` takes off a change event and keeps on the record: where the change comes from.
 *
 * Source: Debezium 3.6 `io.debezium.connector.postgresql.Source`.
 */
export interface ChangeContext {
  readonly db: string;
  readonly schema: string;
  readonly table: string;
  readonly op: ChangeOperation;
  /** WAL position of the change; null for rows of an incremental snapshot. Monotone per key, not per topic. */
  readonly lsn: bigint | null;
  readonly txId: number | null;
  /** Debezium's own text, `["<last commit lsn>","<lsn>"]`. */
  readonly sequence: string | null;
  /** Milliseconds since the epoch at which the database committed the change. */
  readonly tsMs: number;
  /** The topic to write to, where `unwrap` routes by a column (`routeByField`). */
  readonly route?: string;
}

/** A schema in Kafka Connect's vocabulary, as JSON converters write it. See `serde/connect-schema.ts`. */
export interface ConnectSchema {
  readonly type:
    | 'struct'
    | 'array'
    | 'map'
    | 'int8'
    | 'int16'
    | 'int32'
    | 'int64'
    | 'float'
    | 'double'
    | 'boolean'
    | 'string'
    | 'bytes';
  readonly optional?: boolean;
  readonly default?: unknown;
  readonly name?: string;
  readonly version?: number;
  readonly doc?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** The name of this field inside its struct. */
  readonly field?: string;
  readonly fields?: readonly ConnectSchema[];
  readonly items?: ConnectSchema;
  readonly keys?: ConnectSchema;
  readonly values?: ConnectSchema;
}

/**
 * A record on its way through a topology.
 *
 * @typeParam V the value; null is a tombstone
 * @typeParam K the key
 */
export interface StreamRecord<V = unknown, K = unknown> {
  readonly key: K;
  readonly value: V;
  /** Event time, milliseconds since the epoch. */
  readonly timestamp: number;
  readonly headers: Headers;
  /** Where the record was read; derived records keep the position of the one they come from. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Set by `unwrap`. */
  readonly change: ChangeContext | undefined;
  /** The schema the key was written with, when its encoding carries one. It travels with the row to the sink. */
  readonly keySchema: ConnectSchema | undefined;
  /** The schema the value was written with; `unwrap` narrows it to the row's. */
  readonly valueSchema: ConnectSchema | undefined;
}

/**
 * The same record with another value.
 *
 * @example
 * context.forward(withValue(record, record.value.price));
 */
export function withValue<V, K>(record: StreamRecord<unknown, K>, value: V): StreamRecord<V, K> {
  return withKeyValue(record, record.key, value);
}

/**
 * The same record with another key; the schema of the old key no longer describes it.
 *
 * @example
 * context.forward(withKey(record, record.value.dealer));
 */
export function withKey<V, K>(record: StreamRecord<V>, key: K): StreamRecord<V, K> {
  return {
    key,
    value: record.value,
    timestamp: record.timestamp,
    headers: record.headers,
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    change: record.change,
    keySchema: undefined,
    valueSchema: record.valueSchema,
  };
}

/**
 * The same record with another key and value. Keeps the key's schema when the key is the same object.
 *
 * @example
 * context.forward(withKeyValue(record, record.value.dealer, record.value.price));
 */
export function withKeyValue<V, K>(record: StreamRecord, key: K, value: V): StreamRecord<V, K> {
  return {
    key,
    value,
    timestamp: record.timestamp,
    headers: record.headers,
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    change: record.change,
    keySchema: record.key === (key as unknown) ? record.keySchema : undefined,
    valueSchema: record.valueSchema,
  };
}

/**
 * Makes a record from parts: for tests, examples and sources.
 *
 * @example
 * const r = recordOf({ id: 1 }, { model: 'Focus' }, { timestamp: 1_000 });
 */
export function recordOf<V, K>(
  key: K,
  value: V,
  parts: Partial<Omit<StreamRecord, 'key' | 'value'>> = {},
): StreamRecord<V, K> {
  return {
    key,
    value,
    timestamp: parts.timestamp ?? 0,
    headers: parts.headers ?? NO_HEADERS,
    topic: parts.topic ?? '',
    partition: parts.partition ?? 0,
    offset: parts.offset ?? 0,
    change: parts.change,
    keySchema: parts.keySchema,
    valueSchema: parts.valueSchema,
  };
}
