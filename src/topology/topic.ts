/**
 * Topics as an application declares them: frozen values that open nothing. A topic has a name and the shapes of its keys
 * and values; its encoding is configuration, and comes in where {@link serdesFor} makes serdes of the two.
 */
import type { Change } from '../cdc/change.js';
import { TopologyError } from '../errors.js';
import type { Fields } from '../serde/connect-schema.js';
import { struct } from '../serde/connect-schema.js';
import { ENCODINGS, type Encoding, type EncodingName, type RecordPart } from '../serde/encoding.js';
import { envelopeSchema } from '../serde/envelope-schema.js';
import { type RowShape, travelledKey, travelledRow } from '../serde/row-shape.js';
import type { Serde } from '../serde/serde.js';
import { type DeclaredShape, type Shape, serdeOf } from '../serde/shape.js';

declare const HOLDS: unique symbol;
declare const TAKES: unique symbol;

/** `compact` keeps the latest record of each key; `delete` keeps all for a time. */
export type CleanupPolicy = 'compact' | 'delete';

interface TopicParts {
  readonly name: string;
  readonly key: Shape<unknown>;
  readonly value: Shape<unknown>;
  readonly cleanup: CleanupPolicy;
  /** How many partitions it is created with where it is created by us; undefined: the configuration's default. */
  readonly partitions: number | undefined;
}

/** A topic as one reads it. */
export interface TopicDeclaration<out K = unknown, out V = unknown> extends TopicParts {
  /** For the compiler only. */
  readonly [HOLDS]?: readonly [key: K, value: V];
}

/** A topic as one writes to it: one that takes `Car | null` takes a `Car`, and not the other way round. */
export interface TopicSink<in K = never, in V = never> extends TopicParts {
  /** For the compiler only. */
  readonly [TAKES]?: (key: K, value: V) => void;
}

/**
 * A declared topic, to read from and to write to.
 *
 * @typeParam K its keys
 * @typeParam V its values; null is among them only where the topic declares it
 */
export interface Topic<in out K, in out V> extends TopicDeclaration<K, V>, TopicSink<K, V> {}

/** How a topic is to be kept where it is created by us. */
export interface TopicOptions {
  /** Default: `delete`; for {@link table}: `compact`. */
  readonly cleanup?: CleanupPolicy;
  /** Default: the configuration's. */
  readonly partitions?: number;
}

/** What {@link topic} is told. */
export interface TopicShapes<K, V> extends TopicOptions {
  readonly key: Shape<K>;
  readonly value: Shape<V>;
}

/**
 * Declares a topic.
 *
 * A serde reads and writes null whatever type it is of: where a topic has deletes, say so with `nullable(…)` or in `V`.
 *
 * @param name letters, digits, `.`, `_` and `-`, at most 249
 * @throws TopologyError when the name or the number of partitions is none that Kafka accepts
 * @example
 * export const visits = topic('visits', { key: string(), value: json<Visit>() });
 */
export function topic<K, V>(name: string, shapes: TopicShapes<K, V>): Topic<K, V> {
  return declare(name, shapes.key, shapes.value, shapes, 'delete');
}

/** A topic of changes: besides the topic itself, the shape of its rows. */
export interface ChangesTopic<in out Row, in out K> extends Topic<K, Change<Row> | null> {
  /** The rows inside the changes, for topics of rows: `carChanges.row.plus({ … })`. */
  readonly row: RowShape<Row, K>;
}

/** What {@link changes} may be told. */
export interface ChangesOptions extends TopicOptions {
  /**
   * The columns, for changes that come without a schema (the encoding json): with them, values are converted as
   * `docs/types.md` says and may be written to topics whose encoding needs a schema.
   */
  readonly row?: Fields;
  /** The columns of the primary key, likewise. */
  readonly key?: Fields;
}

