/** What the catalogue says of types, as far as the capture needs it. */
import type pg from 'pg';

export interface PgType {
  readonly oid: number;
  readonly name: string;
  /** `pg_type.typtype`: `b`ase, `e`num, `d`omain, `c`omposite, `r`ange, `m`ultirange, `p`seudo. */
  readonly kind: string;
  /** The type of an array's elements. */
  readonly element: PgType | undefined;
  /** What a domain is made of, with its modifier. */
  readonly base: { readonly type: PgType; readonly modifier: number } | undefined;
  /** An enum's, in their order. */
  readonly labels: readonly string[];
}

interface TypeRow {
  oid: string;
  name: string;
  kind: string;
  element: string | null;
  base: string;
  modifier: string;
  labels: string;
}

const QUERY = `
select t.oid, t.typname as name, t.typtype as kind,
       case when t.typcategory = 'A' then nullif(t.typelem, 0) end as element,
       t.typbasetype as base, t.typtypmod as modifier,
       coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e
                 where e.enumtypid = t.oid), '[]') as labels
from pg_catalog.pg_type t where t.oid = any($1::oid[])`;

/**
 * Reads types and what they are made of. Asked anew each time: an enum may have got another label.
 *
 * @returns by oid; a type that is no more is missing
 */
export async function readTypes(client: pg.Client, oids: Iterable<number>): Promise<ReadonlyMap<number, PgType>> {
  const rows = new Map<number, TypeRow>();
  let wanted = [...new Set(oids)];
  while (wanted.length > 0) {
    const found = await client.query<TypeRow>(QUERY, [wanted]);
    for (const row of found.rows) rows.set(Number(row.oid), row);
    wanted = found.rows
      .flatMap((row) => [Number(row.element ?? 0), Number(row.base)])
      .filter((oid) => oid !== 0 && !rows.has(oid));
  }
  const types = new Map<number, PgType>();
  for (const oid of rows.keys()) typeOf(oid, rows, types);
  return types;
}

function typeOf(oid: number, rows: ReadonlyMap<number, TypeRow>, types: Map<number, PgType>): PgType | undefined {
  const known = types.get(oid);
  const row = rows.get(oid);
  if (known !== undefined || row === undefined) return known;
  const base = typeOf(Number(row.base), rows, types);
  const type: PgType = {
    oid,
    name: row.name,
    kind: row.kind,
    element: row.element === null ? undefined : typeOf(Number(row.element), rows, types),
    base: base === undefined ? undefined : { type: base, modifier: Number(row.modifier) },
    labels: JSON.parse(row.labels) as string[],
  };
  types.set(oid, type);
  return type;
}
