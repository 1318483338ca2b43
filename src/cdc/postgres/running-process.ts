/** Whether a process runs, and waiting until it does not: for processes that may be nobody's children. */
import { readFile } from 'node:fs/promises';
import { delay, systemClock } from '../../clock.js';

/** Whether the system knows this number, whoever it belongs to; also of a process that has ended but was not collected. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Resolves true when the process has ended, false after `timeoutMs`. */
export async function ended(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (await isRunning(pid)) {
    if (performance.now() > deadline) return false;
    await delay(systemClock, 10);
  }
  return true;
}

async function isRunning(pid: number): Promise<boolean> {
  if (!processExists(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; the state follows it. In a container nobody may collect the dead (Z).
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    // It ended between the two questions.
    return false;
  }
}
