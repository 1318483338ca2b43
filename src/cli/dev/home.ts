import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { type FolderLock, lockFolder } from '../../folder-lock.js';

/** The folder in which everything of `millrace dev` lies, held by this process alone. */
export interface Home {
  readonly path: string;
  /** A folder inside. */
  folder(name: string): string;
  release(): Promise<void>;
}

/** `MILLRACE_HOME`, default `.millrace` in the working directory. */
export async function openHome(): Promise<Home> {
  const path = resolve(process.env.MILLRACE_HOME ?? '.millrace');
  await mkdir(path, { recursive: true, mode: 0o755 });
  const lock: FolderLock = await lockFolder(path, 'millrace dev');
  return { path, folder: (name) => join(path, name), release: () => lock.release() };
}

/**
 * `MILLRACE_PG_PORT`, default 5433: beside a PostgreSQL that may be there. 0 picks a free one.
 *
 * @throws ConfigurationError when it is no port
 */
export function postgresPort(): number {
  const text = process.env.MILLRACE_PG_PORT ?? '5433';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigurationError(
      `MILLRACE_PG_PORT: '${text}' is no port; give 0 (any free one) to 65535`,
      'MILLRACE_PG_PORT',
    );
  }
  return port;
}
