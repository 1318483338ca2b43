import { renamedTopics } from '../app/renamed-topics.js';
import { type PlannedTopic, topicPlan } from '../app/topic-plan.js';
import type { Broker } from '../brokers/port.js';
import { atPlace, type PlaceFlags } from './broker-place.js';
import { loadConfig } from './config-file.js';
import { loadTopology } from './topology-file.js';

/** A topic of the plan, and what the broker says of it. */
interface ListedTopic extends PlannedTopic {
  /** Its partitions on the broker: null where it is missing, undefined where nobody was asked. */
  readonly found: number | null | undefined;
}

/** @throws ConfigurationError without a configuration or a topology; BrokerError when the broker does not answer */
export async function topics(
  file: string,
  flags: PlaceFlags & { readonly applicationId?: string; readonly offline?: boolean },
): Promise<void> {
  const config = await loadConfig(flags.config);
  const topology = renamedTopics(await loadTopology(file), config.topics ?? {});
  const plan = topicPlan(topology, { ...config, 'application.id': flags.applicationId ?? config['application.id'] });
  const hasBroker = flags.dev === true || (flags.bootstrapServers ?? config['bootstrap.servers']) !== undefined;
  const listed =
    flags.offline === true || !hasBroker
      ? plan.map((topic): ListedTopic => ({ ...topic, found: undefined }))
      : await atPlace(flags, ({ broker }) => lookedUp(broker, plan));
  process.stdout.write(flags.json === true ? listed.map(line).join('') : table(listed));
}

async function lookedUp(broker: Broker, plan: readonly PlannedTopic[]): Promise<readonly ListedTopic[]> {
  const admin = await broker.admin();
  try {
    return await Promise.all(
      plan.map(async (topic) => ({ ...topic, found: (await admin.partitionCount(topic.topic)) ?? null })),
    );
  } finally {
    await admin.close();
  }
}

function line(topic: ListedTopic): string {
  return `${JSON.stringify({ event: 'topic', ...topic })}\n`;
}

const HEAD = ['topic', 'is', 'partitions', 'settings', 'on the broker'];

function table(listed: readonly ListedTopic[]): string {
  const rows = [HEAD, ...listed.map((topic) => cells(topic, listed))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}

function cells(topic: ListedTopic, listed: readonly ListedTopic[]): readonly string[] {
  const { like, partitions, replicationFactor, config } = topic;
  const replication = replicationFactor === undefined ? {} : { 'replication.factor': replicationFactor };
  const settings = Object.entries({ ...config, ...replication }).map(([name, value]) => `${name}=${value}`);
  const wanted = like === undefined ? String(partitions ?? 'any') : `as ${like}`;
  return [topic.topic, topic.roles.join(', '), wanted, settings.join(' '), onBroker(topic, listed)];
}

function onBroker({ like, found }: ListedTopic, listed: readonly ListedTopic[]): string {
  if (found === undefined) return 'not asked';
  if (found === null) return like === undefined ? 'missing: create it' : 'missing: the application creates it';
  const wanted = listed.find(({ topic }) => topic === like)?.found ?? found;
  const partitions = `${found} ${found === 1 ? 'partition' : 'partitions'}`;
  return found === wanted ? partitions : `${partitions}, and ${like} has ${wanted}`;
}
