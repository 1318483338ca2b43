import { chmod, mkdir, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { asError, ConfigurationError } from '../../errors.js';
import { type FolderLock, lockFolder } from '../../folder-lock.js';

/** The folder in which everything of `millrace dev` lies, held by this process alone. */
export interface Home {
  readonly path: string;
  /** A folder inside. */
  folder(name: string): string;
  /** Gives it free. A folder that was made by `openHome` and is empty still is removed. */
  release(): Promise<void>;
}

/**
 * Opens `MILLRACE_HOME`, default `.millrace` in the working directory.
 *
 * @throws ConfigurationError when it cannot be made, or another process holds it
 */
export async function openHome(): Promise<Home> {
  const path = resolve(process.env.MILLRACE_HOME || '.millrace');
  const made = await makeFolders(path);
  const lock: FolderLock = await lockFolder(path, 'millrace dev');
  return {
    path,
    folder: (name) => join(path, name),
    async release() {
      await lock.release();
      for (const folder of made) if (!(await removedEmpty(folder))) return;
    },
  };
}

/** @returns the folders that were made, innermost first */
async function makeFolders(path: string): Promise<readonly string[]> {
  let first: string | undefined;
  try {
    first = await mkdir(path, { recursive: true, mode: 0o755 });
  } catch (thrown) {
    throw new ConfigurationError(
      `the folder ${path} cannot be made: ${asError(thrown).message}. Name another in MILLRACE_HOME`,
      'MILLRACE_HOME',
      { cause: thrown },
    );
  }
  const made: string[] = [];
  if (first === undefined) return made;
  for (let at = path; at.length >= first.length; at = dirname(at)) {
    made.push(at);
    // PostgreSQL does not run as root; the account that it runs as instead must get in, whatever our umask says.
    if (process.getuid?.() === 0) await chmod(at, 0o755);
  }
  return made;
}

async function removedEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return false;
    throw thrown;
  }
}

/** The setting that a user changes when the registry's port is taken. */
export const REGISTRY_PORT_SETTING = 'MILLRACE_REGISTRY_PORT';

/**
 * `MILLRACE_PG_PORT`, default 5433: beside a PostgreSQL that may be there. 0 picks a free one.
 *
 * @throws ConfigurationError when it is no port
 */
export function postgresPort(): number {
  return portIn('MILLRACE_PG_PORT', 5433);
}

/**
 * `MILLRACE_REGISTRY_PORT`, default 8081, where schema registries are looked for. 0 picks a free one.
 *
 * @throws ConfigurationError when it is no port
 */
export function registryPort(): number {
  return portIn(REGISTRY_PORT_SETTING, 8081);
}

function portIn(setting: string, fallback: number): number {
  const text = process.env[setting] || String(fallback);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigurationError(`${setting}: '${text}' is no port; give 0 (any free one) to 65535`, setting);
  }
  return port;
}
