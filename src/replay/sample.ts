/** How fast a replay will be: measured, by running the topology over some of its records in memory. */
import { Application } from '../app/application.js';
import { openEmbeddedBroker } from '../brokers/embedded/index.js';
import { partitionName } from '../brokers/partition-name.js';
import type { ConsumedRecord } from '../brokers/port.js';
import { systemClock } from '../clock.js';
import { memoryEngines } from '../state/memory.js';
import type { ReplaySetting } from './options.js';
import { offsetsIn, type ReplayPlan } from './plan.js';
import { readStretch } from './read-topic.js';
import { replayConfig, replayTopology } from './run-part.js';

const SAMPLE_RECORDS = 5_000;
const SAMPLE_MS = 5_000;
const FLUSH_MS = 30_000;

/** What a sample has shown. */
export interface ReplayEstimate {
  /** Records that were run. */
  readonly sampled: number;
  readonly recordsPerSecond: number;
  /** Milliseconds for the whole plan at that rate; an upper bound where offsets have gaps. Infinity: none was finished. */
  readonly estimatedMs: number;
}

/**
 * Runs the first records of each partition through the topology, with its models, on a broker and stores in memory that go
 * with it. What the real broker costs is not in it.
 *
 * @returns undefined when the plan has no records
 * @throws what the application fails with
 */
export async function estimate(setting: ReplaySetting, plan: ReplayPlan): Promise<ReplayEstimate | undefined> {
  const records = await sampleOf(setting, plan);
  if (records.length === 0) return undefined;
  const broker = await openEmbeddedBroker();
  try {
    const bounds = new Map<string, number>();
    const admin = await broker.admin();
    for (const { topic, partition } of plan.partitions) {
      const partitions = plan.partitions.filter((each) => each.topic === topic).length;
      if (partition === 0) await admin.createTopics([{ topic, partitions }]);
      bounds.set(partitionName({ topic, partition }), 0);
    }
    await admin.createTopics(plan.outputs.map(({ topic, partitions }) => ({ topic, partitions })));
    await admin.close();
    const producer = await broker.producer({});
    for (const record of records) {
      producer.produce(record);
      const line = partitionName({ topic: record.topic, partition: record.partition! });
      bounds.set(line, bounds.get(line)! + 1);
    }
    await producer.flush(FLUSH_MS);
    await producer.close();
    // In this broker they begin at the beginning.
    const topology = replayTopology(setting, plan);
    const subtopologies = topology.subtopologies.map((subtopology) => ({
      ...subtopology,
      nodes: subtopology.nodes.map((node) =>
        node.role === 'source' ? { ...node, offsetReset: 'earliest' as const } : node,
      ),
    }));
    const application = new Application(
      { ...topology, subtopologies },
      // What is not committed when the time is up does not count.
      { ...replayConfig(setting, plan), 'commit.interval.ms': 100 },
      { broker, engines: memoryEngines() },
      {},
      { bounds },
    );
    await application.start();
    const startedAt = performance.now();
    const limit = systemClock.after(SAMPLE_MS, () => void application.stop());
    await application.ended();
    limit.cancel();
    if (application.failure !== undefined) throw application.failure;
    const { delivered, filtered, skipped, deadLettered } = application.status.finished;
    const sampled = delivered + filtered + skipped + deadLettered;
    const recordsPerSecond = (sampled * 1_000) / (performance.now() - startedAt);
    const paced = Math.min(recordsPerSecond, setting.recordsPerSecond ?? recordsPerSecond);
    return { sampled, recordsPerSecond, estimatedMs: (offsetsIn(plan) / paced) * 1_000 };
  } finally {
    await broker.close();
  }
}

async function sampleOf({ broker }: ReplaySetting, plan: ReplayPlan): Promise<readonly ConsumedRecord[]> {
  const filled = plan.partitions.filter(({ from, to }) => to > from);
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  try {
    const records: ConsumedRecord[] = [];
    for (const stretch of filled) {
      let taken = 0;
      for await (const record of readStretch(consumer, stretch)) {
        records.push(record);
        taken += 1;
        if (taken >= SAMPLE_RECORDS / filled.length) break;
      }
    }
    return records;
  } finally {
    await consumer.close();
  }
}
