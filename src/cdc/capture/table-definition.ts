/** What the catalogue says of a table: columns, key, how much of an old row the log has. */
import type pg from 'pg';
import type { TableName } from './table-filter.js';

export interface ColumnDefinition {
  readonly name: string;
  readonly typeOid: number;
  /** `pg_attribute.atttypmod`. */
  readonly modifier: number;
  readonly notNull: boolean;
  readonly defaultExpression: string | null;
}

export interface TableDefinition extends TableName {
  readonly oid: number;
  readonly columns: readonly ColumnDefinition[];
  /** The primary key's columns, or those of the first unique index, as Debezium takes them; none: null keys. */
  readonly key: readonly string[];
  /** `pg_class.relreplident`: `d`efault, `n`othing, `f`ull, `i`ndex. */
  readonly replicaIdentity: string;
  readonly hasPrimaryKey: boolean;
}

interface DefinitionRow {
  schema: string;
  table: string;
  identity: string;
  columns: string;
  key: string | null;
  primary: string | null;
}

const QUERY = `
select n.nspname as schema, c.relname as table, c.relreplident as identity,
       (select coalesce(json_agg(json_build_object(
                 'name', a.attname, 'typeOid', a.atttypid::bigint, 'modifier', a.atttypmod, 'notNull', a.attnotnull,
                 'defaultExpression', pg_catalog.pg_get_expr(d.adbin, d.adrelid)) order by a.attnum), '[]')
        from pg_catalog.pg_attribute a
        left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       (select json_agg(a.attname order by k.place)
        from unnest(i.indkey::int2[]) with ordinality as k(number, place)
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
        where k.place <= i.indnkeyatts) as key,
       i.indisprimary as primary
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (
  select i.* from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid
  where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  order by i.indisprimary desc, ic.relname limit 1) i on true
where c.oid = $1`;

/** @returns undefined when the table is no more */
export async function readTableDefinition(client: pg.Client, oid: number): Promise<TableDefinition | undefined> {
  const [row] = (await client.query<DefinitionRow>(QUERY, [oid])).rows;
  if (row === undefined) return undefined;
  return {
    oid,
    schema: row.schema,
    table: row.table,
    columns: JSON.parse(row.columns) as ColumnDefinition[],
    key: row.key === null ? [] : (JSON.parse(row.key) as string[]),
    replicaIdentity: row.identity,
    hasPrimaryKey: row.primary === 't',
  };
}

/** An ordinary table, or one that only stands for its partitions. */
export interface ListedTable extends TableName {
  readonly oid: number;
  readonly isPartitioned: boolean;
}

/** All tables of the database, in the order of their names, as the snapshot goes through them. */
export async function listTables(client: pg.Client): Promise<readonly ListedTable[]> {
  const { rows } = await client.query<{ oid: string; schema: string; table: string; kind: string }>(`
    select c.oid, n.nspname as schema, c.relname as table, c.relkind as kind
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relpersistence = 'p' order by n.nspname, c.relname`);
  return rows.map((row) => ({
    oid: Number(row.oid),
    schema: row.schema,
    table: row.table,
    isPartitioned: row.kind === 'p',
  }));
}
