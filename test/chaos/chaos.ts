/**
 * Exactly once under fire: changes are written to a real Kafka while two processes of one group are killed, stopped and
 * continued, and the broker with them. Then everything is counted.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { carChanges, pricedCars } from '../../schemas/cars.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { Broker } from '../../src/brokers/port.js';
import { readTopic } from '../../src/replay/read-topic.js';
import type { TestKafka } from '../brokers/kafka/real-kafka.js';
import { type Counts, planOf } from './acts.js';
import { changes } from './changes.js';
import type { Disturbance } from './disturbance.js';
import { expectedOf } from './expected.js';
import { explained } from './explained.js';
import { Fire } from './fire.js';
import { GroupCommits } from './group-commits.js';
import { holeAt } from './holes.js';
import { Load } from './load.js';
import type { MemberSettings } from './member.js';
import {
  isExactly,
  isOfSameChange,
  lastValues,
  readChangelog,
  wrongMarkers,
  wrongOnDisk,
  wrongPredictions,
} from './memory.js';
import { outputFindings } from './outputs.js';
import { Prices } from './prices.js';

const PARTITIONS = 4;
/** Few enough that most are changed again and again, and are in flight more than once. */
const CARS = 2_000;
const SESSION_TIMEOUT_MS = 6_000;
/** Longer than an outage of the broker in this run: one that outlasts it is the end of a transactional client. */
const TRANSACTION_TIMEOUT_MS = 30_000;
const CAUGHT_UP_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 200;

/** Of an application of its own, so that several runs can have one broker. */
interface Names {
  readonly application: string;
  readonly source: string;
  readonly priced: string;
}

/** What is asked for. */
export interface ChaosOptions {
  readonly guarantee: MemberSettings['guarantee'];
  readonly seed: number;
  readonly counts: Counts;
  /** Records a second. */
  readonly rate: number;
  /** Written before the load stops, however soon the acts are done. */
  readonly leastRecords: number;
  /** Longest time for the acts. */
  readonly minutes: number;
  /** Longest time between two acts, milliseconds. */
  readonly longestGapMs: number;
}

/** What was found. */
export interface ChaosReport {
  readonly did: Readonly<Record<Disturbance['kind'], number>>;
  readonly zombies: Readonly<Record<string, number>>;
  /** Records of the input, and changes among them that must come out. */
  readonly records: number;
  readonly changes: number;
  readonly outputs: number;
  readonly duplicates: number;
  /** How many of them by what. */
  readonly duplicatesBy: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Milliseconds without output in a partition: after a kill with a start at once, after one without, else. */
  readonly holes: Readonly<Record<string, { readonly median: number; readonly longest: number }>>;
  /** Everything that is not as it must be, in words; empty when all is right. */
  readonly wrong: readonly string[];
}

/**
 * Runs it, once for each guarantee on a broker.
 *
 * @param kafka is killed and started again; left running
 * @param folder for the stores; made and left
 * @throws when the processes do not catch up, or the broker does not come back
 */
export async function chaos(
  kafka: TestKafka,
  folder: string,
  options: ChaosOptions,
  say: (line: string) => void,
): Promise<ChaosReport> {
  const startedAt = performance.now();
  const told = (line: string) => say(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  const { bootstrapServers } = kafka;
  const application = `chaos-${options.guarantee}`;
  const names: Names = { application, source: `${application}-changes`, priced: `${application}-priced` };
  const broker = kafkaBroker({ 'bootstrap.servers': bootstrapServers });
  const fire = new Fire(
    kafka,
    {
      bootstrapServers,
      guarantee: options.guarantee,
      applicationId: application,
      topology: 'topology/car-prices.ts',
      config: 'test/chaos/chaos.config.ts',
      topics: { [carChanges.name]: names.source, [pricedCars.name]: names.priced },
      folder,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
    },
    told,
  );
  try {
    await createTopics(broker, names);
    await fire.begin();
    told('both run');
    const load = await Load.start(broker, names.source, changes(options.seed, CARS), options.rate);
    const times = { sessionTimeoutMs: SESSION_TIMEOUT_MS, longestGapMs: options.longestGapMs };
    await fire
      .rage(planOf(options.seed, options.counts, times), Date.now() + options.minutes * 60_000)
      .finally(async () => told(`${await load.stop(options.leastRecords)} records written`));
    await caughtUp(broker, names);
    told('all of them committed');
    const badEnds = await fire.end();
    const seconds = (performance.now() - startedAt) / 1_000;
    return await reportOn(broker, names, fire, options, badEnds, seconds);
  } finally {
    await fire.bury();
    await broker.close();
  }
}

async function createTopics(broker: Broker, { source, priced }: Names): Promise<void> {
  const kept = { 'cleanup.policy': 'delete', 'retention.ms': '-1' };
  const admin = await broker.admin();
  await admin.createTopics([
    { topic: source, partitions: PARTITIONS, config: kept },
    // The broker's time tells on which side of a kill an output was written.
    { topic: priced, partitions: PARTITIONS, config: { ...kept, 'message.timestamp.type': 'LogAppendTime' } },
  ]);
  await admin.close();
}

/** Resolves when the group has committed all of the input. */
async function caughtUp(broker: Broker, { application, source }: Names): Promise<void> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: source, partition }));
  const until = Date.now() + CAUGHT_UP_WITHIN_MS;
  const group = await broker.consumer({ groupId: application, offsetReset: 'none', isolation: 'read_committed' });
  try {
    for (;;) {
      const committed = await group.committed(partitions).catch(() => []);
      const ends = await Promise.all(partitions.map(async (each) => (await group.watermarks(each)).high));
      if (ends.every((end, index) => committed[index] === end)) return;
      if (Date.now() > until)
        throw new Error(`${application} has committed ${committed.join(', ')} of ${ends.join(', ')}`);
      await wait(LOOK_EVERY_MS);
    }
  } finally {
    await group.close();
  }
}

