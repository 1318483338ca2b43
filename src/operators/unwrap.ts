/**
 * `unwrap`: Debezium's `ExtractNewRecordState`, the row taken off its envelope.
 *
 * U1. `before` is never data, except under REPLICA IDENTITY FULL: its other columns are fillers. It is the row of a delete
 *     only in the modes that ask for it.
 * U2. Debezium's stand-in for a value that was not logged never goes on: the column is restored, or left out of the
 *     row and of its schema.
 * U3. What is not a change event goes on unchanged.
 * U4. Of a change only what the options name is read.
 *
 * Source: Debezium 3.6, `io.debezium.transforms.ExtractNewRecordState` and its test.
 */
import { type Change, isUnavailable } from '../cdc/change.js';
import type { ConnectSchema, StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { isEnvelope } from './envelope.js';
import { keptOf, type LastValues, restored } from './last-values.js';
import { type Forward, type Operator, type OperatorContext, operatorOf } from './operator.js';
import { rowSchemaOf, withoutColumns } from './row-schema.js';
import { type DeleteTombstoneHandlingMode, modeOf, type UnwrapOptions, type Unwrapped } from './unwrap-options.js';
import { type Finish, finishFor, type Row } from './unwrapped.js';

/**
 * Takes the row off a change event: null for a delete, unless the mode says otherwise. `record.change` keeps where the
 * change comes from, and `valueSchema` becomes the row's.
 *
 * - A truncate, which has no row, is dropped and counted.
 * - What is not a change event goes on unchanged.
 * - An update of a primary key comes from Debezium as a delete of the old key, with the new one in the header
 *   `__debezium.newkey`, and a create of the new key, with the old one in `__debezium.oldkey`. Each is taken for what
 *   it is, and the headers stay: a sink removes the old row and writes the new one.
 * - A column whose value was not logged (unchanged, and too large to be stored in the row) is restored from
 *   `restore`, or left out: the row then lacks the property, and the schema the field, so that a sink leaves the
 *   column alone. After an update of the primary key it is left out: the last value is kept under the old key.
 * - What `addFields` and the rewriting modes add is in the row, in its type and in its schema. A change fails when it
 *   would overwrite a column, when `routeByField` names no column of text, and when the header of
 *   `dropFieldsHeaderName` is no list.
 *
 * @throws ConfigurationError when the mode is none of the five, or an entry of `addFields` or `addHeaders` is wrong
 * @example
 * stream(carChanges).pipe(filter(ofTable('public.car_data')), unwrap()) // Car | null
 */
export function unwrap<
  Row,
  K,
  Mode extends DeleteTombstoneHandlingMode = DeleteTombstoneHandlingMode,
  const Added extends readonly string[] = readonly string[],
  Prefix extends string = string,
>(
  options: UnwrapOptions<K, Mode, Added, Prefix> = {},
): Operator<StreamRecord<Change<Row> | null, K>, StreamRecord<Unwrapped<Row, Mode, Added, Prefix>, K>> {
  const mode = modeOf(options as UnwrapOptions);
  const finish = finishFor(options as UnwrapOptions);
  const { restore } = options;
  return operatorOf<StreamRecord<Change<Row> | null, K>, StreamRecord<Unwrapped<Row, Mode, Added, Prefix>, K>>({
    kind: 'MILLRACE-UNWRAP-',
    name: options.as,
    stores: restore === undefined ? [] : [restore as StoreDeclaration],
    keys: options.dropFieldsFromKey === true ? 'changed' : 'kept',
    bind: (context, forward) => {
      const store = restore === undefined ? undefined : context.store(restore as StoreDeclaration<unknown, LastValues>);
      const unwrapping = new Unwrapping(mode, finish, store, context, forward);
      return unwrapping.process as Forward<StreamRecord<Change<Row> | null, K>>;
    },
  });
}

class Unwrapping {
  readonly #mode: DeleteTombstoneHandlingMode;
  readonly #finish: Finish;
  readonly #store: KeyValueStore<unknown, LastValues> | undefined;
  readonly #context: OperatorContext;
  readonly #forward: Forward;

  constructor(
    mode: DeleteTombstoneHandlingMode,
    finish: Finish,
    store: KeyValueStore<unknown, LastValues> | undefined,
    context: OperatorContext,
    forward: Forward,
  ) {
    this.#mode = mode;
    this.#finish = finish;
    this.#store = store;
    this.#context = context;
    this.#forward = forward;
  }

  readonly process = (record: StreamRecord): void => {
    const { value } = record;
    if (value === null) {
      // In the other modes the delete event before this tombstone has said it all, or was dropped as well.
      if (this.#mode === 'rewrite-with-tombstone') this.#forward(this.#finish.tombstone(record));
      return;
    }
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
    const keeping = record.key === null ? undefined : this.#store;
    const schema = rowSchemaOf(record.valueSchema);
    switch (this.#mode) {
      case 'drop':
        keeping?.delete(record.key);
        this.#context.count('filtered');
        break;
      case 'tombstone':
        keeping?.delete(record.key);
        this.#forward(this.#finish.row(record, change, null, schema));
        break;
      case 'delete-to-tombstone':
        keeping?.delete(record.key);
        this.#forward(this.#finish.row(record, change, null, undefined));
        break;
      case 'rewrite':
      case 'rewrite-with-tombstone': {
        const row = this.#known(change.before as Row, record);
        keeping?.delete(record.key);
        this.#forward(this.#finish.row(record, change, row, narrowed(schema, change.before as Row, row)));
      }
    }
  }

  #written(record: StreamRecord, change: Change<unknown>, after: Row): void {
    const keeping = record.key === null ? undefined : this.#store;
    const row = this.#known(after, record);
    keeping?.put(record.key, keptOf(row));
    this.#forward(this.#finish.row(record, change, row, narrowed(rowSchemaOf(record.valueSchema), after, row)));
  }

  /** The row with what was not logged restored, or left out; the same row when all was. */
  #known(row: Row, { key }: StreamRecord): Row {
    if (!lacksValues(row)) return row;
    const last = key === null ? undefined : this.#store?.get(key);
    const known: Record<string, unknown> = { ...row };
    for (const column of Object.keys(row)) {
      if (!isUnavailable(row[column])) continue;
      const value = restored(last, column);
      if (value === undefined) delete known[column];
      else known[column] = value;
    }
    return known;
  }
}

/** Whether a value of the row was not logged. */
function lacksValues(row: Row): boolean {
  for (const column in row) if (isUnavailable(row[column])) return true;
  return false;
}

/** The schema of a row that has lost columns of `whole`. */
function narrowed(schema: ConnectSchema | undefined, whole: Row, row: Row): ConnectSchema | undefined {
  if (row === whole || schema === undefined) return schema;
  const leftOut = Object.keys(whole).filter((column) => !Object.hasOwn(row, column));
  return leftOut.length === 0 ? schema : withoutColumns(schema, leftOut);
}
