/** What the runner remembers of the parts it started: one small file each in `.stack/run`, beyond the runner's own end. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inStack } from './folders.js';
import type { Started } from './part.js';
import { endProcess, identify, isRunning, type ProcessIdentity } from './process-identity.js';

/** A part that was started. */
export interface RunningPart extends ProcessIdentity {
  readonly endpoint: string;
}

const recordOf = (name: string): string => inStack('run', `${name}.json`);

/** Writes down that the part runs. */
export async function remember(name: string, { pid, endpoint }: Started): Promise<RunningPart> {
  const identity = identify(pid) ?? { pid, started: 'ended at once' };
  const running: RunningPart = { ...identity, endpoint };
  await mkdir(dirname(recordOf(name)), { recursive: true });
  // An endpoint may hold a password.
  await writeFile(recordOf(name), `${JSON.stringify(running)}\n`, { mode: 0o600 });
  return running;
}

/** The part as it was started, if that very process still runs. */
export async function recall(name: string): Promise<RunningPart | undefined> {
  let text: string;
  try {
    text = await readFile(recordOf(name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const running = JSON.parse(text) as RunningPart;
  return isRunning(running) ? running : undefined;
}

/**
 * Ends the part if the runner started it and it still runs.
 *
 * @returns whether there was something to end
 */
export async function end(name: string, patienceMs: number): Promise<boolean> {
  const running = await recall(name);
  if (running !== undefined) await endProcess(running, patienceMs);
  await rm(recordOf(name), { force: true });
  return running !== undefined;
}
