/**
 * What is done before a replay reads its first record, and again when that was cut short: the plan is kept first, and
 * each step does nothing, or the same once more, when it is repeated.
 */
import type { Admin, Broker } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';
import { changelogSpec, changelogTopic } from '../runtime/changelog.js';
import type { Topology } from '../topology/graph.js';
import { type KeptReplay, keepReplay, keptReplays } from './kept-replays.js';
import { makePlan } from './make-plan.js';
import type { ReplaySetting } from './options.js';
import type { ReplayPlan } from './plan.js';
import { readTopic } from './read-topic.js';
import { setStart } from './start-offsets.js';

const FLUSH_MS = 60_000;

/**
 * Finds the replay of this name, or plans it.
 *
 * @returns `state` undefined: it is new, and nothing is done yet
 * @throws ConfigurationError when a replay of this name is another one, or its topics are there already
 */
export async function findOrPlan(
  setting: ReplaySetting,
): Promise<Omit<KeptReplay, 'state'> & { readonly state: KeptReplay['state'] | undefined }> {
  const kept = (await keptReplays(setting.broker, setting.liveApplicationId)).get(setting.name);
  if (kept !== undefined) {
    checkSame(kept.plan, setting);
    return kept;
  }
  const plan = await makePlan(setting);
  const admin = await setting.broker.admin();
  try {
    for (const topic of [...(plan.intoLive ? [] : plan.outputs.map((each) => each.topic)), ...plan.changelogs]) {
      if ((await admin.partitionCount(topic)) === undefined) continue;
      throw new ConfigurationError(
        `the topic '${topic}' exists, and no replay of ${plan.liveApplicationId} is known to have made it: delete it, or choose another --name`,
        'name',
      );
    }
  } finally {
    await admin.close();
  }
  return { plan, state: undefined };
}

/** Brings a replay to where records can be read. */
export async function prepare(
  setting: ReplaySetting,
  { plan, state }: { readonly plan: ReplayPlan; readonly state: KeptReplay['state'] | undefined },
): Promise<void> {
  if (state === 'running' || state === 'finished') return;
  const { broker, topology, config } = setting;
  if (state === undefined) await keepReplay(broker, { plan, state: 'preparing' });
  const admin = await broker.admin();
  try {
    const replicas = config['replication.factor'];
    for (const { live, topic, partitions, config: own } of plan.outputs) {
      // A live topic is as it is.
      const missing = (await admin.partitionCount(topic)) === undefined;
      if (!missing && topic === live) continue;
      const spec = { topic, partitions, config: own };
      await admin.createTopics([replicas === undefined ? spec : { ...spec, replicationFactor: replicas }]);
    }
    if (plan.withState) await copyState(broker, admin, topology, plan);
  } finally {
    await admin.close();
  }
  await setStart(broker, plan);
  await keepReplay(broker, { plan, state: 'running' });
}

function checkSame(plan: ReplayPlan, { asked, name }: ReplaySetting): void {
  const settings = new Set([...Object.keys(plan.asked), ...Object.keys(asked)]);
  for (const setting of settings) {
    const [before, now] = [plan.asked[setting], asked[setting]];
    if (before === now) continue;
    throw new ConfigurationError(
      `replay '${name}' was begun ${plan.createdAt} with ${setting} ${before ?? '(not given)'}, and not ${now ?? '(not given)'}: ` +
        `give the same to go on with it, choose another --name, or delete it (millrace replay delete ${name})`,
      setting,
    );
  }
}

/**
 * Copies what the live changelogs hold into the replay's. Repeated, it begins anew: what was deleted from the live state
 * between two copies would stay otherwise.
 */
async function copyState(broker: Broker, admin: Admin, topology: Topology, plan: ReplayPlan): Promise<void> {
  const producer = await broker.producer({});
  try {
    for (const store of topology.subtopologies.flatMap(({ stores }) => stores)) {
      if (!store.changelog) continue;
      const live = changelogTopic(plan.liveApplicationId, store);
      const copy = changelogTopic(plan.applicationId, store);
      const partitions = await admin.partitionCount(live);
      if (partitions === undefined) {
        throw new ConfigurationError(
          `--with-state: the live application has no changelog '${live}' to begin with`,
          'with-state',
        );
      }
      if ((await admin.partitionCount(copy)) !== undefined) await admin.deleteTopics([copy]);
      await admin.createTopics([changelogSpec(copy, partitions)]);
      let waiting = 0;
      for await (const { partition, key, value, timestamp, headers } of readTopic(broker, live)) {
        producer.produce({ topic: copy, partition, key, value, timestamp, headers });
        waiting += 1;
        if (waiting % 10_000 === 0) await producer.flush(FLUSH_MS);
      }
      await producer.flush(FLUSH_MS);
    }
  } finally {
    await producer.close();
  }
}
