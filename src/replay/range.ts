/** From what is asked for to offsets: which stretch of each partition a replay reads. */
import type { Broker, Consumer, TopicPartition } from '../brokers/port.js';
import { systemClock } from '../clock.js';
import { ConfigurationError } from '../errors.js';
import { type Patience, retrying } from '../runtime/retry.js';
import { checkOrder, edgeText, fromAfterTo, type ReplayEdge } from './edge.js';
import { readStretch, type Stretch } from './read-topic.js';

/** What is to be replayed of which topics. */
export interface RangeRequest {
  readonly topics: readonly string[];
  /** The live group, for `committed`. */
  readonly groupId: string;
  readonly from: ReplayEdge;
  readonly to: ReplayEdge;
  /** Undefined: all. */
  readonly partitions: readonly number[] | undefined;
}

const PATIENCE_MS = 60_000;
/** How far before the end a last record is looked for, each time further. */
const LOOK_BACK = [1, 16, 256, 4_096];

interface Ends extends TopicPartition {
  readonly low: number;
  readonly high: number;
}

/**
 * The stretches, one for each partition of the topics; empty ones for partitions that are not asked for.
 *
 * @throws ConfigurationError when a topic or partition does not exist, or a stretch would end before it begins
 */
export async function rangeOf(broker: Broker, request: RangeRequest): Promise<readonly Stretch[]> {
  const { topics, groupId, from, to, partitions } = request;
  checkOrder(from, to);
  const all = await partitionsOf(broker, topics);
  for (const wanted of partitions ?? []) {
    if (all.some(({ partition }) => partition === wanted)) continue;
    throw new ConfigurationError(`--partitions ${wanted}: ${topics.join(', ')} has no such partition`, 'partitions');
  }
  for (const edge of [from, to]) checkPlaces(edge, all, topics);
  const consumer = await broker.consumer({ groupId, offsetReset: 'none', isolation: 'read_committed' });
  try {
    const patience = waitAtMost(PATIENCE_MS);
    const ends: Ends[] = [];
    for (const each of all) ends.push({ ...each, ...(await retrying(patience, () => consumer.watermarks(each))) });
    const starts = await offsetsOf(from, 'from', ends, consumer, patience);
    const stops = await offsetsOf(to, 'to', ends, consumer, patience);
    return ends.map(({ topic, partition, low, high }, index) => {
      if (partitions !== undefined && !partitions.includes(partition))
        return { topic, partition, from: high, to: high };
      const [start, stop] = [starts[index]!, stops[index]!];
      // What retention has deleted is not there to be replayed; what is not written yet is not waited for.
      const begin = Math.min(Math.max(start, low), high);
      if (begin > stop || (areOffsets(to) && start > stop)) {
        throw fromAfterTo(
          `in ${topic}-${partition} --from ${edgeText(from)} is offset ${start}, after --to ${edgeText(to)}, offset ${stop}`,
        );
      }
      return { topic, partition, from: begin, to: Math.max(begin, Math.min(stop, high)) };
    });
  } finally {
    await consumer.close();
  }
}

/** Times of the first and the last record of a stretch; null where there is none. */
export async function timesOf(
  consumer: Consumer,
  stretch: Stretch,
): Promise<{ readonly firstTime: number | null; readonly lastTime: number | null }> {
  let firstTime: number | null = null;
  for await (const { timestamp } of readStretch(consumer, stretch)) {
    firstTime = timestamp;
    break;
  }
  let lastTime: number | null = null;
  if (firstTime === null) return { firstTime, lastTime };
  for (const back of [...LOOK_BACK, stretch.to - stretch.from]) {
    const from = Math.max(stretch.from, stretch.to - back);
    for await (const { timestamp } of readStretch(consumer, { ...stretch, from })) lastTime = timestamp;
    if (lastTime !== null) break;
  }
  return { firstTime, lastTime };
}

async function partitionsOf(broker: Broker, topics: readonly string[]): Promise<readonly TopicPartition[]> {
  const admin = await broker.admin();
  try {
    const all: TopicPartition[] = [];
    for (const topic of topics) {
      const count = await admin.partitionCount(topic);
      if (count === undefined) throw new ConfigurationError(`the topic '${topic}' does not exist`, topic);
      for (let partition = 0; partition < count; partition += 1) all.push({ topic, partition });
    }
    return all;
  } finally {
    await admin.close();
  }
}

function checkPlaces(edge: ReplayEdge, all: readonly TopicPartition[], topics: readonly string[]): void {
  if (typeof edge === 'number' && topics.length > 1) {
    throw new ConfigurationError(
      `an offset (${edge}) is of one topic, and there are ${topics.join(', ')}: give a time, or offsets as ${topics[0]}:0=${edge}`,
      'from',
    );
  }
  if (typeof edge !== 'object' || edge instanceof Date) return;
  for (const place of Object.keys(edge)) {
    if (all.some((each) => isPlace(place, each, topics))) continue;
    throw new ConfigurationError(`${place}=${edge[place]}: there is no such partition in ${topics.join(', ')}`, 'from');
  }
}

function isPlace(place: string, { topic, partition }: TopicPartition, topics: readonly string[]): boolean {
  return place === `${topic}:${partition}` || (topics.length === 1 && place === String(partition));
}

function areOffsets(edge: ReplayEdge): boolean {
  return typeof edge === 'number' || (typeof edge === 'object' && !(edge instanceof Date));
}

async function offsetsOf(
  edge: ReplayEdge,
  side: 'from' | 'to',
  ends: readonly Ends[],
  consumer: Consumer,
  patience: Patience,
): Promise<readonly number[]> {
  if (edge === 'beginning') return ends.map(({ low }) => low);
  if (edge === 'now') return ends.map(({ high }) => high);
  if (edge === 'committed') {
    const committed = await retrying(patience, () => consumer.committed(ends));
    return ends.map(({ low }, index) => committed[index] ?? low);
  }
  if (edge instanceof Date) {
    const times = ends.map((each) => ({ ...each, timestamp: edge.getTime() }));
    const offsets = await retrying(patience, () => consumer.offsetsForTimes(times));
    return ends.map(({ high }, index) => offsets[index] ?? high);
  }
  if (typeof edge === 'number') return ends.map(() => edge);
  const topics = [...new Set(ends.map(({ topic }) => topic))];
  return ends.map((each) => {
    const place = Object.keys(edge).find((name) => isPlace(name, each, topics));
    return place === undefined ? (side === 'from' ? each.low : each.high) : edge[place]!;
  });
}

/** Waits out a broker that is away, and transactions that hold offsets back, for so long. */
export function waitAtMost(ms: number): Patience {
  const until = systemClock.now() + ms;
  return { clock: systemClock, over: () => systemClock.now() > until };
}