async function reportOn(
  broker: Broker,
  { application, source, priced }: Names,
  { members, report: fired }: Fire,
  { guarantee, counts }: ChaosOptions,
  badEnds: readonly string[],
  seconds: number,
): Promise<ChaosReport> {
  const exactly = guarantee === 'exactly_once_v2';
  const expected = await expectedOf(readTopic(broker, source));
  const prices = new Prices();
  const outputs = await outputFindings(broker, priced, expected, prices);
  const delivered = await readChangelog(broker, `${application}-delivered-changelog`);
  const predictions = await readChangelog(broker, `${application}-predictions-changelog`);
  const commits = await GroupCommits.read(broker, application);
  const { byAct, unexplained } = explained(outputs.duplicates, fired.disturbances, expected, commits, source);
  const did = countBy(fired.disturbances, ({ kind }) => kind);
  let onDisk = 0;
  for (const { tasksFolder } of members) {
    onDisk += await wrongOnDisk(tasksFolder, 'delivered', delivered);
    onDisk += await wrongOnDisk(tasksFolder, 'predictions', predictions);
  }

  const differences: readonly (readonly [number, string])[] = [
    [counts.kills - (did.kill ?? 0), 'kills not done'],
    [counts.zombies - (did.zombie ?? 0), 'zombies not done'],
    [counts.replaced - (did.replaced ?? 0), 'replaced processes not done'],
    [counts.brokerRestarts - (did.broker ?? 0), 'restarts of the broker not done'],
    [outputs.lost.length, `changes lost: ${outputs.lost.slice(0, 5).join(', ')}`],
    [exactly ? outputs.duplicates.length : unexplained.length, exactly ? 'outputs too many' : 'duplicates unexplained'],
    [outputs.unknown, 'outputs of no change'],
    [outputs.wrongRows, 'outputs that are not their row'],
    [exactly ? outputs.overtaken : 0, 'outputs overtaken by a later one of their key'],
    [exactly ? outputs.staleEnds : 0, 'keys that end with an older change'],
    [
      wrongMarkers(lastValues(delivered), expected, exactly ? isExactly : isOfSameChange),
      'keys wrong in the memory of distinct',
    ],
    [wrongPredictions(lastValues(predictions), expected, prices), 'keys wrong in the memory of predict'],
    [onDisk, 'keys wrong on disk'],
    [await prices.wrong(), 'prices that are not the model’s'],
  ];
  return {
    did: { kill: 0, zombie: 0, replaced: 0, broker: 0, ...did },
    zombies: fired.outcomes,
    records: expected.outputs.size + expected.nothingNew,
    changes: expected.outputs.size,
    outputs: outputs.found,
    duplicates: outputs.duplicates.length,
    duplicatesBy: Object.fromEntries([...byAct].map(([{ what }, count]) => [what, count])),
    seconds,
    holes: holesOf(fired.disturbances, outputs.times),
    wrong: [
      ...differences.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
      ...fired.unexpectedEnds,
      ...fired.unclear,
      ...badEnds,
    ],
  };
}

function holesOf(
  disturbances: readonly Disturbance[],
  times: ReadonlyMap<number, readonly number[]>,
): ChaosReport['holes'] {
  const byKind = new Map<string, number[]>();
  for (const disturbance of disturbances) {
    const holes = byKind.get(disturbance.kind) ?? [];
    holes.push(holeAt(disturbance, times));
    byKind.set(disturbance.kind, holes);
  }
  const summary = [...byKind].map(([kind, holes]) => {
    holes.sort((a, b) => a - b);
    return [kind, { median: holes[holes.length >> 1]!, longest: holes.at(-1)! }] as const;
  });
  return Object.fromEntries(summary);
}

function countBy<T, K extends string>(items: readonly T[], of: (item: T) => K): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const item of items) counts[of(item)] = (counts[of(item)] ?? 0) + 1;
  return counts;
}