/**
 * Declares a topic of Debezium's changes: `Change<Row>`, or null for the tombstone after a delete.
 *
 * A change whose table has no primary key, or that truncates one, has a null key, whatever `K` says.
 *
 * @typeParam Row the row, with the types of `docs/types.md`
 * @typeParam K the key, the columns of the primary key
 * @example
 * export const carChanges = changes<Car, { id: number }>('car_database.public.car_data');
 */
export function changes<Row, K = unknown>(name: string, options: ChangesOptions = {}): ChangesTopic<Row, K> {
  const key = travelledKey<K>(options.key);
  const schemaless = options.row && envelopeSchema(name, struct(`${name}.Value`, options.row));
  const value: DeclaredShape<Change<Row> | null> = Object.freeze({
    nulls: 'accepted' as const,
    serdeFor: (_topic: string, _part: RecordPart, encoding: Encoding) => encoding.changes<Row>(schemaless),
  }) as DeclaredShape<Change<Row> | null>;
  const declared = declare<K, Change<Row> | null>(name, key, value, options, 'delete');
  return Object.freeze({ ...declared, row: travelledRow<Row, K>(options.row, key) });
}

/** What {@link table} may be told. */
export interface TableOptions<K> extends TopicOptions {
  /** Default: the key that goes with the row's shape. */
  readonly key?: Shape<K>;
}

/**
 * Declares a topic of flat rows, the latest of each key, where null deletes: what a table sink writes to a table.
 *
 * @example
 * export const pricedCars = table('car_data_predicted', carChanges.row.plus({ suggestedprice: float64 }));
 */
export function table<Row, K = unknown>(
  name: string,
  row: RowShape<Row, K>,
  options: TableOptions<K> = {},
): Topic<K, Row | null> {
  const rows: DeclaredShape<Row | null> = Object.freeze({
    nulls: 'accepted' as const,
    serdeFor: (of: string, part: RecordPart, encoding: Encoding) => row.serdeFor(of, part, encoding),
  }) as DeclaredShape<Row | null>;
  return declare(name, options.key ?? row.key, rows, options, 'compact');
}

/** The serdes of a topic's two halves. */
export interface TopicSerdes<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/**
 * Makes serdes for a declared topic. Shapes that are serdes themselves keep their own encoding.
 *
 * @param encoding a name, or an encoding with settings of its own
 * @throws TopologyError for a name that is no encoding's
 * @example
 * const { key, value } = serdesFor(carChanges, 'connect-json');
 */
export function serdesFor<K, V>(
  declared: TopicDeclaration<K, V>,
  encoding: EncodingName | Encoding,
): TopicSerdes<K, V> {
  const resolved = typeof encoding === 'string' ? ENCODINGS.get(encoding) : encoding;
  if (resolved === undefined) {
    throw new TopologyError(
      `the topic '${declared.name}' is configured with the encoding '${String(encoding)}': known are ` +
        [...ENCODINGS.keys()].join(' and '),
      declared.name,
    );
  }
  return Object.freeze({
    key: serdeOf(declared.key as Shape<K>, declared.name, 'key', resolved),
    value: serdeOf(declared.value as Shape<V>, declared.name, 'value', resolved),
  });
}

function declare<K, V>(
  name: string,
  key: Shape<K>,
  value: Shape<V>,
  options: TopicOptions,
  cleanup: CleanupPolicy,
): Topic<K, V> {
  checkName(name);
  const { partitions } = options;
  if (partitions !== undefined && !(Number.isInteger(partitions) && partitions > 0)) {
    throw new TopologyError(`the topic '${name}' cannot have ${partitions} partitions: one or more`, name);
  }
  return Object.freeze({
    name,
    key: key as Shape<unknown>,
    value: value as Shape<unknown>,
    cleanup: options.cleanup ?? cleanup,
    partitions,
  });
}

/** Source: Kafka 4.3 `org.apache.kafka.common.internals.Topic.validate`. */
function checkName(name: string): void {
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..') return;
  throw new TopologyError(
    `'${name}' cannot name a topic: Kafka takes 1 to 249 letters, digits, '.', '_' and '-', but not '.' or '..'`,
    name,
  );
}
