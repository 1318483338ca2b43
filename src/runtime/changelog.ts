import type { TopicSpec } from '../brokers/port.js';
import { TopologyError } from '../errors.js';
import type { StoreDeclaration } from '../state/store.js';

/** The changelog of a store. */
export interface Changelog {
  readonly topic: string;
  readonly partitions: number;
}

/**
 * The name of a store's changelog topic.
 *
 * Source: Kafka Streams, `<application.id>-<store>-changelog`.
 *
 * @throws TopologyError when the name is no topic name
 */
export function changelogTopic(applicationId: string, store: StoreDeclaration): string {
  const name = `${applicationId}-${store.name}-changelog`;
  if (name.length > 249 || !/^[A-Za-z0-9._-]+$/.test(name)) {
    throw new TopologyError(
      `the changelog of store '${store.name}' would be named '${name}': a topic name has at most 249 characters of ` +
        `A-Z a-z 0-9 . _ - (change application.id or the store's name)`,
      store.name,
    );
  }
  return name;
}

/**
 * The changelog topic as it is created: compacted, one partition for each task.
 *
 * Source: Kafka Streams 4.3 `InternalTopicConfig` and `UnwindowedUnversionedChangelogTopicConfig`.
 */
export function changelogSpec(topic: string, partitions: number): TopicSpec {
  return { topic, partitions, config: { 'cleanup.policy': 'compact', 'message.timestamp.type': 'CreateTime' } };
}
