/**
 * The proof that a replay is exactly once and hurts nobody: change events on a real Kafka, the live application running,
 * a replay with a second model from a time on, killed again and again, compared with what the live application wrote. Then
 * everything is counted, and the comparison is computed once more by hand.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { features } from '../../models/ford/index.js';
import { listings } from '../../models/ford/listings.js';
import { Application } from '../../src/app/application.js';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { Broker, ConsumedRecord, ProduceRequest } from '../../src/brokers/port.js';
import type { CompareReport } from '../../src/compare/index.js';
import { onnx } from '../../src/model/onnx.js';
import { NO_HEADERS } from '../../src/record.js';
import { readTopic } from '../../src/replay/read-topic.js';
import { lmdbEngines } from '../../src/state/lmdb.js';
import carPrices from '../../topology/car-prices.js';
import { carSource } from '../car-source.js';
import second, { raised } from './second-model.js';

export const SOURCE = 'car_database.public.car_data';
export const LIVE = 'car_data_predicted';
const DEAD = 'car_prices_dead_letters';
const PARTITIONS = 4;
const FLUSH_MS = 120_000;
const STARTED = Date.UTC(2026, 10, 1);
const EVERY_MS = 100;
const CONFIG = 'test/kafka/replay-proof.config.ts';
const MODEL = 'models/ford/ford_price.onnx';

/** How large the proof is. */
export interface ProofSize {
  /** Change events before the replay; a twentieth as many are written while it runs. */
  readonly events: number;
  readonly kills: number;
  /** Records per second of the replay; undefined: as fast as it goes. */
  readonly rate: number | undefined;
}

/** What was found. Each `wrong…` is 0 when everything is right. */
export interface ProofResult {
  readonly replayed: number;
  readonly expected: number;
  readonly killed: number;
  /** Outputs of the replay that are not, or not as often, among those of the topology in memory, and the other way round. */
  readonly wrongOutputs: number;
  /** Prices that are not the second model's for the row beside them. */
  readonly wrongPrices: number;
  /** Live outputs that are missing, too many, or not the first model's. */
  readonly wrongLive: number;
  /** Partitions whose live offset is not at the end of what was written. */
  readonly wrongLiveOffsets: number;
  /** Figures of the comparison's report that are not what a computation by hand gives. */
  readonly wrongReport: readonly string[];
  readonly seconds: number;
}

