/** Engines on disk: LMDB, one folder for each store of a task. What survives what: lmdb-environment.ts. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LmdbEngine } from './lmdb-engine.js';
import { openLmdbFolder } from './lmdb-folder.js';
import type { StoreEngines } from './store.js';

export interface LmdbOptions {
  /** Told in one line when a damaged store is given up. Default: a warning of the process. */
  readonly warn?: (message: string) => void;
}

/**
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
      const folder = join(directory, path);
      try {
        const environment = await openLmdbFolder(folder, warn);
        return new LmdbEngine(folder, environment, async () => {
          open.delete(path);
        });
      } catch (error) {
        open.delete(path);
        throw error;
      }
    },
    async remove(path) {
      if (path !== undefined) checkPath(path);
      const inUse = [...open].find((name) => path === undefined || name === path || name.startsWith(`${path}/`));
      if (inUse !== undefined) throw new Error(`the store ${inUse} is open: close it before its state is removed`);
      await rm(path === undefined ? directory : join(directory, path), { recursive: true, force: true });
    },
  };
}

function checkPath(path: string): void {
  const isPart = (part: string) => /^[A-Za-z0-9._-]+$/.test(part) && part !== '.' && part !== '..';
  if (!path.split('/').every(isPart)) {
    throw new Error(`'${path}' is no path of a store: give the task and the store's name, as in 0_1/predictions`);
  }
}
