/**
 * What a batch changes in one table: the last change of each key, because one statement may touch a row only once and
 * the ones before it would be overwritten anyway.
 */
import { arrayLiteral } from './array-literal.js';
import type { Column, RowShape, ShapeOf } from './row-shape.js';
import { type Row, refused, type SinkRecord } from './sink-record.js';

/**
 * Debezium's mark for a large column that an update did not touch, and whose value it therefore does not know. It must
 * not become data: the column is left as it is.
 */
const UNAVAILABLE = '__debezium_unavailable_value';
const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE);

/** Rows of one statement: the same columns, and for each the texts of its values, row by row. */
export interface ColumnarRows {
  readonly columns: readonly Column[];
  readonly keyColumns: readonly Column[];
  /** An array literal for each column. */
  readonly parameters: readonly string[];
  readonly count: number;
}

export interface TableChanges {
  /** The shapes met, so that the table can be made to fit them. */
  readonly shapes: readonly RowShape[];
  /** Come first: among them are rows that are deleted and set again, which keep nothing of what they were. */
  readonly deletes: readonly ColumnarRows[];
  readonly upserts: readonly ColumnarRows[];
}

interface LastChange {
  readonly shape: RowShape;
  readonly key: readonly (string | null)[];
  /** undefined: deleted. An element is undefined where the value is unavailable. */
  readonly rest: readonly (string | null | undefined)[] | undefined;
  readonly columns: readonly Column[];
  /** Whether this batch deletes the row, now or before it is set again. */
  readonly deletes: boolean;
}

/**
 * Reduces the records of one table, in the order of their topic.
 *
 * @throws RecordError for the first record whose values do not fit its schema
 */
export function tableChanges(records: readonly SinkRecord[], shapeOf: ShapeOf): TableChanges {
  const last = new Map<string, LastChange>();
  const shapes = new Set<RowShape>();
  for (const record of records) {
    const shape = shapeOfRecord(record, shapeOf);
    if (record.value !== null) shapes.add(shape);
    const key = shape.key.map((column) => element(record, column, record.key, false) ?? null);
    const id = key.join('\u0000');
    let rest = record.value === null ? undefined : restOf(record, record.value, shape);
    const earlier = last.get(id);
    if (rest?.includes(undefined)) rest = carriedOver(rest, shape, earlier);
    // Deleted and set again: what counts is where the key was met last.
    last.delete(id);
    const deletes = rest === undefined || earlier?.deletes === true;
    last.set(id, withEarlierColumns({ shape, key, rest, columns: shape.rest, deletes }, earlier));
  }
  return { shapes: [...shapes], ...columnar([...last.values()]) };
}

function shapeOfRecord(record: SinkRecord, shapeOf: ShapeOf): RowShape {
  try {
    return shapeOf(record.keySchema, record.valueSchema);
  } catch (error) {
    throw refused(record, (error as Error).message, error);
  }
}

function restOf(record: SinkRecord, row: Row, shape: RowShape): (string | null | undefined)[] {
  return shape.rest.map((column) => element(record, column, row, true));
}

function element(record: SinkRecord, column: Column, row: Row, mayBeUnavailable: boolean): string | null | undefined {
  const value = row[column.field];
  if (value === null || value === undefined) return null;
  if (mayBeUnavailable && isUnavailable(value)) return undefined;
  try {
    return column.type.element(value);
  } catch (error) {
    throw refused(record, `the field "${column.field}": ${(error as Error).message}`, error);
  }
}

function isUnavailable(value: unknown): boolean {
  if (typeof value === 'string') return value === UNAVAILABLE;
  return value instanceof Uint8Array && value.length === UNAVAILABLE_BYTES.length && UNAVAILABLE_BYTES.equals(value);
}

/** The values that an earlier change in this batch had for the columns that this one does not know. */
function carriedOver(
  rest: readonly (string | null | undefined)[],
  shape: RowShape,
  earlier: LastChange | undefined,
): (string | null | undefined)[] {
  return rest.map((value, at) => {
    if (value !== undefined || earlier?.rest === undefined) return value;
    const name = shape.rest[at]?.name;
    const before = earlier.columns.findIndex((column) => column.name === name);
    return before === -1 ? undefined : earlier.rest[before];
  });
}

/** With the columns of an earlier change in this batch that this one has not: written one by one, both would be set. */
function withEarlierColumns(change: LastChange, earlier: LastChange | undefined): LastChange {
  const { rest, columns } = change;
  if (rest === undefined || earlier?.rest === undefined || earlier.columns === columns) return change;
  const own = new Set(columns.map(({ name }) => name));
  const added = [...earlier.columns.keys()].filter((at) => !own.has(earlier.columns[at]!.name));
  if (added.length === 0) return change;
  return {
    ...change,
    rest: [...rest, ...added.map((at) => earlier.rest![at])],
    columns: [...columns, ...added.map((at) => earlier.columns[at]!)],
  };
}

function columnar(changes: readonly LastChange[]): Pick<TableChanges, 'upserts' | 'deletes'> {
  const deleted = changes.filter(({ deletes }) => deletes).map((change) => ({ ...change, rest: undefined }));
  const set = changes.filter(({ rest }) => rest !== undefined);
  return {
    deletes: statements(deleted, ({ shape }) => `${shape.id}`),
    upserts: statements(set, ({ shape, rest, columns }) => {
      const unknown = rest?.includes(undefined) ? rest.map((value) => (value === undefined ? 1 : 0)) : '';
      const added = columns.slice(shape.rest.length).map(({ name }) => name);
      return `${shape.id}/${unknown}/${added}`;
    }),
  };
}

/** Groups changes that one statement can make: the same shape, and the same columns known. */
function statements(changes: readonly LastChange[], idOf: (change: LastChange) => string): ColumnarRows[] {
  const groups = new Map<string, LastChange[]>();
  for (const change of changes) {
    const id = idOf(change);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [change]);
    else group.push(change);
  }
  return [...groups.values()].map((group) => columnarRows(group, group[0] as LastChange));
}

function columnarRows(group: readonly LastChange[], first: LastChange): ColumnarRows {
  const keyColumns = first.shape.key;
  const columns: Column[] = [...keyColumns];
  const parameters = keyColumns.map((_, at) => arrayLiteral(group.map((change) => change.key[at] ?? null)));
  first.rest?.forEach((value, at) => {
    const column = first.columns[at];
    if (value === undefined || column === undefined) return;
    columns.push(column);
    parameters.push(arrayLiteral(group.map((change) => change.rest?.[at] ?? null)));
  });
  return { columns, keyColumns, parameters, count: group.length };
}
