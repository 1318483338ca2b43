/** The folder that holds everything of one embedded PostgreSQL: `data/`, `password`, `postgres.log`. */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import type { PostgresAccount } from './account.js';
import type { PostgresBinaries } from './binaries.js';
import { firstClosedFolder } from './enterable.js';

/**
 * Checks that the database's account may enter the part of the way to `directory` that exists, and the folder of the
 * programs. Changes nothing.
 *
 * @throws ConfigurationError naming the folder that is closed, and what to do
 */
export async function requireEnterable(
  directory: string,
  binaries: PostgresBinaries,
  account: PostgresAccount,
): Promise<void> {
  const who =
    account === undefined ? 'this account' : `the account "${account.name}" (PostgreSQL refuses to run as root)`;
  const closed = await firstClosedFolder(await existingPart(directory), account);
  if (closed !== undefined) {
    throw new ConfigurationError(
      `PostgreSQL would keep its data in ${directory} and run as ${who}, which may not enter ${closed}. ` +
        `Allow it (chmod o+x ${closed}), put the data somewhere else, or run millrace as an ordinary user.`,
      'directory',
    );
  }
  const closedPrograms = await firstClosedFolder(binaries.folder, account);
  if (closedPrograms !== undefined) {
    throw new ConfigurationError(
      `The PostgreSQL programs lie in ${binaries.folder} and would run as ${who}, which may not enter ${closedPrograms}. ` +
        `Allow it (chmod o+x ${closedPrograms}), install the project somewhere else, or run millrace as an ordinary user.`,
      'directory',
    );
  }
}

/** Makes the folder. Under another account it can be entered by that one, whatever our umask says. */
export async function makeFolder(directory: string, account: PostgresAccount): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true, mode: account === undefined ? 0o700 : 0o755 });
  if (firstMade === undefined || account === undefined) return;
  for (let at = directory; at.length >= firstMade.length; at = dirname(at)) await chmod(at, 0o755);
}

async function existingPart(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      await stat(at);
      return at;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || at === dirname(at)) throw error;
    }
  }
}
