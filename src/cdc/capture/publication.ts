/** The publication: which tables' changes the server sends. */
import pg from 'pg';
import { ConfigurationError } from '../../errors.js';
import type { CaptureSettings } from './capture-config.js';
import type { CaptureLogger } from './logger.js';
import { fullName, type TableName } from './table-filter.js';

/**
 * Makes the publication as `publication.autocreate.mode` asks, before a slot or a snapshot: the log knows a publication
 * only from where it was made.
 *
 * @param tables that are captured
 * @throws ConfigurationError when it is missing and may not be made, or when there is no table for it
 */
export async function ensurePublication(
  client: pg.Client,
  settings: CaptureSettings,
  tables: readonly TableName[],
  logger: CaptureLogger,
): Promise<void> {
  const name = settings['publication.name'];
  const mode = settings['publication.autocreate.mode'];
  const quoted = pg.escapeIdentifier(name);
  const { rows } = await client.query<{ all: string }>(
    'select puballtables as all from pg_catalog.pg_publication where pubname = $1',
    [name],
  );
  const existing = rows[0];
  if (mode === 'disabled') {
    if (existing !== undefined) return;
    throw new ConfigurationError(
      `The publication ${name} does not exist, and publication.autocreate.mode=disabled says not to make it. ` +
        `Make it: create publication ${quoted} for table …`,
      'publication.name',
    );
  }
  if (mode === 'all_tables') {
    if (existing !== undefined) return;
    await client.query(`create publication ${quoted} for all tables`);
    logger.info(`made the publication ${name} for all tables`);
    return;
  }
  if (tables.length === 0) {
    throw new ConfigurationError(
      `No table of the database matches table.include.list, so publication.autocreate.mode=filtered has nothing to publish.`,
      'table.include.list',
    );
  }
  if (existing?.all === 't') {
    throw new ConfigurationError(
      `The publication ${name} is for all tables, and publication.autocreate.mode=filtered wants it for some. Name another ` +
        'in publication.name, or drop it.',
      'publication.name',
    );
  }
  const list = tables
    .map(({ schema, table }) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`)
    .join(', ');
  const publishes = await publishedTables(client, name);
  if (existing === undefined) {
    await client.query(`create publication ${quoted} for table ${list}`);
    logger.info(`made the publication ${name} for ${tables.map(fullName).join(', ')}`);
  } else if (publishes.size !== tables.length || tables.some((table) => !publishes.has(fullName(table)))) {
    await client.query(`alter publication ${quoted} set table ${list}`);
    logger.info(`the publication ${name} is now for ${tables.map(fullName).join(', ')}`);
  }
}

async function publishedTables(client: pg.Client, publication: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select schemaname || '.' || tablename as name from pg_catalog.pg_publication_tables where pubname = $1`,
    [publication],
  );
  return new Set(rows.map((row) => row.name));
}
