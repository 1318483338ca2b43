/**
 * Which tables are captured: Debezium's `table.include.list`.
 *
 * Source: Debezium 3.6 `Tables.TableFilter`, `Strings.setOfRegex`: expressions separated by commas (`\,` is a comma),
 * matched against the whole of `schema.table`, without regard to case.
 */

/** Names a table. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** `schema.table`, as the include list and Debezium's topics have it. */
export function fullName({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}

/** Never captured, whatever is listed: PostgreSQL's own. */
const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema', 'pg_toast']);

/**
 * Reads an include list.
 *
 * @throws SyntaxError when one of the expressions is none
 */
export function includeList(list: string): readonly RegExp[] {
  return list
    .split(/(?<!\\),/)
    .map((expression) => expression.trim().replaceAll('\\,', ','))
    .filter((expression) => expression !== '')
    .map((expression) => new RegExp(`^(?:${expression})$`, 'i'));
}

/** Whether a table is captured; without an include list all are. */
export function isIncluded(name: TableName, included: readonly RegExp[] | undefined): boolean {
  if (SYSTEM_SCHEMAS.has(name.schema) || name.schema.startsWith('pg_temp_')) return false;
  return included === undefined || included.some((expression) => expression.test(fullName(name)));
}
