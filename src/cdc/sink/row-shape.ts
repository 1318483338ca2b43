/**
 * The columns that a pair of schemas asks for. Schemas are many objects and few shapes: a shape is made once for each
 * pair, however often a serde parses the same schema again.
 */
import type { ConnectSchema } from '../../record.js';
import { type ColumnType, columnType } from './column-type.js';
import { columnName } from './identifier.js';

export interface Column {
  /** The name in the record. */
  readonly field: string;
  /** The name in the table. */
  readonly name: string;
  readonly type: ColumnType;
  readonly schema: ConnectSchema;
}

export interface RowShape {
  /** The same for the same shape, different for another. */
  readonly id: number;
  /** The fields of the record's key: the table's primary key. */
  readonly key: readonly Column[];
  /** The value's other fields; empty for a delete. */
  readonly rest: readonly Column[];
}

export type ShapeOf = (key: ConnectSchema, value: ConnectSchema | undefined) => RowShape;

const NO_VALUE: ConnectSchema = { type: 'struct', fields: [] };
/** A serde that gives every record a schema object of its own would otherwise fill the memory with texts. */
const MOST_SHAPES = 1_000;

/**
 * @returns a function that throws a TypeError naming the field that has no place in a table
 */
export function rowShapes(naming: { readonly 'quote.identifiers': boolean }): ShapeOf {
  const byObject = new WeakMap<ConnectSchema, WeakMap<ConnectSchema, RowShape>>();
  const byText = new Map<string, RowShape>();
  let nextId = 0;

  return (key, value = NO_VALUE) => {
    let ofKey = byObject.get(key);
    if (ofKey === undefined) {
      ofKey = new WeakMap();
      byObject.set(key, ofKey);
    }
    const known = ofKey.get(value);
    if (known !== undefined) return known;

    const text = JSON.stringify([key, value], bigintAsText);
    let shape = byText.get(text);
    if (shape === undefined) {
      if (byText.size >= MOST_SHAPES) byText.clear();
      const keyColumns = columns(key, naming);
      const isKey = new Set(keyColumns.map((column) => column.name));
      const rest = columns(value, naming).filter((column) => !isKey.has(column.name));
      shape = { id: nextId++, key: keyColumns, rest };
      byText.set(text, shape);
    }
    ofKey.set(value, shape);
    return shape;
  };
}

/** The default of an int64 field may be a bigint. */
function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

function columns(struct: ConnectSchema, naming: { readonly 'quote.identifiers': boolean }): Column[] {
  return (struct.fields ?? []).map((schema) => {
    const field = schema.field ?? '';
    const name = columnName(field, naming);
    try {
      return { field, name, type: columnType(schema), schema };
    } catch (error) {
      throw new TypeError(`the field "${field}": ${(error as Error).message}`, { cause: error });
    }
  });
}
