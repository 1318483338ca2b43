/** The connection of an embedded PostgreSQL, as a URL; also for a second process that wants to reach a running one. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { dataFolderOf, passwordFileOf, SUPERUSER } from './data-folder.js';
import { isPostmasterOf, readPostmasterFile } from './postmaster-file.js';

export const HOST = '127.0.0.1';

export function connectionUrl(port: number, database: string, password: string): string {
  return `postgres://${SUPERUSER}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}`;
}

/**
 * The connection of the PostgreSQL that another process started in `directory`, or undefined when none runs there.
 * Reading it takes the account that started it.
 *
 * @example
 * const url = await runningPostgresUrl('.millrace/postgres', 'car_database');
 */
export async function runningPostgresUrl(directory: string, database: string): Promise<string | undefined> {
  const folder = resolve(directory);
  const running = await readPostmasterFile(dataFolderOf(folder));
  if (running?.ready !== true || !(await isPostmasterOf(running.pid, dataFolderOf(folder)))) return undefined;
  const password = (await readFile(passwordFileOf(folder), 'utf8')).trim();
  return connectionUrl(running.port, database, password);
}
