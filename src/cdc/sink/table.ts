/** A table of the target database: what it is, and making it fit what is to be written. */
import { ConfigurationError } from '../../errors.js';
import type { DatabaseSession } from './database-session.js';
import type { Column, RowShape } from './row-shape.js';
import type { TableSinkSettings } from './sink-config.js';
import { addColumnsSql, createTableSql, type Defaults, defaultsSql } from './statements.js';

export interface Table {
  /** The name in SQL. */
  readonly name: string;
  /** The type of each column, as PostgreSQL writes it. */
  readonly columns: ReadonlyMap<string, string>;
  /** Columns of the primary key, or of another unique index, one set for each. */
  readonly uniqueKeys: readonly (readonly string[])[];
}

/** Reads what the catalogue says; undefined where there is no such table. */
export async function readTable(session: DatabaseSession, name: string): Promise<Table | undefined> {
  const columns = await session.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [name],
  );
  if (columns.length === 0) return undefined;
  const keys = await session.query<{ columns: string[] }>(
    `select array(select attname::text from pg_attribute
                  where attrelid = i.indrelid and attnum = any(i.indkey::int2[])) as columns
     from pg_index i
     where indrelid = to_regclass($1) and indisunique and indpred is null and indexprs is null`,
    [name],
  );
  return {
    name,
    columns: new Map(columns.map((column) => [column.name, column.type])),
    uniqueKeys: keys.map((key) => key.columns),
  };
}

/**
 * Creates the table for the first shape, or adds the columns that a shape has and the table has not.
 *
 * @throws ConfigurationError under `schema.evolution=none`, for a new column that no older row could have, and for a
 * table without a unique key of the record's key
 */
export async function fitTable(
  session: DatabaseSession,
  name: string,
  table: Table | undefined,
  shape: RowShape,
  evolution: TableSinkSettings['schema.evolution'],
): Promise<Table> {
  if (table === undefined) {
    if (evolution === 'none') {
      throw new ConfigurationError(
        `There is no table ${name}. Create it, or let the sink create it: schema.evolution=basic.`,
        'schema.evolution',
      );
    }
    const defaults = await defaultsOf(session, [...shape.key, ...shape.rest]);
    await changeSchema(session, createTableSql(name, shape.key, shape.rest, defaults));
    return requireKey(await reread(session, name), shape);
  }
  const missing = shape.rest.filter((column) => !table.columns.has(column.name));
  if (missing.length === 0) return requireKey(table, shape);
  const names = missing.map((column) => `"${column.name}"`).join(', ');
  if (evolution === 'none') {
    throw new ConfigurationError(
      `The table ${name} has no column ${names}. Add it, or let the sink add it: schema.evolution=basic.`,
      'schema.evolution',
    );
  }
  const impossible = missing.find((column) => column.schema.optional !== true && column.schema.default == null);
  if (impossible !== undefined) {
    throw new ConfigurationError(
      `The field "${impossible.field}" is new, and neither optional nor has it a default: the rows that are in ${name} ` +
        `already would have no value for it. Make the field optional, give it a default, or add the column yourself.`,
      'schema.evolution',
    );
  }
  await changeSchema(session, addColumnsSql(name, missing, await defaultsOf(session, missing)));
  return requireKey(await reread(session, name), shape);
}

async function defaultsOf(session: DatabaseSession, columns: readonly Column[]): Promise<Defaults> {
  const withDefault = columns.filter(({ schema }) => schema.default !== undefined && schema.default !== null);
  if (withDefault.length === 0) return new Map();
  const [texts] = await session.query<Record<string, string>>(defaultsSql(withDefault), []);
  return new Map(withDefault.map((column, at) => [column.name, texts?.[`d${at}`] ?? '']));
}

/** One at a time in the whole database: `if not exists` alone does not save two sinks from meeting. */
async function changeSchema(session: DatabaseSession, statement: string): Promise<void> {
  await session.transaction(async () => {
    await session.query("select pg_advisory_xact_lock(hashtextextended('millrace table sink', 0))", []);
    await session.query(statement, []);
  });
}

async function reread(session: DatabaseSession, name: string): Promise<Table> {
  const table = await readTable(session, name);
  if (table === undefined) throw new ConfigurationError(`The table ${name} was dropped while it was made.`, 'topics');
  return table;
}

function requireKey(table: Table, shape: RowShape): Table {
  const wanted = shape.key.map((column) => column.name).sort();
  const fits = table.uniqueKeys.some(
    (key) => key.length === wanted.length && [...key].sort().every((name, at) => name === wanted[at]),
  );
  if (fits) return table;
  throw new ConfigurationError(
    `The table ${table.name} has no primary key or unique index of (${wanted.join(', ')}), the fields of the record's key: ` +
      'without one a row cannot be written twice and be the same row. Add one, or use another table.',
    'primary.key.mode',
  );
}
