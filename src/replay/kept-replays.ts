/**
 * Which replays there are, and how far each has come: kept on the broker, in a compacted topic of the live application,
 * so that any machine goes on with a replay that was begun on another.
 *
 * The plan is written before anything of it is done, and never changes: `now` stays the moment of the first start. How
 * far the records are is not written here: that are the offsets which the replay's group commits with its outputs.
 */
import type { Broker } from '../brokers/port.js';
import { NO_HEADERS } from '../record.js';
import type { ReplayPlan } from './plan.js';
import { readTopic } from './read-topic.js';

/** `preparing`: topics are made and the start is set; `running`: records may have been read; `finished`: all were. */
export type ReplayState = 'preparing' | 'running' | 'finished';

/** A replay as it is kept. */
export interface KeptReplay {
  readonly plan: ReplayPlan;
  readonly state: ReplayState;
  /** ISO 8601, when it finished. */
  readonly finishedAt?: string;
}

const FLUSH_MS = 30_000;

/** The topic that knows the replays of an application: `<application.id>-replays`. */
export function replaysTopic(liveApplicationId: string): string {
  return `${liveApplicationId}-replays`;
}

/** All replays of an application, by name. */
export async function keptReplays(broker: Broker, liveApplicationId: string): Promise<ReadonlyMap<string, KeptReplay>> {
  const topic = replaysTopic(liveApplicationId);
  const admin = await broker.admin();
  const exists = await admin.partitionCount(topic).finally(() => admin.close());
  const replays = new Map<string, KeptReplay>();
  if (exists === undefined) return replays;
  for await (const { key, value } of readTopic(broker, topic)) {
    const name = String(key);
    if (value === null) replays.delete(name);
    else replays.set(name, JSON.parse(String(value)) as KeptReplay);
  }
  return replays;
}

/** Keeps a replay in place of what was kept of its name. Resolves when the broker has it. */
export async function keepReplay(broker: Broker, replay: KeptReplay): Promise<void> {
  const admin = await broker.admin();
  const topic = replaysTopic(replay.plan.liveApplicationId);
  const spec = { topic, partitions: 1, config: { 'cleanup.policy': 'compact' } };
  await admin.createTopics([spec]).finally(() => admin.close());
  await write(broker, topic, replay.plan.name, Buffer.from(JSON.stringify(replay)));
}

/** Forgets a replay. */
export async function forgetReplay(broker: Broker, { liveApplicationId, name }: ReplayPlan): Promise<void> {
  await write(broker, replaysTopic(liveApplicationId), name, null);
}

async function write(broker: Broker, topic: string, name: string, value: Buffer | null): Promise<void> {
  const producer = await broker.producer({});
  try {
    const key = Buffer.from(name);
    producer.produce({ topic, partition: 0, key, value, timestamp: Date.now(), headers: NO_HEADERS });
    await producer.flush(FLUSH_MS);
  } finally {
    await producer.close();
  }
}
