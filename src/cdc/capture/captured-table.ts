/**
 * A table as it is captured: its topic, its schemas, and how a row of texts becomes a row of values.
 *
 * T1. One object, and so one schema object, for each version of a table: what a serde compiles for it is found again.
 * T2. A null in a column with a default is written as the default, as Connect's JsonConverter does it
 *     (`replace.null.with.default`); a null where none may be, in the `before` of a delete, as the type's zero.
 */

import { asError } from '../../errors.js';
import type { ConnectSchema } from '../../record.js';
import { fieldOf, optional, structOf } from '../../serde/connect-schema.js';
import { envelopeSchema } from '../../serde/envelope-schema.js';
import { type ColumnType, columnTypeOf, type DecimalMode } from './column-type.js';
import { defaultValueOf } from './default-value.js';
import type { PgType } from './pg-type.js';
import type { ColumnDefinition, TableDefinition } from './table-definition.js';
import { fullName, type TableName } from './table-filter.js';

/** A row as PostgreSQL sends it: texts by column; null is null, undefined what was not sent. */
export type Tuple = Readonly<Record<string, string | null | undefined>>;

/** A row, with the types of `docs/types.md`. */
export type Row = Record<string, unknown>;

/** Debezium's default: `<prefix>.<schema>.<table>`. */
export function topicOf(prefix: string, name: TableName): string {
  return `${prefix}.${fullName(name)}`;
}

interface Column {
  readonly name: string;
  readonly decode: (text: string) => unknown;
  readonly nullValue: unknown;
  readonly unavailable: unknown;
  readonly schema: ConnectSchema;
}

export class CapturedTable implements TableName {
  readonly schema: string;
  readonly table: string;
  /** `schema.table`. */
  readonly name: string;
  readonly topic: string;
  readonly valueSchema: ConnectSchema;
  /** Undefined where the table has no key. */
  readonly keySchema: ConnectSchema | undefined;
  /** Columns of the key. */
  readonly key: readonly string[];
  /** Columns that are left out, because no one knows how to write their type. */
  readonly leftOut: readonly string[];
  readonly #columns: readonly Column[];

  constructor(
    definition: TableDefinition,
    types: ReadonlyMap<number, PgType>,
    settings: { readonly prefix: string; readonly decimals: DecimalMode },
  ) {
    this.schema = definition.schema;
    this.table = definition.table;
    this.name = fullName(definition);
    this.topic = topicOf(settings.prefix, definition);
    const columns: Column[] = [];
    const leftOut: string[] = [];
    for (const column of definition.columns) {
      const pgType = types.get(column.typeOid);
      const type = pgType && columnTypeOf(pgType, column.modifier, settings.decimals);
      if (type === undefined) leftOut.push(`${column.name} (${pgType?.name ?? `type ${column.typeOid}`})`);
      else columns.push(capturedColumn(column, type, definition.key.includes(column.name) && definition.hasPrimaryKey));
    }
    this.#columns = columns;
    this.leftOut = leftOut;
    this.key = definition.key;
    const keyColumns = definition.key.map((name) => columns.find((column) => column.name === name));
    this.keySchema =
      keyColumns.length === 0
        ? undefined
        : structOf(
            `${this.topic}.Key`,
            keyColumns.map((column, i) => {
              if (column !== undefined) return column.schema;
              throw new Error(
                `The column ${definition.key[i]} is in the key of ${this.name}, and its type cannot be captured`,
              );
            }),
          );
    const row = structOf(
      `${this.topic}.Value`,
      columns.map(({ schema }) => schema),
    );
    this.valueSchema = envelopeSchema(this.topic, row);
  }

  /** All columns of a row. A large value that was not sent is Debezium's placeholder. */
  row(tuple: Tuple): Row {
    const row: Row = {};
    for (const column of this.#columns) {
      const text = tuple[column.name];
      row[column.name] =
        typeof text === 'string' ? this.#decoded(column, text) : text === null ? column.nullValue : column.unavailable;
    }
    return row;
  }

  /** The row of which only the columns of the replica identity are known. */
  identityRow(tuple: Tuple): Row {
    const row: Row = {};
    for (const column of this.#columns) {
      const text = tuple[column.name];
      row[column.name] = typeof text === 'string' ? this.#decoded(column, text) : column.nullValue;
    }
    return row;
  }

  /** The key of a row; null where the table has none. */
  keyOf(row: Row): Row | null {
    if (this.keySchema === undefined) return null;
    const key: Row = {};
    for (const name of this.key) key[name] = row[name];
    return key;
  }

  /** Whether an update changed the key, by the texts of both rows. */
  keyChanged(before: Tuple, after: Tuple): boolean {
    return this.key.some((name) => {
      const old = before[name];
      const now = after[name];
      return old !== undefined && now !== undefined && old !== now;
    });
  }

  #decoded(column: Column, text: string): unknown {
    try {
      return column.decode(text);
    } catch (error) {
      throw new Error(`A value of the column ${column.name} of ${this.name}: ${asError(error).message}`, {
        cause: error,
      });
    }
  }
}

function capturedColumn(column: ColumnDefinition, type: ColumnType, isPrimary: boolean): Column {
  const mayBeNull = !column.notNull && !isPrimary;
  const byDefault = defaultValueOf(column.defaultExpression, type);
  const typed = mayBeNull ? optional(type.schema) : type.schema;
  const schema = fieldOf(column.name, byDefault === undefined ? typed : { ...typed, default: byDefault.json });
  const nullValue = byDefault !== undefined ? byDefault.value : mayBeNull ? null : type.decode(type.fallback);
  return {
    name: column.name,
    decode: type.decode,
    nullValue,
    unavailable: type.unavailable ?? nullValue,
    schema,
  };
}
