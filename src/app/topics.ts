import type { Admin, TopicSpec } from '../brokers/port.js';
import { ConfigurationError, TopologyError } from '../errors.js';
import { changelogSpec, changelogTopic } from '../runtime/changelog.js';
import { redriveSpec } from '../runtime/redrive.js';
import type { Topology } from '../topology/graph.js';

/**
 * Looks whether the topics of a topology are there, and creates the internal ones.
 *
 * @returns changelog topics by store
 * @throws ConfigurationError when a topic is missing, or an input has another partition count than when the internal topics
 *   were made; TopologyError when inputs of one task differ in their partitions
 */
export async function prepareTopics(
  admin: Admin,
  topology: Topology,
  applicationId: string,
  deadLetterTopic: string | undefined,
  replicationFactor: number | undefined,
): Promise<ReadonlyMap<string, string>> {
  const counts = new Map<string, number>();
  const needed = [...topology.topics.keys(), ...(deadLetterTopic === undefined ? [] : [deadLetterTopic])];
  for (const topic of needed) {
    const count = await admin.partitionCount(topic);
    if (count === undefined) {
      throw new ConfigurationError(`the topic '${topic}' does not exist: create it before the start`, topic);
    }
    counts.set(topic, count);
  }

  const changelogs = new Map<string, string>();
  const create = async (spec: TopicSpec, input: string): Promise<void> => {
    const made = await admin.partitionCount(spec.topic);
    if (made !== undefined && made !== spec.partitions) throw otherPartitions(input, spec, made, applicationId);
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
      changelogs.set(store.name, topic);
    }
    for (const topic of redriveTopics.keys()) await create(redriveSpec(topic, partitions), first);
  }
  return changelogs;
}

function otherPartitions(input: string, spec: TopicSpec, made: number, applicationId: string): ConfigurationError {
  return new ConfigurationError(
    `the input topic '${input}' has ${spec.partitions} partitions now, and '${applicationId}' began with ${made} of them ` +
      `(its topic '${spec.topic}' has as many): keys lie in other partitions than their state. Begin anew under another ` +
      `application.id, or delete the internal topics and the local state of this one`,
    input,
  );
}
