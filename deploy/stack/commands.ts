/** What `npm run stack` does: start, watch, show and stop the parts. */
import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { waitUntilReady } from './launch.js';
import { type Part, type Say, StackError, type StartOptions } from './part.js';
import { chooseParts } from './parts.js';
import { isRunning } from './process-identity.js';
import { end, type RunningPart, recall, remember } from './running.js';

const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 2_000;

async function startOne(part: Part, options: StartOptions, say: Say): Promise<RunningPart> {
  const already = await recall(part.name);
  if (already !== undefined) {
    if (options.data === 'fresh') {
      throw new StackError(
        `${part.name} runs already: stop it first (npm run stack -- stop) to begin with empty data.`,
      );
    }
    say(`${part.name} ${part.version} runs already at ${already.endpoint} (pid ${already.pid})`);
    return already;
  }
  await part.download(say);
  say(`starting ${part.name} ${part.version} …`);
  const begun = performance.now();
  const running = await remember(part.name, await part.start(options));
  try {
    const ready = (): Promise<boolean> => part.healthy(running.endpoint);
    await waitUntilReady(part.name, ready, () => isRunning(running), part.log, READY_WITHIN_MS);
  } catch (error) {
    await end(part.name, STOPPED_WITHIN_MS);
    throw error;
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(
    `${part.name} ${part.version} is ready at ${running.endpoint} after ${seconds} s (pid ${running.pid}, log ${part.log})`,
  );
  return running;
}

async function endAll(parts: readonly Part[], say: Say): Promise<void> {
  for (const part of parts.toReversed()) {
    say((await end(part.name, STOPPED_WITHIN_MS)) ? `${part.name} is stopped` : `${part.name} was not running`);
  }
}

/** Starts the parts one after the other and resolves when all are ready. One that does not come up stops the others. */
export async function up(names: readonly string[], options: StartOptions, say: Say): Promise<readonly Part[]> {
  const parts = chooseParts(names);
  const begun: Part[] = [];
  for (const part of parts) {
    try {
      await startOne(part, options, say);
      begun.push(part);
    } catch (error) {
      await endAll(begun, say);
      throw error;
    }
  }
  return parts;
}

/** Says when a part becomes unreachable, comes back, or ends; until `signal` aborts, then stops them all. */
export async function watch(parts: readonly Part[], signal: AbortSignal, say: Say): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const healthy = new Map(parts.map((part) => [part.name, true]));
  let timer: NodeJS.Timeout | undefined;
  while (!signal.aborted) {
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LOOK_EVERY_MS);
    });
    await Promise.race([pause, stopped]);
    clearTimeout(timer);
    if (signal.aborted) break;
    for (const part of parts) {
      const running = await recall(part.name);
      if (running === undefined) {
        await endAll(parts, say);
        throw new StackError(`${part.name} has ended. Its log: ${part.log}`);
      }
      const now = await part.healthy(running.endpoint);
      if (now !== healthy.get(part.name))
        say(`${part.name} ${now ? 'answers again' : 'does not answer'} at ${running.endpoint}`);
      healthy.set(part.name, now);
    }
  }
  await endAll(parts, say);
}

/** Stops what the runner started, last one first. */
export const stop = (names: readonly string[], say: Say): Promise<void> => endAll(chooseParts(names), say);

/** One line for each part: whether it runs, where, and whether it answers. */
export async function status(say: Say): Promise<void> {
  for (const part of chooseParts([])) {
    const running = await recall(part.name);
    if (running === undefined) say(`${part.name} ${part.version}: stopped`);
    else {
      const answer = (await part.healthy(running.endpoint)) ? 'healthy' : 'does not answer';
      say(`${part.name} ${part.version}: ${answer} at ${running.endpoint} (pid ${running.pid}, log ${part.log})`);
    }
  }
}

/** Prints the log of one part. */
export async function logs(name: string, to: NodeJS.WritableStream): Promise<void> {
  for (const { log } of chooseParts([name])) {
    if (!existsSync(log)) throw new StackError(`${name} has written no log yet: ${log} does not exist.`);
    await pipeline(createReadStream(log), to, { end: false });
  }
}
