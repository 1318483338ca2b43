/**
 * Starts parts side by side, each as soon as it can.
 *
 * What must hold:
 *  1. A part is started when those that it needs have been started, so that their addresses are known; it is prepared
 *     when they are ready.
 *  2. One that does not come up breaks off the others, and its reason is the one that is told.
 */
import { waitUntilReady } from './launch.js';
import { type Part, type Say, StackError, type StartOptions } from './part.js';
import { isRunning } from './process-identity.js';
import { end, type RunningPart, recall, remember } from './running.js';

const READY_WITHIN_MS = 180_000;
const STOPPED_WITHIN_MS = 20_000;

/** A part on its way up. */
interface Ascent {
  readonly started: Promise<RunningPart>;
  readonly ready: Promise<void>;
}

/**
 * Resolves when all parts are ready and prepared.
 *
 * @param signal breaks the start off
 * @throws StackError of the first that does not come up; what had been started is still there, and to be stopped
 */
export async function startParts(
  parts: readonly Part[],
  options: Omit<StartOptions, 'endpointOf'>,
  signal: AbortSignal,
  say: Say,
): Promise<void> {
  const failing = new AbortController();
  const broken = AbortSignal.any([signal, failing.signal]);
  const ascents = new Map<string, Ascent>();
  for (const part of parts) {
    const needed = part.needs(options.format).map((name) => ascents.get(name) ?? elsewhere(part.name, name));
    ascents.set(part.name, begin(part, needed, options, broken, say));
  }
  let reason: unknown;
  const outcomes = [...ascents.values()].map(async ({ started, ready }) => {
    try {
      await Promise.all([started, ready]);
    } catch (error) {
      reason ??= error;
      failing.abort(error);
    }
  });
  await Promise.all(outcomes);
  if (reason !== undefined) throw reason;
}

function begin(
  part: Part,
  needed: readonly Ascent[],
  options: Omit<StartOptions, 'endpointOf'>,
  signal: AbortSignal,
  say: Say,
): Ascent {
  const names = part.needs(options.format);
  const endpoints = new Map<string, string>();
  const complete: StartOptions = { ...options, endpointOf: (name) => endpoints.get(name)! };
  const started = (async () => {
    await part.download({ say, signal });
    for (const [index, { started }] of needed.entries()) endpoints.set(names[index]!, (await started).endpoint);
    signal.throwIfAborted();
    return (await alreadyRunning(part, options, say)) ?? (await startNow(part, complete, say));
  })();
  const ready = (async () => {
    const running = await started;
    await untilReady(part, running, signal, say);
    await Promise.all(needed.map((ascent) => ascent.ready));
    signal.throwIfAborted();
    await part.prepare?.(running.endpoint, complete, say);
  })();
  return { started, ready };
}

/** A part that is needed and was not asked for: it may run already. */
function elsewhere(who: string, name: string): Ascent {
  const started = recall(name).then((running) => {
    if (running !== undefined) return running;
    throw new StackError(`${who} needs ${name}, which does not run: add it to --only.`);
  });
  const ready = started.then(() => {});
  // Whoever needs it is told; that may be after another part has failed, and then it is nobody.
  ready.catch(() => {});
  return { started, ready };
}

async function alreadyRunning(
  part: Part,
  { data }: Pick<StartOptions, 'data'>,
  say: Say,
): Promise<RunningPart | undefined> {
  const already = await recall(part.name);
  if (already === undefined) return undefined;
  if (data === 'fresh') {
    throw new StackError(`${part.name} runs already: stop it first (npm run stack -- stop) to begin with empty data.`);
  }
  say(`${part.name} ${part.version} runs already at ${already.endpoint} (pid ${already.pid})`);
  return already;
}

async function startNow(part: Part, options: StartOptions, say: Say): Promise<RunningPart> {
  say(`starting ${part.name} ${part.version} …`);
  return remember(part.name, await part.start(options));
}

async function untilReady(part: Part, running: RunningPart, signal: AbortSignal, say: Say): Promise<void> {
  const begun = performance.now();
  const ready = async () => {
    signal.throwIfAborted();
    return part.healthy(running.endpoint);
  };
  await waitUntilReady(part.name, ready, () => isRunning(running), part.log, READY_WITHIN_MS);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(`${part.name} is ready at ${running.endpoint} after ${seconds} s (pid ${running.pid}, log ${part.log})`);
}

/** Stops those that run: first those that need others, then the others, side by side. */
export async function endParts(parts: readonly Part[], say: Say): Promise<void> {
  const endOne = async (part: Part) =>
    say((await end(part.name, STOPPED_WITHIN_MS)) ? `${part.name} is stopped` : `${part.name} was not running`);
  const needing = parts.filter((part) => part.needs('avro').length > 0);
  await Promise.all(needing.map(endOne));
  await Promise.all(parts.filter((part) => !needing.includes(part)).map(endOne));
}
