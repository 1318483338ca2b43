/**
 * Which process a process id means. Ids are given out again after a process ended, so an id from a file is trusted
 * only together with the moment at which its process started.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The process with this id, told apart from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only. */
  readonly started: string;
}

/** Linux: field 22 of `/proc/PID/stat`, clock ticks since boot, together with the boot's own id. */
function startedByProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold blanks: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined; // ended already, not yet collected by its parent
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  } catch {
    return undefined; // no such process
  }
}

function startedByPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined; // ps exits with 1 when there is no such process
  }
}

/** Who runs under this id now; undefined when nobody does. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedByProc(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether that very process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** A server leads a process group of its own (see launch.ts): its workers, which would outlive it, are in it. */
function killWithChildren(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It leads none: then it is alone.
    process.kill(pid, 'SIGKILL');
  }
}

/**
 * Ends that very process: SIGTERM, and SIGKILL when it is still there after `patienceMs`. Does nothing to another
 * process that has got its id meanwhile. Resolves when it is gone.
 */
export async function endProcess(identity: ProcessIdentity, patienceMs: number): Promise<void> {
  if (!isRunning(identity)) return;
  process.kill(identity.pid, 'SIGTERM');
  const deadline = Date.now() + patienceMs;
  while (isRunning(identity)) {
    if (Date.now() > deadline) return killWithChildren(identity.pid);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
