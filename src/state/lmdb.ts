/** Engines on disk: LMDB, one folder for each store of a task. What survives what: lmdb-environment.ts. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, ConfigurationError } from '../errors.js';
import { type FolderLock, lockFolder } from '../folder-lock.js';
import { LmdbEngine } from './lmdb-engine.js';
import { openLmdbFolder } from './lmdb-folder.js';
import type { StoreEngines } from './store.js';

/** What {@link lmdbEngines} may be told. */
export interface LmdbOptions {
  /** Told in one line when a damaged store is given up. Default: a warning of the process. */
  readonly warn?: (message: string) => void;
}

/**
 * Engines whose content is on disk. A store that another process has open cannot be opened.
 *
 * @param directory made when it is missing; on a local disk, for LMDB maps its files into memory
 * @example
 * const engines = lmdbEngines('.millrace/state');
 * const engine = await engines.open('0_1/predictions');
 */
export function lmdbEngines(directory: string, options: LmdbOptions = {}): StoreEngines {
  const warn = options.warn ?? ((message: string) => process.emitWarning(message, 'StateWarning'));
  const open = new Set<string>();
  return {
    async open(path) {
      checkPath(path);
      if (open.has(path)) throw new Error(`the store ${path} is open already: only one task may have it`);
      open.add(path);
      try {
        return await openEngine(join(directory, path), warn, () => open.delete(path));
      } catch (error) {
        open.delete(path);
        throw error;
      }
    },
    async remove(path) {
      if (path !== undefined) checkPath(path);
      const inUse = [...open].find((name) => path === undefined || name === path || name.startsWith(`${path}/`));
      if (inUse !== undefined) throw new Error(`the store ${inUse} is open: close it before its state is removed`);
      await removeUnused(path === undefined ? directory : join(directory, path));
    },
  };
}

async function openEngine(folder: string, warn: (message: string) => void, onClosed: () => void): Promise<LmdbEngine> {
  const lock = await lockState(folder);
  try {
    const environment = await openLmdbFolder(folder, warn);
    return new LmdbEngine(folder, environment, async () => {
      await lock.release();
      onClosed();
    });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function lockState(folder: string): Promise<FolderLock> {
  try {
    return await lockFolder(folder, 'state of a task');
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new Error(`the state in ${folder} cannot be opened: ${asError(error).message}`, { cause: error });
  }
}

/** Removes a folder once no other process has a store in it. */
async function removeUnused(folder: string): Promise<void> {
  const locks: FolderLock[] = [];
  try {
    for (const store of await storesIn(folder)) locks.push(await lockState(store));
    await rm(folder, { recursive: true, force: true });
  } finally {
    for (const lock of locks) await lock.release();
  }
}

async function storesIn(folder: string): Promise<string[]> {
  try {
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    return files.filter(({ name }) => name === 'data.mdb').map(({ parentPath }) => parentPath);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function checkPath(path: string): void {
  const isPart = (part: string) => /^[A-Za-z0-9._-]+$/.test(part) && part !== '.' && part !== '..';
  if (!path.split('/').every(isPart)) {
    throw new Error(`'${path}' is no path of a store: give the task and the store's name, as in 0_1/predictions`);
  }
}
