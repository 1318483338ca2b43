/**
 * Telling one process from another that later got the same number.
 *
 * A process number alone proves nothing after a restart of the machine or of a container; with the moment at which the
 * process started it does.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { delay, systemClock } from '../../clock.js';

const run = promisify(execFile);

/** Whether a process with this number exists, whoever it belongs to. A zombie does. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A text that this process alone has, as long as it lives: when it started. Undefined where it does not exist. */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (!processExists(pid)) return undefined;
  try {
    if (process.platform !== 'linux') return (await run('ps', ['-o', 'lstart=', '-p', String(pid)])).stdout.trim();
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name in parentheses may hold anything; field 22, the start in ticks since boot, is the 20th after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${boot.trim()}/${fields[19]}`;
  } catch {
    // It ended between the two questions.
    return undefined;
  }
}

/** Resolves true when the process has ended (a zombie has), false after `timeoutMs`. */
export async function ended(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while ((await processIdentity(pid)) !== undefined) {
    if (performance.now() > deadline) return false;
    await delay(systemClock, 10);
  }
  return true;
}
