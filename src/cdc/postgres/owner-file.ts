/**
 * Which process of ours a database folder belongs to, so that a second one is refused and what a dead one left behind
 * is known to be nobody's.
 *
 * PostgreSQL's own lock tells only whether a PostgreSQL runs there, not whether anybody still wants it. Two processes
 * that take over the folder of a dead one in the same instant may both succeed here: PostgreSQL's lock then decides.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from '../../errors.js';
import { processIdentity } from './process-identity.js';

const owner = z.object({ pid: z.number().int().positive(), identity: z.string() });

function ownerFile(directory: string): string {
  return join(directory, 'owner.json');
}

/**
 * @throws ConfigurationError when the folder belongs to a process that is alive
 */
export async function requireUnowned(directory: string): Promise<void> {
  const current = await readOwner(directory);
  if (current === undefined || (await processIdentity(current.pid)) !== current.identity) return;
  throw new ConfigurationError(
    `The database in ${directory} is in use by process ${current.pid}` +
      `${current.pid === process.pid ? ' (this one)' : ''}. ` +
      'Stop that one first, or give this one a data folder of its own.',
    'directory',
  );
}

/**
 * Takes the folder for this process.
 *
 * @throws ConfigurationError when it belongs to a process that is alive
 */
export async function takeFolder(directory: string): Promise<void> {
  await requireUnowned(directory);
  const identity = await processIdentity(process.pid);
  const written = `${ownerFile(directory)}.${process.pid}`;
  await writeFile(written, JSON.stringify({ pid: process.pid, identity }), { mode: 0o600 });
  await rename(written, ownerFile(directory));
}

/** Gives it back; what another process took meanwhile stays. */
export async function releaseFolder(directory: string): Promise<void> {
  if ((await readOwner(directory))?.pid === process.pid) await rm(ownerFile(directory), { force: true });
}

/** Undefined also for a file that is damaged: who wrote half of it is dead. */
async function readOwner(directory: string): Promise<z.infer<typeof owner> | undefined> {
  try {
    return owner.parse(JSON.parse(await readFile(ownerFile(directory), 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
