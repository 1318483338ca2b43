/**
 * `unwrap`: Debezium's `ExtractNewRecordState`, the row taken off its envelope.
 *
 * U1. `before` is never data: except under REPLICA IDENTITY FULL its columns are fallbacks.
 * U2. Debezium's stand-in for a value that was not logged never goes on: the column is restored, or left out of the
 *     row and of its schema.
 * U3. What is not a change event goes on unchanged.
 *
 * Source: Debezium 3.6, `io.debezium.transforms.ExtractNewRecordState` and its test.
 */
import { type Change, changeContextOf, isUnavailable } from '../cdc/change.js';
import { ConfigurationError } from '../errors.js';
import type { StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { isEnvelope } from './envelope.js';
import { keptOf, type LastValues, restored } from './last-values.js';
import { type Forward, type Named, type Operator, type OperatorContext, operatorOf } from './operator.js';
import { rowSchemaOf, withoutColumns } from './row-schema.js';

/**
 * What becomes of deletes. Debezium follows each delete event with a tombstone.
 *
 * - `tombstone` and `delete-to-tombstone`: the delete event becomes a tombstone, and the one that follows is dropped.
 * - `drop`: both are dropped.
 */
export type DeleteTombstoneHandlingMode = 'drop' | 'tombstone' | 'delete-to-tombstone';

const MODES: readonly string[] = ['drop', 'tombstone', 'delete-to-tombstone'] satisfies DeleteTombstoneHandlingMode[];

/** What {@link unwrap} may be told. */
export interface UnwrapOptions<K> extends Named {
  /** Debezium's `delete.tombstone.handling.mode`. Default: `tombstone`. */
  readonly deleteTombstoneHandlingMode?: DeleteTombstoneHandlingMode;
  /**
   * Where the last values of large columns are kept, to fill in those that an update did not log. Declared with
   * `lastValues`. Without it such a column is left out of the row.
   */
  readonly restore?: StoreDeclaration<K, LastValues>;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Takes the row off a change event: null for a delete. `record.change` keeps where the change comes from, and
 * `valueSchema` becomes the row's.
 *
 * - A truncate, which has no row, is dropped and counted.
 * - What is not a change event goes on unchanged.
 * - An update of a primary key comes from Debezium as a delete of the old key, with the new one in the header
 *   `__debezium.newkey`, and a create of the new key, with the old one in `__debezium.oldkey`. Each is taken for what
 *   it is, and the headers stay: a sink removes the old row and writes the new one.
 * - A column whose value was not logged (unchanged, and too large to be stored in the row) is restored from
 *   `restore`, or left out: the row then lacks the property, and the schema the field, so that a sink leaves the
 *   column alone. After an update of the primary key it is left out: the last value is kept under the old key.
 *
 * @throws ConfigurationError when the mode is not one of the three
 * @example
 * stream(carChanges).pipe(filter(ofTable('public.car_data')), unwrap()) // Car | null
 */
export function unwrap<Row, K>(
  options: UnwrapOptions<K> = {},
): Operator<StreamRecord<Change<Row> | null, K>, StreamRecord<Row | null, K>> {
  const mode = options.deleteTombstoneHandlingMode ?? 'tombstone';
  if (!MODES.includes(mode)) {
    throw new ConfigurationError(
      `deleteTombstoneHandlingMode of unwrap() is '${mode}': it takes ${MODES.join(', ')}`,
      'deleteTombstoneHandlingMode',
    );
  }
  const { restore } = options;
  return operatorOf<StreamRecord<Change<Row> | null, K>, StreamRecord<Row | null, K>>({
    kind: 'MILLRACE-UNWRAP-',
    name: options.as,
    stores: restore === undefined ? [] : [restore as StoreDeclaration],
    bind: (context, forward) => {
      const store = restore === undefined ? undefined : context.store(restore as StoreDeclaration<unknown, LastValues>);
      return new Unwrapping(mode, store, context, forward).process as Forward<StreamRecord<Change<Row> | null, K>>;
    },
  });
}

class Unwrapping {
  readonly #mode: DeleteTombstoneHandlingMode;
  readonly #store: KeyValueStore<unknown, LastValues> | undefined;
  readonly #context: OperatorContext;
  readonly #forward: Forward;

  constructor(
    mode: DeleteTombstoneHandlingMode,
    store: KeyValueStore<unknown, LastValues> | undefined,
    context: OperatorContext,
    forward: Forward,
  ) {
    this.#mode = mode;
    this.#store = store;
    this.#context = context;
    this.#forward = forward;
  }

  readonly process = (record: StreamRecord): void => {
    const { value } = record;
    // The delete event before this tombstone has said it all, or was dropped as well.
    if (value === null) return;
    if (!isEnvelope(value, record.valueSchema)) {
      this.#forward(record);
      return;
    }
    const after = (value.after ?? null) as Row | null;
    if (value.op === 't' || (after === null && (value.before ?? null) === null)) {
      this.#context.count('dropped');
      return;
    }
    if (after === null) this.#deleted(record, value);
    else this.#written(record, value, after);
  };

  #deleted(record: StreamRecord, change: Change<unknown>): void {
    if (record.key !== null) this.#store?.delete(record.key);
    if (this.#mode === 'drop') this.#context.count('filtered');
    else this.#forward(unwrapped(record, change, null, rowSchemaOf(record.valueSchema)));
  }

  #written(record: StreamRecord, change: Change<unknown>, after: Row): void {
    const missing = Object.keys(after).filter((column) => isUnavailable(after[column]));
    const keeping = record.key === null ? undefined : this.#store;
    const schema = rowSchemaOf(record.valueSchema);
    if (missing.length === 0) {
      keeping?.put(record.key, keptOf(after));
      this.#forward(unwrapped(record, change, after, schema));
      return;
    }
    const last = keeping?.get(record.key);
    const row: Record<string, unknown> = { ...after };
    const leftOut: string[] = [];
    for (const column of missing) {
      const value = restored(last, column);
      if (value === undefined) {
        delete row[column];
        leftOut.push(column);
      } else {
        row[column] = value;
      }
    }
    keeping?.put(record.key, keptOf(row));
    const narrowed = schema !== undefined && leftOut.length > 0 ? withoutColumns(schema, leftOut) : schema;
    this.#forward(unwrapped(record, change, row, narrowed));
  }
}

function unwrapped(
  record: StreamRecord,
  change: Change<unknown>,
  row: Row | null,
  schema: StreamRecord['valueSchema'],
): StreamRecord {
  return { ...record, value: row, change: changeContextOf(change), valueSchema: schema };
}
