/** What `unwrap` may be told: the options of Debezium's `ExtractNewRecordState`, and what they make of a row's type. */
import { ConfigurationError } from '../errors.js';
import type { StoreDeclaration } from '../state/store.js';
import type { FieldsAdded } from './added-fields.js';
import type { LastValues } from './last-values.js';
import type { Named } from './operator.js';

/**
 * What becomes of deletes. Debezium follows each delete event with a tombstone.
 *
 * - `tombstone` and `delete-to-tombstone`: the delete event becomes a tombstone, and the one that follows is dropped.
 *   The first keeps the row's schema beside the null, the second does not.
 * - `drop`: both are dropped.
 * - `rewrite`: the delete event becomes the row before it, with `__deleted: 'true'`, and other rows get
 *   `__deleted: 'false'`; the tombstone is dropped. Of the row before it, only the columns of the key are real, and others
 *   are null or a filler (0, an empty text), unless the table's replica identity is FULL.
 * - `rewrite-with-tombstone`: likewise, and the tombstone goes on.
 */
export type DeleteTombstoneHandlingMode =
  | 'drop'
  | 'tombstone'
  | 'rewrite'
  | 'rewrite-with-tombstone'
  | 'delete-to-tombstone';

const MODES: readonly string[] = [
  'drop',
  'tombstone',
  'rewrite',
  'rewrite-with-tombstone',
  'delete-to-tombstone',
] satisfies DeleteTombstoneHandlingMode[];

/** The field that the rewriting modes add. */
export const DELETED = '__deleted';

/**
 * What {@link unwrap} may be told: Debezium's options under their names, in camel case.
 *
 * @typeParam K the keys
 */
export interface UnwrapOptions<
  K = unknown,
  Mode extends DeleteTombstoneHandlingMode = DeleteTombstoneHandlingMode,
  Added extends readonly string[] = readonly string[],
  Prefix extends string = string,
> extends Named {
  /** Debezium's `delete.tombstone.handling.mode`. Default: `tombstone`. */
  readonly deleteTombstoneHandlingMode?: Mode;
  /**
   * In the rewriting modes: whether a null becomes the default that its column has in the schema. Debezium's
   * `replace.null.with.default`. Default: true.
   */
  readonly replaceNullWithDefault?: boolean;
  /**
   * Fields of the change that rows get, by the name of the field behind the prefix; `struct.field` is called
   * `struct_field`, and `field:name` is called `name`. A bare name is looked for where Debezium has it: `op ts_ms ts_us
   * ts_ns` in the change, `id total_order data_collection_order` in its transaction, others in its source, and then in
   * the change. What a change has not is left out. Debezium's `add.fields`.
   *
   * @example
   * unwrap({ addFields: ['op', 'table', 'source.ts_ms', 'lsn:position'] }) // __op __table __source_ts_ms __position
   */
  readonly addFields?: Added;
  /** Debezium's `add.fields.prefix`. Default: `__`. */
  readonly addFieldsPrefix?: Prefix;
  /** Fields of the change that records get as headers, as text; written as those of `addFields`. Debezium's `add.headers`. */
  readonly addHeaders?: readonly string[];
  /** Debezium's `add.headers.prefix`. Default: `__`. */
  readonly addHeadersPrefix?: string;
  /**
   * The column that names the topic to write to: `record.change.route` becomes its value, for the function of a sink. Of a
   * delete it is the value before. A column that is null or empty gives no route. Debezium's `route.by.field`.
   */
  readonly routeByField?: string;
  /**
   * The header that lists columns to drop: a JSON array of their names, as Debezium's `ExtractChangedRecordState` makes
   * it of the unchanged ones. Debezium's `drop.fields.header.name`.
   */
  readonly dropFieldsHeaderName?: string;
  /** Whether they are dropped from the key too, which is another key then. Debezium's `drop.fields.from.key`. Default: false. */
  readonly dropFieldsFromKey?: boolean;
  /**
   * Whether only those are dropped that the schema says may be null. Debezium's `drop.fields.keep.schema.compatible`.
   * Default: true.
   */
  readonly dropFieldsKeepSchemaCompatible?: boolean;
  /**
   * Where the last values of large columns are kept, to fill in those that an update did not log. Declared with
   * `lastValues`. Without it such a column is left out of the row.
   */
  readonly restore?: StoreDeclaration<K, LastValues>;
}

/**
 * What `unwrap` makes of a change: the row with what the options add, or null for a delete where the mode leaves one.
 *
 * @typeParam Row the row inside the change
 */
export type Unwrapped<
  Row,
  Mode extends DeleteTombstoneHandlingMode,
  Added extends readonly string[],
  Prefix extends string,
> = RowWith<Row, Marked<Mode> & FieldsAdded<Row, Added, string extends Prefix ? '__' : Prefix>> | Nulls<Mode>;

/** No mode was given: the compiler knows all of them. */
type IsUnknown<Mode> = DeleteTombstoneHandlingMode extends Mode ? true : false;

type Marked<Mode> =
  IsUnknown<Mode> extends true
    ? unknown
    : Mode extends 'rewrite' | 'rewrite-with-tombstone'
      ? { readonly [DELETED]: 'true' | 'false' }
      : unknown;

type Nulls<Mode> = IsUnknown<Mode> extends true ? null : Mode extends 'drop' | 'rewrite' ? never : null;

/** Written out, so that messages of the compiler are readable; each row of a union by itself. */
type RowWith<Row, Added> = unknown extends Added
  ? Row
  : Row extends unknown
    ? { [Name in keyof (Row & Added)]: (Row & Added)[Name] }
    : never;

/** @throws ConfigurationError when it is none of the modes */
export function modeOf({ deleteTombstoneHandlingMode = 'tombstone' }: UnwrapOptions): DeleteTombstoneHandlingMode {
  if (MODES.includes(deleteTombstoneHandlingMode)) return deleteTombstoneHandlingMode;
  throw new ConfigurationError(
    `deleteTombstoneHandlingMode of unwrap() is '${deleteTombstoneHandlingMode}': it takes ${MODES.join(', ')}`,
    'deleteTombstoneHandlingMode',
  );
}
