/** Topics and groups of a Kafka cluster. */
import { setTimeout as wait } from 'node:timers/promises';
import { BrokerError } from '../../errors.js';
import type { Admin, TopicSpec } from '../port.js';
import { call } from './call.js';
import { type Client, connect, construct, type Rdkafka } from './client.js';
import { deleteGroup, topicConfig } from './cluster-admin.js';
import { adminSettings } from './config.js';
import { TOPIC_EXISTS, translate, UNKNOWN_TOPIC } from './errors.js';
import type { KafkaOptions } from './options.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** A change is told to the controller; the brokers learn of it a little later. */
const VISIBLE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 20;

/** Kafka's own topics, which no one else lists, writes or deletes. */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);

/**
 * Opens a client for topics and waits for the first answer of a broker.
 *
 * @throws BrokerError `retriable` when no broker answers
 */
export async function openAdmin({ rdkafka }: Client, options: KafkaOptions): Promise<Admin> {
  const settings = adminSettings(options);
  // The client for changes cannot ask, and a producer that asks about a topic makes it.
  const reader = construct(() => new rdkafka.KafkaConsumer({ ...settings.reader, 'group.id': 'millrace-admin' }, {}));
  await connect(reader, 'an admin client', options);
  const token = await options.oauthBearerToken?.();
  return new KafkaAdmin(
    construct(() => rdkafka.AdminClient.create(settings.changer, token)),
    reader,
    options,
  );
}

class KafkaAdmin implements Admin {
  readonly #changer: Rdkafka.IAdminClient;
  readonly #reader: Rdkafka.KafkaConsumer;
  readonly #options: KafkaOptions;
  #closing: Promise<void> | undefined;

  constructor(changer: Rdkafka.IAdminClient, reader: Rdkafka.KafkaConsumer, options: KafkaOptions) {
    this.#changer = changer;
    this.#reader = reader;
    this.#options = options;
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) await this.#createTopic(spec);
  }

  async #createTopic({ topic, partitions, replicationFactor, config }: TopicSpec): Promise<void> {
    const wanted: Rdkafka.NewTopic = { topic, num_partitions: partitions, replication_factor: replicationFactor ?? -1 };
    // A property `config: undefined` aborts the process.
    if (config !== undefined) wanted.config = { ...config };
    const error = await call((done) => this.#changer.createTopic(wanted, REQUEST_TIMEOUT_MS, done));
    if (error && error.code !== TOPIC_EXISTS) throw translate(error, `Creating topic ${topic}`);
    const found = await this.#eventually(topic, `Creating topic ${topic}`, (count) => count !== undefined);
    if (found !== partitions) {
      throw new BrokerError(
        `Topic ${topic} exists with ${found} partitions, and ${partitions} are wanted. ` +
          `Declare ${found}, or delete the topic; keys would change their partition if it grew.`,
        'fatal',
        'PARTITION_COUNT',
      );
    }
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    for (const topic of topics) {
      const error = await call((done) => this.#changer.deleteTopic(topic, REQUEST_TIMEOUT_MS, done));
      if (error && error.code !== UNKNOWN_TOPIC) throw translate(error, `Deleting topic ${topic}`);
      await this.#eventually(topic, `Deleting topic ${topic}`, (count) => count === undefined);
    }
  }

  async listTopics(): Promise<readonly string[]> {
    return [...(await this.#partitionCounts()).keys()];
  }

  async partitionCount(topic: string): Promise<number | undefined> {
    return (await this.#partitionCounts()).get(topic);
  }

  topicConfig(topic: string): Promise<Readonly<Record<string, string>>> {
    return topicConfig(this.#options, topic);
  }

  deleteGroup(groupId: string): Promise<void> {
    return deleteGroup(this.#options, groupId);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#changer.disconnect();
    await new Promise<void>((resolve) => void this.#reader.disconnect(() => resolve()));
  }

  /** Waits until the brokers know; gives the partition count that `known` accepted. */
  async #eventually(
    topic: string,
    doing: string,
    known: (count: number | undefined) => boolean,
  ): Promise<number | undefined> {
    const deadline = performance.now() + VISIBLE_WITHIN_MS;
    for (;;) {
      const count = await this.partitionCount(topic);
      if (known(count)) return count;
      if (performance.now() > deadline) {
        const message = `${doing}: the brokers still do not show it after ${VISIBLE_WITHIN_MS} ms. It may succeed later.`;
        throw new BrokerError(message, 'retriable', 'TIMEOUT');
      }
      await wait(LOOK_EVERY_MS);
    }
  }

  async #partitionCounts(): Promise<Map<string, number>> {
    const metadata = await new Promise<Rdkafka.Metadata>((resolve, reject) => {
      // All topics: a question about one that does not exist could make it.
      this.#reader.getMetadata({ allTopics: true, timeout: REQUEST_TIMEOUT_MS }, (error, data) => {
        if (error) reject(translate(error, 'Asking for topics'));
        else resolve(data);
      });
    });
    const usable = metadata.topics.filter(({ name, partitions }) => partitions.length > 0 && !INTERNAL.has(name));
    return new Map(usable.map(({ name, partitions }) => [name, partitions.length]));
  }
}
