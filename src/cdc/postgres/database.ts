/** Making sure that a database exists in a running cluster. */
import pg from 'pg';

const DATABASE_DOES_NOT_EXIST = '3D000';

/** Creates the database of `urlOf(database)` where it is missing. */
export async function ensureDatabase(urlOf: (database: string) => string, database: string): Promise<void> {
  try {
    await onConnection(urlOf(database), (client) => client.query('select 1'));
  } catch (error) {
    if ((error as { code?: string }).code !== DATABASE_DOES_NOT_EXIST) throw error;
    await onConnection(urlOf('postgres'), (client) => client.query(`create database ${pg.escapeIdentifier(database)}`));
  }
}

async function onConnection(url: string, use: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await use(client);
  } finally {
    await client.end();
  }
}
