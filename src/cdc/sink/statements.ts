/**
 * The statements of the sink. Rows travel as one array for each column, so that the text of a statement does not depend
 * on their number: PostgreSQL plans it once for a connection.
 */
import { quoted } from './identifier.js';
import type { Column } from './row-shape.js';

/** The type that a column really has in the table, by name; undefined for one that is made by this sink. */
export type ActualType = (column: string) => string | undefined;

/** `insert … on conflict do update`: a row written again is the same row. */
export function upsertSql(
  table: string,
  columns: readonly Column[],
  keyColumns: readonly Column[],
  actual: ActualType,
): string {
  const isKey = new Set(keyColumns.map((column) => column.name));
  const names = columns.map((column) => quoted(column.name));
  const values = columns.map((column, at) => columnValue(column, `r.c${at}`, actual));
  const updates = columns
    .filter((column) => !isKey.has(column.name))
    .map((column) => `${quoted(column.name)} = excluded.${quoted(column.name)}`);
  const onConflict = updates.length === 0 ? 'do nothing' : `do update set ${updates.join(', ')}`;
  return (
    `insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from ${rowsOf(columns)} ` +
    `on conflict (${keyColumns.map((column) => quoted(column.name)).join(', ')}) ${onConflict}`
  );
}

export function deleteSql(table: string, keyColumns: readonly Column[], actual: ActualType): string {
  const same = keyColumns.map((column, at) => `t.${quoted(column.name)} = ${columnValue(column, `r.c${at}`, actual)}`);
  return `delete from ${table} as t using ${rowsOf(keyColumns)} where ${same.join(' and ')}`;
}

/** SQL that gives the default of each column as a text: an expression may be more than a default may be. */
export function defaultsSql(columns: readonly Column[]): string {
  const texts = columns.map((column, at) => {
    const sent = `(('{${column.type.element(column.schema.default).replaceAll("'", "''")}}'::${column.type.sentAs}[])[1])`;
    return `(${column.type.expression(sent)})::text as ${quoted(`d${at}`)}`;
  });
  return `select ${texts.join(', ')}`;
}

/** The default of a column as a text, by the column's name. */
export type Defaults = ReadonlyMap<string, string>;

export function createTableSql(
  table: string,
  keyColumns: readonly Column[],
  rest: readonly Column[],
  defaults: Defaults,
): string {
  const definitions = [
    ...keyColumns.map((column) => `${definition(column, defaults)} not null`),
    ...rest.map((column) => `${definition(column, defaults)}${column.schema.optional === true ? '' : ' not null'}`),
    `primary key (${keyColumns.map((column) => quoted(column.name)).join(', ')})`,
  ];
  return `create table if not exists ${table} (${definitions.join(', ')})`;
}

export function addColumnsSql(table: string, columns: readonly Column[], defaults: Defaults): string {
  const additions = columns.map((column) => {
    const nullable = column.schema.optional === true ? '' : ' not null';
    return `add column if not exists ${definition(column, defaults)}${nullable}`;
  });
  return `alter table ${table} ${additions.join(', ')}`;
}

function definition(column: Column, defaults: Defaults): string {
  const base = `${quoted(column.name)} ${column.type.sql}`;
  const value = defaults.get(column.name);
  return value === undefined ? base : `${base} default '${value.replaceAll("'", "''")}'::${column.type.sql}`;
}

function rowsOf(columns: readonly Column[]): string {
  const arrays = columns.map((column, at) => `$${at + 1}::${column.type.sentAs}[]`);
  return `unnest(${arrays.join(', ')}) as r(${columns.map((_, at) => `c${at}`).join(', ')})`;
}

/** A string goes into whatever type the column has (uuid, json, an enum): PostgreSQL would refuse to do it unasked. */
function columnValue(column: Column, sent: string, actual: ActualType): string {
  const type = actual(column.name);
  return column.schema.type === 'string' && type !== undefined && type !== 'text'
    ? `${sent}::${type}`
    : column.type.expression(sent);
}
