/** What a process leaves: other processes, locks. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Processes that work in the home folder, by their number: PostgreSQL's do. Linux alone shows them; elsewhere none. */
export async function processesIn(home: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(numbers.map((number) => readlink(`/proc/${number}/cwd`).catch(() => '')));
  return numbers.filter((_, index) => folders[index]!.startsWith(home));
}

/** Files that say that somebody works in the folder, in it and below. */
export async function locksIn(home: string): Promise<string[]> {
  const names = await readdir(home, { recursive: true }).catch(() => []);
  return names.filter((name) => name.includes('.lock-') || name.endsWith('postmaster.pid'));
}

/** The number of the PostgreSQL that runs. */
export async function postmasterOf(home: string): Promise<string> {
  return (await readFile(join(home, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]!;
}
