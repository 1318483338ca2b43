import type { Admin } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';
import { changelogTopic } from '../runtime/changelog.js';
import type { TopicDeclaration } from '../topology/topic.js';
import type { ReplaySetting } from './options.js';
import { type PlannedOutput, type PlannedPartition, type ReplayPlan, replayTopic } from './plan.js';
import { rangeOf, timesOf } from './range.js';
import { inputsOf, outputsOf } from './redirect.js';

/**
 * Makes a plan. Asks the broker, and changes nothing.
 *
 * @throws ConfigurationError when what is asked for is not there, or cannot be replayed
 */
export async function makePlan(setting: ReplaySetting): Promise<ReplayPlan> {
  const { broker, config, topology, name, applicationId, liveApplicationId, from, to, intoLive } = setting;
  const stretches = await rangeOf(broker, {
    topics: inputsOf(topology),
    groupId: liveApplicationId,
    from,
    to,
    partitions: setting.partitions,
  });
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  const partitions: PlannedPartition[] = [];
  try {
    for (const stretch of stretches) partitions.push({ ...stretch, ...(await timesOf(consumer, stretch)) });
  } finally {
    await consumer.close();
  }
  const widest = 1 + Math.max(...stretches.map(({ partition }) => partition));
  const admin = await broker.admin();
  try {
    const deadLetters = config['errors.dead.letter.queue.topic.name'];
    const outputs: PlannedOutput[] = [];
    for (const live of new Set([...outputsOf(topology), ...(deadLetters === undefined ? [] : [deadLetters])])) {
      const topic = intoLive ? live : replayTopic(live, name);
      outputs.push(await output(admin, live, topic, topology.topics.get(live), widest));
    }
    return {
      name,
      applicationId,
      liveApplicationId,
      topology: topology.name,
      createdAt: new Date(setting.clock?.now() ?? Date.now()).toISOString(),
      partitions,
      outputs,
      changelogs: topology.subtopologies
        .flatMap(({ stores }) => stores)
        .filter(({ changelog }) => changelog)
        .map((store) => changelogTopic(applicationId, store)),
      intoLive,
      withState: setting.withState,
      asked: setting.asked,
    };
  } finally {
    await admin.close();
  }
}

/**
 * A replay's topic is like the live one, but keeps records of any age: theirs are times of the past. Where there is no
 * live one yet, it is as the topology declares it.
 */
async function output(
  admin: Admin,
  live: string,
  topic: string,
  declared: TopicDeclaration | undefined,
  inputPartitions: number,
): Promise<PlannedOutput> {
  if (topic.length > 249) {
    throw new ConfigurationError(
      `the replay would write to '${topic}', more than the 249 characters of a topic's name: give it a shorter --name`,
      'name',
    );
  }
  const partitions = await admin.partitionCount(live);
  const config =
    partitions === undefined ? { 'cleanup.policy': declared?.cleanup ?? 'delete' } : await admin.topicConfig(live);
  return {
    live,
    topic,
    partitions: partitions ?? declared?.partitions ?? inputPartitions,
    config: { ...config, 'retention.ms': '-1' },
  };
}
