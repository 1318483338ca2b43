/**
 * `npm run bench -- --kafka`: millrace beside the programs that people would use instead, on one real broker, in one run.
 *
 *   --records N        changes in each input topic (2,000,000)
 *   --runs N           of each contender; their median counts (3)
 *   --only A,B         contenders: millrace, loop, decoder, client, jvm, quix, nodefluent (all)
 *   --encodings A,B    json, connect-json, avro (all)
 *   --guarantees A,B   at_least_once, exactly_once_v2 (both)
 *   --longest S        seconds after which a run is broken off and its rate taken (120)
 *
 * Contenders take turns, and each run begins with another one. A run is repeated while others took more than 5 % of the
 * processors (`bench/undisturbed.ts`). Prints Markdown for bench/RESULTS.md on standard output, and how far it is on
 * standard error. A first SIGINT or SIGTERM ends it after the run under way, with what there is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startKafka } from '../../deploy/stack/kafka.js';
import { versions } from '../../deploy/stack/versions.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import { openEmbeddedRegistry } from '../../src/registry/embedded/index.js';
import { machine, percent } from '../machine.js';
import { undisturbed } from '../undisturbed.js';
import { type Contender, contenders } from './contenders.js';
import { fillInput, type Input } from './input.js';
import { ENCODINGS, type Encoding, GUARANTEES, type Guarantee, type Job, PARTITIONS } from './job.js';
import { type Measured, measure, warmUp } from './measure.js';
import { Results } from './results.js';

const COMMIT_MS = 100;

const { values: options } = parseArgs({
  options: {
    kafka: { type: 'boolean' },
    records: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    encodings: { type: 'string', default: ENCODINGS.join() },
    guarantees: { type: 'string', default: GUARANTEES.join() },
    longest: { type: 'string', default: '120' },
  },
});
const [records, runs, longestMs] = [Number(options.records), Number(options.runs), Number(options.longest) * 1_000];
const chosen = contenders.filter(({ kind }) => options.only?.split(',').includes(kind) ?? true);
const say = (text: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);

const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
const registry = await openEmbeddedRegistry();
// The input must outlive its own timestamps. And as Kafka itself does, the group waits for all who start together: with the
// 0 of a developer's broker the rebalance in which the second of two processes joins would be part of what is measured.
const kafka = await startKafka({
  directory: join(directory, 'kafka'),
  port: 0,
  settings: { 'log.retention.ms': '-1', 'group.initial.rebalance.delay.ms': '3000' },
});
const broker = kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers });
let jobs = 0;

function jobOf(encoding: Encoding, guarantee: Guarantee, input: Input): Job {
  jobs += 1;
  return {
    bootstrapServers: kafka.bootstrapServers,
    group: `bench-${jobs}`,
    input: input.topic,
    output: `rows-${jobs}`,
    encoding,
    guarantee,
    commitMs: COMMIT_MS,
    registry: registry.url,
    directory: join(directory, `job-${jobs}`),
  };
}

let isOver = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    isOver = true;
    say(`${signal}: the run under way is the last`);
  });
}

/** What is wrong in one of the repeated runs is not hidden by another one that is right. */
async function measured(contender: Contender, encoding: Encoding, guarantee: Guarantee, input: Input) {
  const all: Measured[] = [];
  const once = async () => {
    all.push(await measure(broker, contender, jobOf(encoding, guarantee, input), input, longestMs));
    return all.at(-1)!;
  };
  const { result, stolen } = await undisturbed(once, () => isOver);
  return { measured: all.find(({ wrong }) => wrong !== undefined) ?? result, stolen };
}

const warm = new Set<Contender>();

/** How many are to go through it now: only once in its life. */
function warmUpRecords(contender: Contender): number {
  if (warm.has(contender)) return 0;
  warm.add(contender);
  return contender.warmUpRecords ?? 0;
}

try {
  const results = new Results();
  for (const encoding of options.encodings.split(',') as Encoding[]) {
    if (isOver) break;
    const able = chosen.filter(({ encodings }) => encodings.includes(encoding));
    say(`filling ${encoding}`);
    const input = await fillInput(broker, encoding, records, registry.url);
    const [first] = able;
    if (jobs === 0 && first !== undefined) {
      // The broker is a JVM too, and who comes first would look slow.
      say('warming up the broker');
      for (const guarantee of first.guarantees) await warmUp(broker, first, jobOf(encoding, guarantee, input), input);
    }
    for (const contender of able) {
      for (let left = warmUpRecords(contender); left > 0; left -= input.records) {
        say(`warming up ${contender.name}, ${left} to go`);
        await warmUp(broker, contender, jobOf(encoding, 'at_least_once', input), input);
      }
    }
    for (let run = 0; run < runs; run += 1) {
      for (const contender of [...able.slice(run % able.length), ...able.slice(0, run % able.length)]) {
        for (const guarantee of contender.guarantees) {
          if (!options.guarantees.includes(guarantee)) continue;
          if (isOver) continue;
          const done = await measured(contender, encoding, guarantee, input);
          results.add({ encoding, guarantee, contender, input, ...done });
          const { recordsPerSecond, duplicates, wrong } = done.measured;
          const told = `${encoding} ${guarantee} run ${run + 1}: ${contender.name} ${recordsPerSecond.toFixed(0)}/s, ${percent(done.stolen)} taken`;
          say(told + (duplicates > 0 ? `, ${duplicates} twice` : '') + (wrong === undefined ? '' : ` WRONG: ${wrong}`));
        }
      }
    }
  }
  console.log(`${new Date().toISOString().slice(0, 10)}, ${machine()}; Kafka ${versions.kafka} on the same machine`);
  console.log(
    `${records.toLocaleString('en')} changes in each topic, ${PARTITIONS} partitions, commits every ${COMMIT_MS} ms, median of ${runs} runs; ` +
      `others took at most ${percent(results.mostStolen)} of the processors from one that counts\n`,
  );
  console.log(results.markdown());
  if (results.anyWrong) process.exitCode = 1;
} finally {
  for (const contender of chosen) await contender.close?.();
  await broker.close();
  await kafka.stop();
  await registry.close();
  await rm(directory, { recursive: true, force: true });
}
