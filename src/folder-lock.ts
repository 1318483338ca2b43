/**
 * A lock on a folder: one holder at a time, on one machine, that a killed process cannot leave behind.
 *
 * Node offers no lock of the operating system, so a holder announces itself by a file in the folder, whose name says
 * which process it is:
 *
 *  1. A process is named by its number *and* when it started; a number alone is soon another program's.
 *  2. Announce first, then look: who sees no other living holder after its own file exists has the lock. Of two that
 *     announce at the same time the later looker sees the other, so there never are two holders.
 *  3. A dead holder's file has a name that is used once, so removing it cannot hit a living one's.
 *
 * A holder on another host (a shared or a container's volume) cannot be asked whether it lives: its lock is respected
 * until somebody removes the file, and the message says so. Where the start of a process cannot be read (Windows),
 * its number alone decides.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigurationError } from './errors.js';

const run = promisify(execFile);
const PREFIX = '.lock-';
/** Two that announced together both stepped back: they try again, at different times. */
const ATTEMPTS = 5;

/** A held lock. */
export interface FolderLock {
  /** Gives the folder free. Twice is once. */
  release(): Promise<void>;
}

interface Holder {
  readonly file: string;
  readonly pid: number;
  /** When the process started, in words of its system; empty where that cannot be read. */
  readonly birth: string;
  readonly host: string;
}

/**
 * Locks a folder, which is made if it does not exist.
 *
 * @param directory the folder
 * @param purpose what it is used for, for the message that a second one gets: `embedded broker`
 * @throws ConfigurationError when a living process holds it; the message names its number
 *
 * @example
 * const lock = await lockFolder('.millrace/broker', 'embedded broker');
 * try { … } finally { await lock.release(); }
 */
export async function lockFolder(directory: string, purpose: string): Promise<FolderLock> {
  await mkdir(directory, { recursive: true });
  const birth = (await birthOf(process.pid)) ?? '';
  for (let attempt = 1; ; attempt += 1) {
    const own = join(directory, fileName({ pid: process.pid, birth, host: hostname() }));
    await writeFile(own, `${purpose}, process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}\n`);
    const other = await livingHolder(directory, own);
    if (other === undefined) return { release: () => rm(own, { force: true }) };
    await rm(own, { force: true });
    if (attempt === ATTEMPTS) throw inUse(directory, purpose, other);
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20 * attempt));
  }
}

/** A process other than through `own` that holds the folder; files of dead ones are removed. */
async function livingHolder(directory: string, own: string): Promise<Holder | undefined> {
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    const holder = file === own ? undefined : holderOf(file, name);
    if (holder === undefined) continue;
    if (await lives(holder)) return holder;
    await rm(file, { force: true });
  }
  return undefined;
}

async function lives({ pid, birth, host }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  const now = await birthOf(pid);
  return now !== undefined && (now === birth || now === '' || birth === '');
}

/** When the process started; undefined when there is none, empty when its start cannot be read. */
async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return linuxBirth(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  if (process.platform === 'win32') return '';
  try {
    return (await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C', TZ: 'UTC' } })).stdout.trim();
  } catch {
    // It ended between the two questions: ps answers that by failing.
    return undefined;
  }
}

async function linuxBirth(pid: number): Promise<string | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // No such process.
    return undefined;
  }
  // The second field is the program's name in parentheses, which may contain anything; the third is the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
  return `${boot}:${fields[19]}`;
}

function fileName({ pid, birth, host }: Omit<Holder, 'file'>): string {
  return `${PREFIX}${[pid, birth, host, randomUUID()].map((part) => encodeURIComponent(part)).join('@')}`;
}

function holderOf(file: string, name: string): Holder | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const [pid, birth, host] = name.slice(PREFIX.length).split('@').map(decodeURIComponent);
  if (pid === undefined || birth === undefined || host === undefined) return undefined;
  return { file, pid: Number(pid), birth, host };
}

function inUse(directory: string, purpose: string, holder: Holder): ConfigurationError {
  const elsewhere = holder.host !== hostname();
  const what = elsewhere
    ? `process ${holder.pid} on host "${holder.host}" holds it. Whether that one still runs cannot be seen from here: if it does not, delete ${holder.file}`
    : `process ${holder.pid}${holder.pid === process.pid ? ' (this one)' : ''} holds it. Stop that one, or use another folder`;
  return new ConfigurationError(`The folder ${directory} is in use (${purpose}): ${what}.`, 'directory');
}