/** @param folder for state; made and left */
export async function proveReplay(
  bootstrapServers: string,
  folder: string,
  { events, kills, rate }: ProofSize,
  say: (line: string) => void,
): Promise<ProofResult> {
  const broker = kafkaBroker({ 'bootstrap.servers': bootstrapServers });
  const admin = await broker.admin();
  const kept = { 'cleanup.policy': 'delete', 'retention.ms': '-1' };
  await admin.createTopics([SOURCE, LIVE].map((topic) => ({ topic, partitions: PARTITIONS, config: kept })));
  await admin.createTopics([{ topic: DEAD, partitions: 1 }]);
  await admin.close();

  await write(broker, changes(0, events));
  say(`${events} change events written`);
  const live = millrace(bootstrapServers, folder, ['run', 'topology/car-prices.ts', '--json']);
  live.stdout?.resume();
  try {
    await caughtUp(broker);
    say('the live application has caught up');
    const from = new Date(STARTED + (events / 4) * EVERY_MS).toISOString();
    const more = Math.ceil(events / 20);
    const startedAt = performance.now();
    let late = Promise.resolve();
    // Only then is the end of the replay fixed.
    const onPlanned = () => {
      late = write(broker, changes(events, more));
    };
    const { killed, report } = await replayWithKills(
      bootstrapServers,
      folder,
      from,
      { events, kills, rate },
      say,
      onPlanned,
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    await late;
    await caughtUp(broker);
    await stop(live);

    const expected = await inMemory(changes(events / 4, events - events / 4), join(folder, 'in-memory'));
    const replayed = await digests(broker, `${LIVE}.replay-second`);
    return {
      replayed: sum(replayed),
      expected: sum(expected),
      killed,
      wrongOutputs: difference(expected, replayed),
      wrongPrices: await wrongPrices(broker, `${LIVE}.replay-second`, raised),
      wrongLive:
        (await wrongPrices(broker, LIVE, (price) => price)) +
        Math.abs((await countOf(broker, LIVE)) - distinctIn(events + more)),
      wrongLiveOffsets: await wrongLiveOffsets(broker),
      wrongReport: await wrongReport(broker, report, [
        STARTED + (events / 4) * EVERY_MS,
        STARTED + (events - 1) * EVERY_MS,
      ]),
      seconds,
    };
  } finally {
    await stop(live);
    await broker.close();
  }
}

/** What several processes made of the same replay. */
export interface SharedReplay {
  readonly code: number | null;
  /** Outputs that the replay of {@link proveReplay} does not have, or not as often, and the other way round. */
  readonly wrongOutputs: number;
  /** Records whose outcome the processes have committed. */
  readonly finished: number;
  readonly modelCalls: number;
  readonly modelCallsSaved: number;
}

/**
 * The same replay once more after {@link proveReplay}, by two processes and from the live application's state, which is of
 * another model and knows every car.
 */
export async function shareReplay(bootstrapServers: string, folder: string, events: number): Promise<SharedReplay> {
  const broker = kafkaBroker({ 'bootstrap.servers': bootstrapServers });
  const timeOf = (index: number) => new Date(STARTED + index * EVERY_MS).toISOString();
  const command = ['replay', 'topology/car-prices.ts', '--name', 'shared', '--json'];
  const replay = millrace(bootstrapServers, folder, [
    ...command,
    ...['--from', timeOf(events / 4), '--to', timeOf(events)],
    ...['--model', 'test/kafka/second-model.ts', '--with-state', '--instances', '2'],
  ]);
  const exited = new Promise<number | null>((resolve) => replay.once('exit', (code) => resolve(code)));
  let counts = { finished: 0, modelCalls: 0, modelCallsSaved: 0 };
  for await (const line of createInterface({ input: replay.stdout! })) {
    const event = JSON.parse(line) as { readonly event: string; readonly counts: typeof counts };
    if (event.event !== 'progress') continue;
    const { finished, modelCalls, modelCallsSaved } = event.counts;
    counts = { finished, modelCalls, modelCallsSaved };
  }
  try {
    const [proven, shared] = [
      await digests(broker, `${LIVE}.replay-second`),
      await digests(broker, `${LIVE}.replay-shared`),
    ];
    return { code: await exited, wrongOutputs: difference(proven, shared), ...counts };
  } finally {
    await broker.close();
  }
}

/** Change events as Debezium writes them; every car is changed twice, and one event in fifty comes a second time. */
function* changes(from: number, count: number): Generator<ProduceRequest> {
  const cars = listings(11);
  const rows = Array.from({ length: 2_000 }, () => cars.next().value!);
  for (let index = from; index < from + count; index += 1) {
    // The same change once more, as a connector sends after a restart.
    const which = index % 50 === 49 ? index - 1 : index;
    const id = which >> 1;
    const timestamp = STARTED + index * EVERY_MS;
    const lsn = 30_000_000 + which * 64;
    const { id: _, ...row } = rows[which % rows.length]!;
    const value = {
      before: null,
      after: { id, ...row, mileage: row.mileage + (which % 997) },
      source: carSource(lsn, timestamp),
      op: 'c',
      ts_ms: timestamp,
    };
    yield {
      topic: SOURCE,
      partition: id % PARTITIONS,
      key: Buffer.from(JSON.stringify({ id })),
      value: Buffer.from(JSON.stringify(value)),
      timestamp,
      headers: NO_HEADERS,
    };
  }
}

/** How many of the first `count` events bring something new. */
function distinctIn(count: number): number {
  return count - Math.floor(count / 50);
}

/** Resolves when the live application has committed all that was written. */
async function caughtUp(broker: Broker): Promise<void> {
  const until = Date.now() + 30 * 60_000;
  while ((await wrongLiveOffsets(broker).catch(() => 1)) > 0) {
    if (Date.now() > until) throw new Error('the live application does not catch up');
    await wait(250);
  }
}

async function write(broker: Broker, records: Iterable<ProduceRequest>): Promise<void> {
  const producer = await broker.producer({});
  let waiting = 0;
  for (const record of records) {
    producer.produce(record);
    waiting += 1;
    if (waiting % 20_000 === 0) await producer.flush(FLUSH_MS);
  }
  await producer.flush(FLUSH_MS);
  await producer.close();
}

function millrace(servers: string, folder: string, args: readonly string[]): ChildProcess {
  const [command, ...rest] = args;
  return spawn(
    process.execPath,
    [
      'bin/millrace.js',
      '--config',
      CONFIG,
      command!,
      ...rest,
      '--bootstrap-servers',
      servers,
      '--set',
      `state.dir=${folder}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

/** Runs the same command until it finishes, and compares; before that it is killed at `kills` places of its way. */
async function replayWithKills(
  servers: string,
  folder: string,
  from: string,
  { kills, rate }: ProofSize,
  say: (line: string) => void,
  onPlanned: () => void,
): Promise<{ readonly killed: number; readonly report: CompareReport }> {
  const command = [
    'replay',
    'topology/car-prices.ts',
    '--name',
    'second',
    '--from',
    from,
    '--model',
    'test/kafka/second-model.ts',
    '--compare',
    '--json',
  ];
  if (rate !== undefined) command.push('--rate', String(rate));
  let report: CompareReport | undefined;
  for (let killed = 0; ; ) {
    const replay = millrace(servers, folder, command);
    const exited = new Promise<number | null>((resolve) => replay.once('exit', (code) => resolve(code)));
    let killedNow = false;
    for await (const line of createInterface({ input: replay.stdout! })) {
      const event = JSON.parse(line) as {
        event: string;
        as?: string;
        done: number;
        total: number;
        message?: string;
      };
      if (event.event === 'plan' && event.as === 'new') onPlanned();
      if (event.event === 'compared') report = JSON.parse(line) as CompareReport;
      if (event.event === 'warn' || event.event === 'error') say(`  ${event.message}`);
      if (event.event !== 'progress' || killed >= kills || killedNow) continue;
      if (event.done < (event.total * (killed + 1)) / (kills + 1.5)) continue;
      replay.kill('SIGKILL');
      killedNow = true;
      killed += 1;
      say(`  killed at ${event.done} of ${event.total}`);
    }
    const code = await exited;
    if (killedNow) continue;
    if (code !== 0 || report === undefined) throw new Error(`the replay ended with ${code}`);
    return { killed, report };
  }
}

async function stop(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.stdout?.resume();
  const exited = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  process.kill('SIGTERM');
  await exited;
}

/** The topology over the same records on a broker in memory, with the second model. */
async function inMemory(records: Iterable<ProduceRequest>, folder: string): Promise<ReadonlyMap<string, number>> {
  const broker = await openEmbeddedBroker({ directory: join(folder, 'broker') });
  try {
    const admin = await broker.admin();
    await admin.createTopics(
      [SOURCE, LIVE].map((topic) => ({ topic, partitions: PARTITIONS, config: { 'retention.ms': '-1' } })),
    );
    await admin.close();
    await write(broker, records);
    const bounds = new Map<string, number>();
    const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      bounds.set(`${SOURCE}-${partition}`, (await consumer.watermarks({ topic: SOURCE, partition })).high);
    }
    await consumer.close();
    const config = { 'application.id': 'expected', encoding: 'json', models: { 'ford-price': second } } as const;
    const engines = lmdbEngines(join(folder, 'state'));
    const application = new Application(carPrices, config, { broker, engines }, {}, { bounds });
    await application.start();
    await application.ended();
    if (application.failure !== undefined) throw application.failure;
    return await digests(broker, LIVE);
  } finally {
    await broker.close();
  }
}

/** How often each record is in a topic, by a digest of key, value and time. */
async function digests(broker: Broker, topic: string): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for await (const { key, value, timestamp } of readTopic(broker, topic)) {
    const hash = createHash('sha1')
      .update(key ?? '')
      .update('\0')
      .update(value ?? '')
      .update(`\0${timestamp}`);
    const digest = hash.digest('base64').slice(0, 16);
    found.set(digest, (found.get(digest) ?? 0) + 1);
  }
  return found;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, count) => all + count, 0);
}

function difference(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let wrong = 0;
  for (const key of new Set([...a.keys(), ...b.keys()])) wrong += Math.abs((a.get(key) ?? 0) - (b.get(key) ?? 0));
  return wrong;
}

/** Asks the first model about every row that was written, without any of what is tested. */
async function wrongPrices(broker: Broker, topic: string, of: (price: number) => number): Promise<number> {
  const model = onnx<object, number>(MODEL);
  await model.open();
  let wrong = 0;
  let batch: ConsumedRecord[] = [];
  const check = async () => {
    const rows = batch.map(
      ({ value }) => JSON.parse(String(value)) as Parameters<typeof features>[0] & { suggestedprice: number },
    );
    const prices = await model.predict(
      rows.map((row) => features(row)),
      new AbortController().signal,
    );
    for (const [index, row] of rows.entries()) {
      if (Math.abs(row.suggestedprice - of(prices[index]!)) > 0.01) wrong += 1;
    }
    batch = [];
  };
  for await (const record of readTopic(broker, topic)) {
    batch.push(record);
    if (batch.length === 1_000) await check();
  }
  if (batch.length > 0) await check();
  await model.close();
  return wrong;
}

/**
 * Computes what the report says by other means: both topics in memory, by key and time, one loop over them.
 *
 * @param range times of the first and the last record that were replayed
 */
async function wrongReport(
  broker: Broker,
  report: CompareReport,
  [first, last]: readonly [number, number],
): Promise<readonly string[]> {
  const pricesIn = async (topic: string): Promise<ReadonlyMap<string, number>> => {
    const prices = new Map<string, number>();
    for await (const { key, value, timestamp } of readTopic(broker, topic)) {
      if (timestamp < first || timestamp > last) continue;
      prices.set(`${key}@${timestamp}`, (JSON.parse(String(value)) as { suggestedprice: number }).suggestedprice);
    }
    return prices;
  };
  const [here, there] = [await pricesIn(LIVE), await pricesIn(`${LIVE}.replay-second`)];
  const differences: number[] = [];
  for (const [row, price] of here) {
    const other = there.get(row);
    if (other !== undefined) differences.push(other - price);
  }
  differences.sort((a, b) => a - b);
  const mean = differences.reduce((total, difference) => total + difference, 0) / differences.length;
  const found = report.fields.suggestedprice?.difference;
  const rankOf = (value: number) => differences.findIndex((difference) => difference >= value) / differences.length;
  const near = (a: number | undefined, b: number | undefined) => Math.abs(a! - b!) < 1e-6 * Math.abs(b!);
  const right: Readonly<Record<string, boolean>> = {
    here: report.here.records === here.size,
    there: report.there.records === there.size,
    joined: report.joined === differences.length,
    equal: report.equal === differences.filter((difference) => difference === 0).length,
    changed: report.changed === differences.filter((difference) => difference !== 0).length,
    onlyHere: report.onlyHere === here.size - differences.length,
    onlyThere: report.onlyThere === there.size - differences.length,
    changedFields:
      Object.entries(report.fields)
        .filter(([, { changed }]) => changed > 0)
        .map(([field]) => field)
        .join() === 'suggestedprice',
    count: found?.count === differences.length,
    mean: near(found?.mean, mean),
    min: found?.min === differences[0],
    max: found?.max === differences.at(-1),
    // Of more than 100,000 differences percentiles are of a sample.
    median: Math.abs(rankOf(found!.median) - 0.5) < 0.01,
    p95: Math.abs(rankOf(found!.percentiles.p95) - 0.95) < 0.01,
  };
  return Object.keys(right).filter((figure) => !right[figure]);
}

async function wrongLiveOffsets(broker: Broker): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: SOURCE, partition }));
  const consumer = await broker.consumer({ groupId: 'car-prices', offsetReset: 'none', isolation: 'read_committed' });
  try {
    const committed = await consumer.committed(partitions);
    let wrong = 0;
    for (const [index, each] of partitions.entries()) {
      if (committed[index] !== (await consumer.watermarks(each)).high) wrong += 1;
    }
    return wrong;
  } finally {
    await consumer.close();
  }
}

async function countOf(broker: Broker, topic: string): Promise<number> {
  let count = 0;
  for await (const _record of readTopic(broker, topic)) count += 1;
  return count;
}
