/** The topics that an application of a topology needs, before anything is started. */
import type { TopicSpec } from '../brokers/port.js';
import { changelogSpec, changelogTopic } from '../runtime/changelog.js';
import { redriveSpec, redriveTopic } from '../runtime/redrive.js';
import type { Topology } from '../topology/graph.js';
import { topicsOf } from '../topology/node-topics.js';

/** What a topic is to an application: Kafka Streams' words, and ours for dead letters on their way back. */
export type TopicRole = 'source' | 'sink' | 'changelog' | 'redrive' | 'dead-letter';

/** A topic that an application needs. */
export interface PlannedTopic {
  readonly topic: string;
  readonly roles: readonly TopicRole[];
  /** As declared. Undefined: an internal topic, which takes the number of `like`; or nothing is declared. */
  readonly partitions: number | undefined;
  /** The source whose number of partitions an internal topic has. The application creates such a topic. */
  readonly like: string | undefined;
  /** Of an internal topic, where it is configured. */
  readonly replicationFactor: number | undefined;
  /** Kafka's settings of the topic. */
  readonly config: Readonly<Record<string, string>>;
}

/** What of an application's settings is about its topics. */
export interface TopicSettings {
  readonly 'application.id': string;
  readonly 'replication.factor'?: number | undefined;
  /** With one every source has a redrive topic. */
  readonly 'errors.dead.letter.queue.topic.name'?: string | undefined;
}

/**
 * The topics of an application, sources first.
 *
 * @throws TopologyError when an internal topic would have a name that is none
 */
export function topicPlan(topology: Topology, settings: TopicSettings): readonly PlannedTopic[] {
  const { 'application.id': applicationId, 'errors.dead.letter.queue.topic.name': deadLetterTopic } = settings;
  const planned = (role: TopicRole, topic: string): PlannedTopic => {
    return { topic, roles: [role], partitions: undefined, like: undefined, replicationFactor: undefined, config: {} };
  };
  const nodes = topology.subtopologies.flatMap((subtopology) => subtopology.nodes);
  const declared = [...topology.topics.values()].map(({ name: topic, partitions, cleanup }): PlannedTopic => {
    const roles = (['source', 'sink'] as const).filter((role) =>
      nodes.some((node) => node.role === role && topicsOf(node).some(({ name }) => name === topic)),
    );
    return { ...planned('source', topic), roles, partitions, config: { 'cleanup.policy': cleanup } };
  });
  const internals = topology.subtopologies.flatMap(({ sourceTopics, stores }) => {
    const [like] = sourceTopics;
    if (like === undefined) return [];
    const changelogs = stores.filter(({ changelog }) => changelog).map((store) => changelogTopic(applicationId, store));
    const redrives =
      deadLetterTopic === undefined ? [] : sourceTopics.map((source) => redriveTopic(applicationId, source));
    const internal = (role: TopicRole, { topic, config = {} }: TopicSpec): PlannedTopic => ({
      ...planned(role, topic),
      ...{ like, replicationFactor: settings['replication.factor'], config },
    });
    return [
      ...changelogs.map((topic) => internal('changelog', changelogSpec(topic, 0))),
      ...redrives.map((topic) => internal('redrive', redriveSpec(topic, 0))),
    ];
  });
  const deadLetters = deadLetterTopic === undefined ? [] : [planned('dead-letter', deadLetterTopic)];
  return [...declared, ...internals, ...deadLetters];
}
