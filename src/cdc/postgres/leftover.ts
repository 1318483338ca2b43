/**
 * What a process that was killed left in a data folder: a PostgreSQL that still runs, or only its lock file.
 */
import { rm } from 'node:fs/promises';
import { ConfigurationError } from '../../errors.js';
import { isPostmasterOf, postmasterFile, readPostmasterFile } from './postmaster-file.js';
import { ended, processExists } from './running-process.js';

/** A fast shutdown writes a checkpoint; after this it is told to stop at once, and recovers at its next start. */
const FAST_SHUTDOWN_MS = 30_000;
const IMMEDIATE_SHUTDOWN_MS = 10_000;

/**
 * Leaves the folder without a running PostgreSQL and without a lock that would keep one from starting.
 * Call it only as the owner of the folder: a PostgreSQL that runs there then has lost the process it belonged to.
 *
 * @throws ConfigurationError when it cannot be stopped
 */
export async function clearLeftover(dataFolder: string): Promise<void> {
  const left = await readPostmasterFile(dataFolder);
  if (left === undefined) return;
  if (await isPostmasterOf(left.pid, dataFolder)) {
    if (!(await stopProcess(left.pid, FAST_SHUTDOWN_MS))) {
      throw new ConfigurationError(
        `A PostgreSQL that an earlier run left behind (process ${left.pid}) still runs on ${dataFolder} and does not stop.`,
        'directory',
      );
    }
    return;
  }
  // PostgreSQL itself clears the lock of a process that is gone, but takes any process with that number for its
  // owner; after the restart of a container the numbers come back. Should a child of the dead one still hang on its
  // shared memory, PostgreSQL refuses to start all the same.
  if (processExists(left.pid)) await rm(postmasterFile(dataFolder), { force: true });
}

/**
 * Stops a PostgreSQL by its process number: a fast shutdown (SIGINT), after `fastMs` an immediate one (SIGQUIT), which
 * loses nothing committed. Resolves with whether it has ended.
 */
export async function stopProcess(pid: number, fastMs: number): Promise<boolean> {
  if (!signal(pid, 'SIGINT') || (await ended(pid, fastMs))) return true;
  return !signal(pid, 'SIGQUIT') || (await ended(pid, IMMEDIATE_SHUTDOWN_MS));
}

/** False when the process is gone already. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
