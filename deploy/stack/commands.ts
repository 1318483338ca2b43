/** What `npm run stack` does: start, watch, show and stop the parts. */
import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Format, type Part, type Say, StackError, type StartOptions } from './part.js';
import { chooseParts } from './parts.js';
import { recall } from './running.js';
import { chooseFormat } from './stack-format.js';
import { endParts, startParts } from './start-parts.js';
import { versions } from './versions.js';

const LOOK_EVERY_MS = 2_000;

export interface UpOptions {
  /** None: all. */
  readonly parts: readonly string[];
  readonly data: StartOptions['data'];
  /** Undefined: that of the records that are there. */
  readonly format: Format | undefined;
  /** Breaks the start off. */
  readonly signal: AbortSignal;
}

/** Starts the parts and resolves when all are ready. One that does not come up stops the others. */
export async function up({ parts: names, data, format: asked, signal }: UpOptions, say: Say): Promise<readonly Part[]> {
  const parts = chooseParts(names);
  const format = await chooseFormat(asked, data);
  const before = new Set<string>();
  for (const { name } of parts) if ((await recall(name)) !== undefined) before.add(name);
  try {
    await startParts(parts, { data, format }, signal, say);
  } catch (error) {
    // What ran before is not ours to stop.
    await endParts(
      parts.filter(({ name }) => !before.has(name)),
      say,
    );
    throw error;
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
        await endParts(parts, say);
        throw new StackError(`${part.name} has ended. Its log: ${part.log}`);
      }
      const now = await part.healthy(running.endpoint);
      if (now !== healthy.get(part.name))
        say(`${part.name} ${now ? 'answers again' : 'does not answer'} at ${running.endpoint}`);
      healthy.set(part.name, now);
    }
  }
  await endParts(parts, say);
}

/** Stops what the runner started. */
export const stop = (names: readonly string[], say: Say): Promise<void> => endParts(chooseParts(names), say);

/** One line for each part: whether it runs, where, and whether it answers. */
export async function status(say: Say): Promise<void> {
  for (const part of chooseParts([])) {
    const running = await recall(part.name);
    if (running === undefined) say(`${part.name} ${part.version}: stopped`);
    else {
      const answer = (await part.healthy(running.endpoint)) ? 'healthy' : 'does not answer';
      const more = answer === 'healthy' ? await part.describe?.(running.endpoint) : undefined;
      say(`${part.name} ${part.version}: ${answer} at ${running.endpoint} (pid ${running.pid}, log ${part.log})`);
      if (more) say(`  ${more}`);
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

/** What runs beside millrace, and in which version. */
export function versionTable(): string {
  const rows = [
    ['PostgreSQL', versions.postgres],
    ['Apache Kafka (KRaft), Kafka Connect', versions.kafka],
    ['Debezium source and JDBC sink', versions.debezium],
    ['Apicurio Registry', versions.apicurio],
    ['Avro converter', versions.avroConverter],
    ['BentoML', versions.bentoml],
    ['XGBoost', versions.xgboost],
  ] as const;
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, version]) => `${name.padEnd(width)}  ${version}`).join('\n');
}
