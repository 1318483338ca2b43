/** The topics of `deploy/kafka/topics.txt`, which docker-compose's `init-kafka` creates from the same file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deployFolder } from './folders.js';
import type { Say, StartOptions } from './part.js';

/** A line of the file. */
export interface ListedTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
}

/** What the file lists: name, partitions, `cleanup.policy`. */
export async function listedTopics(): Promise<readonly ListedTopic[]> {
  const text = await readFile(join(deployFolder, 'kafka', 'topics.txt'), 'utf8');
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([topic = '']) => topic !== '' && !topic.startsWith('#'))
    .map(([topic, partitions, cleanup]) => ({ topic, partitions: Number(partitions), cleanup }) as ListedTopic);
}

/** Creates those that are missing; leaves the others as they are. */
export async function createTopics(bootstrapServers: string, _options: StartOptions, say: Say): Promise<void> {
  const topics = await listedTopics();
  // Loaded here: a test that starts a broker of its own needs no client.
  const { kafkaBroker } = await import('../../src/brokers/kafka/index.js');
  const broker = kafkaBroker({ 'bootstrap.servers': bootstrapServers });
  try {
    const admin = await broker.admin();
    await admin.createTopics(
      topics.map(({ topic, partitions, cleanup }) => ({
        topic,
        partitions,
        config: { 'cleanup.policy': cleanup },
      })),
    );
    await admin.close();
  } finally {
    await broker.close();
  }
  say(`kafka has the topics ${topics.map(({ topic }) => topic).join(', ')}`);
}
