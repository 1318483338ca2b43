import type { Admin, TopicSpec } from '../brokers/port.js';
import { ConfigurationError, TopologyError } from '../errors.js';
import { changedPartitions } from '../runtime/changed-partitions.js';
import { type Changelog, changelogSpec, changelogTopic } from '../runtime/changelog.js';
import { redriveSpec } from '../runtime/redrive.js';
import type { Topology } from '../topology/graph.js';

/**
 * Looks whether the topics of a topology are there, and creates the internal ones.
 *
 * @returns changelogs by store
 * @throws ConfigurationError when a topic is missing, or an input has another partition count than when the internal topics
 *   were made; TopologyError when inputs of one task differ in their partitions
 */
export async function prepareTopics(
  admin: Admin,
  topology: Topology,
  applicationId: string,
  deadLetterTopic: string | undefined,
  replicationFactor: number | undefined,
): Promise<ReadonlyMap<string, Changelog>> {
  const counts = new Map<string, number>();
  const needed = [...topology.topics.keys(), ...(deadLetterTopic === undefined ? [] : [deadLetterTopic])];
  for (const topic of needed) {
    const count = await admin.partitionCount(topic);
    if (count === undefined) {
      throw new ConfigurationError(`the topic '${topic}' does not exist: create it before the start`, topic);
    }
    counts.set(topic, count);
  }

  const changelogs = new Map<string, Changelog>();
  const create = async (spec: TopicSpec, input: string): Promise<void> => {
    const made = await admin.partitionCount(spec.topic);
    if (made !== undefined && made !== spec.partitions) {
      const now = `${spec.partitions} partitions now`;
      throw changedPartitions({ input, now, began: made, internal: spec.topic, applicationId });
    }
    await admin.createTopics([replicationFactor === undefined ? spec : { ...spec, replicationFactor }]);
  };
  for (const { sourceTopics, stores, redriveTopics = new Map<string, string>() } of topology.subtopologies) {
    const [first, ...others] = sourceTopics.filter((topic) => !redriveTopics.has(topic));
    if (first === undefined) continue;
    const partitions = counts.get(first)!;
    for (const other of others) {
      if (counts.get(other) === partitions) continue;
      throw new TopologyError(
        `'${first}' has ${partitions} partitions and '${other}' has ${counts.get(other)}: topics that are read ` +
          `together need the same number, so that a task gets the same keys of both`,
        other,
      );
    }
    for (const store of stores) {
      if (!store.changelog) continue;
      const topic = changelogTopic(applicationId, store);
      await create(changelogSpec(topic, partitions), first);
      changelogs.set(store.name, { topic, partitions });
    }
    for (const topic of redriveTopics.keys()) await create(redriveSpec(topic, partitions), first);
  }
  return changelogs;
}
