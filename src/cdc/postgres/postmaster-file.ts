/**
 * `postmaster.pid`: the lock that PostgreSQL keeps in its data folder, and what is known from it.
 *
 * Source of the format: PostgreSQL 18 `src/include/utils/pidfile.h` (line 1 the process, 4 the port, 8 the state).
 */
import { execFile } from 'node:child_process';
import { readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { processExists } from './running-process.js';

const run = promisify(execFile);

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** PostgreSQL accepts connections. */
  readonly ready: boolean;
}

export function postmasterFile(dataFolder: string): string {
  return join(dataFolder, 'postmaster.pid');
}

/** What the lock file says; undefined where there is none, or it is not yet written to its end. */
export async function readPostmasterFile(dataFolder: string): Promise<Postmaster | undefined> {
  let text: string;
  try {
    text = await readFile(postmasterFile(dataFolder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/**
 * Whether the process is really the PostgreSQL of this folder, and not another that got its number. A postmaster works
 * in its data folder; where the system does not show that (macOS), the folder stands in its command line.
 */
export async function isPostmasterOf(pid: number, dataFolder: string): Promise<boolean> {
  if (!processExists(pid)) return false;
  const folder = await realpath(dataFolder);
  try {
    if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`)) === folder;
    const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes(`-D ${folder}`);
  } catch {
    // It ended meanwhile, or it belongs to another account: ours would be readable.
    return false;
  }
}
