import { Client } from 'pg';

/** How the database was found. */
export interface PreparedDatabase {
  /** It had no table before the setup: it was made by this start. */
  readonly isNew: boolean;
  /** Bytes of its log that it has kept for those who read changes; undefined when nobody did yet. */
  readonly walKeptBytes: number | undefined;
}

const TABLES = `select count(*)::int as tables from pg_catalog.pg_tables
  where schemaname not in ('pg_catalog', 'information_schema')`;
const WAL_KEPT = `select max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn))::float8 as kept
  from pg_catalog.pg_replication_slots where database = current_database()`;

/** Looks at the database, then runs the setup of the configuration. */
export async function prepareDatabase(url: string, setup: string): Promise<PreparedDatabase> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const [found] = (await client.query<{ tables: number }>(TABLES)).rows;
    const [slots] = (await client.query<{ kept: number | null }>(WAL_KEPT)).rows;
    await client.query(setup);
    return { isNew: found?.tables === 0, walKeptBytes: slots?.kept ?? undefined };
  } finally {
    await client.end();
  }
}
