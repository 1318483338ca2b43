/**
 * One contender over one topic.
 *
 * How the rate is defined: the output topic's records carry the broker's time of appending (LogAppendTime). The rate is
 * that of the records between the moment when a fifth of the output was there and the moment when nine tenths of it
 * were. So nothing counts of starting, joining and warming up, nor of the end, where one of several members may have
 * finished its share; and every contender is measured by the same clock, which is none of its own.
 *
 * A run ends when the group has committed the end of the input, or after a while for those who would take too long.
 * Then everything committed is read back: the count and the sum of what came out must be the input's.
 */
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Broker, Consumer } from '../../src/brokers/port.js';
import { asError } from '../../src/errors.js';
import { WARM_UP } from '../machine.js';
import type { Contender } from './contenders.js';
import type { Input } from './input.js';
import { type Guarantee, type Job, PARTITIONS } from './job.js';
import { createOutput, type Output, readOutput, removeOutput } from './output.js';

const UNTIL = 0.9;
const LOOK_EVERY_MS = 200;

export interface Measured {
  readonly recordsPerSecond: number;
  /** Committed records. */
  readonly records: number;
  /** Records that came out twice. */
  readonly duplicates: number;
  /** Why the output is not what it must be, or what the contender failed with. */
  readonly wrong: string | undefined;
}

/** @param longestMs after which a run ends though its input has not */
export async function measure(
  broker: Broker,
  contender: Contender,
  job: Job,
  input: Input,
  longestMs: number,
): Promise<Measured> {
  await createOutput(broker, job.output);
  let isWhole: boolean;
  try {
    isWhole = await ran(broker, contender, job, input, longestMs);
  } catch (thrown) {
    return { recordsPerSecond: Number.NaN, records: 0, duplicates: 0, wrong: asError(thrown).message };
  }
  const output = await readOutput(broker, job.output, job.encoding);
  await removeOutput(broker, job.output);
  return {
    recordsPerSecond: rateOf(output),
    records: output.records,
    wrong: isWhole ? difference(output, input, job.guarantee) : undefined,
    duplicates: isWhole ? Math.max(0, output.records - input.records) : 0,
  };
}

/** Lets it do its job, and looks at nothing: for those who get faster. */
export async function warmUp(broker: Broker, contender: Contender, job: Job, input: Input): Promise<void> {
  await createOutput(broker, job.output);
  await ran(broker, contender, job, input, Number.POSITIVE_INFINITY);
  await removeOutput(broker, job.output);
}

/** False when it took too long. */
async function ran(broker: Broker, contender: Contender, job: Job, input: Input, longestMs: number): Promise<boolean> {
  await mkdir(job.directory, { recursive: true });
  const running = await contender.start(job);
  try {
    return await Promise.race([running.failed, committedAll(broker, job, input, longestMs)]);
  } finally {
    await running.stop();
    await rm(job.directory, { recursive: true, force: true });
  }
}

/** False when it took too long. */
async function committedAll(broker: Broker, job: Job, input: Input, longestMs: number): Promise<boolean> {
  const until = performance.now() + longestMs;
  // Beside the group, not in it. Offsets of an open transaction are not waited for.
  const group = await broker.consumer({ groupId: job.group, offsetReset: 'earliest', isolation: 'read_uncommitted' });
  try {
    while (performance.now() < until) {
      if ((await committed(group, input.topic)) >= input.records) return true;
      await delay(LOOK_EVERY_MS);
    }
    return false;
  } finally {
    await group.close();
  }
}

async function committed(group: Consumer, topic: string): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
  const offsets = await group.committed(partitions);
  return offsets.reduce<number>((sum, offset) => sum + (offset ?? 0), 0);
}

function rateOf({ appended }: Output): number {
  const [from, to] = [Math.floor(appended.length * WARM_UP), Math.floor(appended.length * UNTIL) - 1];
  return ((to - from) * 1_000) / (appended[to]! - appended[from]!);
}

/** Under at_least_once there may be records twice, where a member has left or come. */
function difference({ records, sum }: Output, input: Input, guarantee: Guarantee): string | undefined {
  const mayHaveMore = guarantee === 'at_least_once' && records > input.records;
  if (records !== input.records && !mayHaveMore) return `${records} records instead of ${input.records}`;
  if (sum !== input.sum && !mayHaveMore) return `the prices add up to ${sum} instead of ${input.sum}`;
  return undefined;
}
