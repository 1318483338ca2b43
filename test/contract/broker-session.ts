import { expect } from 'vitest';
import type {
  Admin,
  Broker,
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  ProduceRequest,
  Producer,
  ProducerConfig,
  RebalanceListener,
  TopicPartition,
} from '../../src/brokers/port.js';
import type { BrokerErrorKind } from '../../src/errors.js';
import { BrokerError } from '../../src/errors.js';
import { NO_HEADERS } from '../../src/record.js';

/** How long a broker over a network may take for anything at all. */
export const PATIENCE_MS = 45_000;
const POLL_MS = 100;

/** Where a broker under test comes from. */
export interface BrokerUnderTest {
  readonly broker: Broker;
  /** Kills or stops the broker and opens it again with what it kept. */
  restart?(): Promise<Broker>;
  uniqueTopic(): string;
  /** Its client cannot write header values that are null or no text, and refuses such a record. */
  readonly textHeadersOnly?: boolean;
  close(): Promise<void>;
}

/** The clients of one test: opened through it, closed at its end. */
export class BrokerSession {
  readonly #clients: { close(): Promise<void> }[] = [];
  #groups = 0;

  constructor(
    private broker: Broker,
    private readonly uniqueTopic: () => string,
  ) {}

  /** Makes a topic of its own for the test. */
  async topic(partitions = 1, config?: Record<string, string>): Promise<string> {
    const topic = this.uniqueTopic();
    const admin = await this.admin();
    await admin.createTopics([config === undefined ? { topic, partitions } : { topic, partitions, config }]);
    return topic;
  }

  group(): string {
    this.#groups += 1;
    return `${this.uniqueTopic()}-group-${this.#groups}`;
  }

  transactionalId(): string {
    return `${this.uniqueTopic()}-id`;
  }

  async admin(): Promise<Admin> {
    return this.#track(await this.broker.admin());
  }

  async producer(config: ProducerConfig = {}): Promise<Producer> {
    return this.#track(await this.broker.producer(config));
  }

  /** A producer that is ready to begin a transaction. */
  async transactional(transactionalId = this.transactionalId()): Promise<Producer> {
    const producer = await this.producer({ transactionalId });
    await producer.initTransactions(PATIENCE_MS);
    return producer;
  }

  async consumer(config: Partial<ConsumerConfig> = {}): Promise<Consumer> {
    return this.#track(await this.broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed', ...config }));
  }

  /** A consumer of one partition, from its beginning. */
  async reader(topic: string, partition = 0, config: Partial<ConsumerConfig> = {}): Promise<Consumer> {
    const consumer = await this.consumer(config);
    consumer.assign([{ topic, partition, offset: 0 }]);
    return consumer;
  }

  /** A group member that remembers what it was told. */
  async member(
    topics: readonly string[],
    config: Partial<ConsumerConfig> & { readonly groupId: string },
  ): Promise<GroupMember> {
    const consumer = await this.consumer(config);
    const member = new GroupMember(consumer);
    consumer.subscribe(topics, member);
    return member;
  }

  /** The test goes on with the broker as it was opened again; clients of the old one are forgotten. */
  replace(broker: Broker): void {
    this.#clients.length = 0;
    this.broker = broker;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.reverse()) {
      await client.close().catch((error: unknown) => {
        // A client that the test has fenced may say so once more.
        expect(error).toBeInstanceOf(BrokerError);
      });
    }
    this.#clients.length = 0;
  }

  #track<T extends { close(): Promise<void> }>(client: T): T {
    this.#clients.push(client);
    return client;
  }
}

/** A consumer in a group, and what its listener heard. */
export class GroupMember implements RebalanceListener {
  readonly assigned: string[] = [];
  readonly revoked: string[] = [];
  readonly lost: string[] = [];
  readonly records: ConsumedRecord[] = [];
  /** Replaced by a test that wants to do something before it gives partitions up. */
  beforeRevoke: (partitions: readonly TopicPartition[]) => Promise<void> = async () => {};

  constructor(readonly consumer: Consumer) {}

  async onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    this.assigned.push(...partitions.map(nameOf));
  }

  async onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.beforeRevoke(partitions);
    this.revoked.push(...partitions.map(nameOf));
  }

  async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    this.lost.push(...partitions.map(nameOf));
  }

  /** Its partitions now, sorted. */
  get has(): readonly string[] {
    return this.consumer.assignment().map(nameOf).sort();
  }

  async poll(): Promise<void> {
    this.records.push(...(await this.consumer.poll(1000, POLL_MS)));
  }
}

export const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

export function names(topic: string, ...partitions: readonly number[]): string[] {
  return partitions.map((partition) => nameOf({ topic, partition })).sort();
}

/** A record with text for a value. */
export function record(topic: string, value: string | null, parts: Partial<ProduceRequest> = {}): ProduceRequest {
  return {
    topic,
    partition: 0,
    key: null,
    value: value === null ? null : Buffer.from(value),
    timestamp: 1_700_000_000_000,
    headers: NO_HEADERS,
    ...parts,
  };
}

export const texts = (records: readonly ConsumedRecord[]): (string | undefined)[] =>
  records.map((each) => each.value?.toString());

/** Reads at least `count` records. */
export async function read(consumer: Consumer, count: number, max = 1000): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  await eventually(`${count} records to be read`, async () => {
    records.push(...(await consumer.poll(max, POLL_MS)));
    return records.length >= count;
  });
  return records;
}

/** Reads until a record with this text comes, and returns all up to it. */
export async function readUpTo(consumer: Consumer, text: string): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  await eventually(`"${text}" to be read`, async () => {
    records.push(...(await consumer.poll(1000, POLL_MS)));
    return texts(records).includes(text);
  });
  return records;
}

/** Polls members together until the condition holds. */
export async function pollUntil(
  what: string,
  members: readonly GroupMember[],
  condition: () => boolean,
): Promise<void> {
  await eventually(what, async () => {
    await Promise.all(members.map((member) => member.poll()));
    return condition();
  });
}

/** Repeats `attempt`, which waits by itself, until it says true. */
export async function eventually(what: string, attempt: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await attempt())) {
    if (Date.now() > deadline) throw new Error(`Waited ${PATIENCE_MS} ms for ${what}.`);
  }
}

/** The error that `work` throws or rejects with; it has to be one of these kinds. */
export async function failure(
  work: () => unknown,
  ...kinds: readonly [BrokerErrorKind, ...BrokerErrorKind[]]
): Promise<BrokerError> {
  const thrown = await errorOf(work);
  expect(thrown).toBeInstanceOf(BrokerError);
  expect(kinds).toContain((thrown as BrokerError).kind);
  return thrown as BrokerError;
}

/** What `work` throws or rejects with, if it does. */
export async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}
