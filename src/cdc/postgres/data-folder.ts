/** Making the data folder of a cluster, once. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asError, ConfigurationError } from '../../errors.js';
import type { PostgresAccount } from './account.js';
import type { PostgresBinaries } from './binaries.js';
import { postgresEnvironment } from './spawn-postgres.js';

const run = promisify(execFile);

/** The superuser of every cluster. */
export const SUPERUSER = 'postgres';
const STAGING_PREFIX = 'initdb';

export function dataFolderOf(directory: string): string {
  return join(directory, 'data');
}

/** The superuser's password: another for each cluster, because on a shared machine anybody reaches 127.0.0.1. */
export function passwordFileOf(directory: string): string {
  return join(directory, 'password');
}

/**
 * Runs `initdb` where there is no cluster yet. It works in a folder beside, which gets its name when it is complete: one
 * that was interrupted is simply made again. Each attempt has a folder of its own, because an `initdb` outlives a
 * process that is killed, and empties its folder when it fails.
 *
 * @returns the superuser's password
 * @throws ConfigurationError when the folder belongs to another account, or `initdb` fails
 */
export async function ensureDataFolder(
  directory: string,
  binaries: PostgresBinaries,
  account: PostgresAccount,
): Promise<string> {
  const data = dataFolderOf(directory);
  await removeUnfinished(directory);
  if (await exists(data)) {
    await requireOwner(data, account);
    return (await readFile(passwordFileOf(directory), 'utf8')).trim();
  }
  const staging = await mkdtemp(join(directory, `${STAGING_PREFIX}-`));
  const password = randomBytes(12).toString('hex');
  const passwordForInitdb = join(staging, 'password');
  await writeFile(passwordForInitdb, `${password}\n`, { mode: 0o600 });
  await writeFile(passwordFileOf(directory), `${password}\n`, { mode: 0o600 });
  if (account !== undefined) {
    await chown(passwordForInitdb, account.uid, account.gid);
    await chown(staging, account.uid, account.gid);
  }
  await initdb(binaries, join(staging, 'data'), passwordForInitdb, account);
  await rename(join(staging, 'data'), data);
  await rm(staging, { recursive: true, force: true });
  return password;
}

async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(STAGING_PREFIX)) continue;
    try {
      await rm(join(directory, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    } catch (error) {
      // An initdb that lost its process still fills it. It is in nobody's way: the next start removes it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}

async function initdb(binaries: PostgresBinaries, data: string, passwordFile: string, account: PostgresAccount) {
  // PostgreSQL's own collation provider: the same order on every machine, whatever locales it has.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  try {
    await run(binaries.initdb, [`--pgdata=${data}`, '--no-instructions', ...locale, ...access], {
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      cwd: '/',
      env: postgresEnvironment(),
    });
  } catch (error) {
    throw new ConfigurationError(
      `A new database could not be made in ${data}: ${asError(error).message.trim()}`,
      'directory',
      {
        cause: error,
      },
    );
  }
}

/** PostgreSQL starts only as the owner of its folder. */
async function requireOwner(data: string, account: PostgresAccount): Promise<void> {
  const { uid } = await stat(data);
  const mine = account?.uid ?? process.getuid?.();
  if (uid === mine) return;
  throw new ConfigurationError(
    `The database in ${data} belongs to account number ${uid}, but PostgreSQL would run as ` +
      `${account?.name ?? 'this account'} (${mine}). Run millrace as the account that made it, give the folder to this one ` +
      `(chown -R ${mine} ${data}), or use another data folder.`,
    'directory',
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
