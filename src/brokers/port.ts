/**
 * The broker port: what the runtime asks of a message broker, in Kafka's words and with Kafka's semantics.
 *
 * Job: let the runtime, the capture and the sinks run unchanged on Kafka and on the embedded broker.
 * Boundary: no type of a client library crosses it; every error is a {@link BrokerError}.
 *
 * What must hold on every implementation (`test/contract/broker.contract.ts` tests each by number):
 *
 *  B1. Records of a partition are delivered in offset order; offsets only grow, and may have gaps (compaction,
 *      transaction markers). A consumer reads only what is committed (read_committed) unless told otherwise, and
 *      never past the first open transaction of the partition (the last stable offset).
 *  B2. `produce` is synchronous and only queues; it throws `retriable` with code QUEUE_FULL when the queue is full.
 *      `flush` resolves when everything produced before it is acknowledged, and rejects with the first failure.
 *      Produced records of a partition appear in the order of `produce`.
 *  B3. Within a transaction outputs and offsets become visible together, or not at all.
 *  B4. `initTransactions` fences every older producer with the same transactional id: their next call fails `fatal`.
 *  B5. No `produce` while `commitTransaction` or `abortTransaction` runs: it throws.
 *  B6. After an abort the consumer's position stays: who wants the records again rewinds to `committed()`.
 *  B7. A partition belongs to one member of a group. `onRevoked` is awaited before another member gets it;
 *      `onLost` says that it is already gone, and commits for it fail `fenced`.
 *      Copartitioned topics are assigned together: who gets partition n of one gets it of all.
 *  B8. `commit` resolves when the broker has confirmed it. Offsets of a member that is no longer in the group's
 *      current generation are refused `fenced`; so are `sendOffsets` of one.
 *  B9. A null key goes round the partitions; any other goes where Java's `murmur2` sends it.
 * B10. A null value is a tombstone, an empty value is an empty value; header values are bytes.
 * B11. Nothing acknowledged is lost by `kill -9` of the process that hosts or uses the broker.
 */
import type { Headers } from '../record.js';

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** An offset is the one to read *next*, as in Kafka. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** A time in a partition: milliseconds since the epoch. */
export interface TopicPartitionTime extends TopicPartition {
  readonly timestamp: number;
}

/**
 * A record as it lies in a topic: bytes. They may lie in one block of memory with those of other records, 32 KiB on Kafka:
 * who keeps some for long makes a copy.
 */
export interface ConsumedRecord extends TopicPartitionOffset {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds since the epoch; the producer's (CreateTime). */
  readonly timestamp: number;
  readonly headers: Headers;
}

/** Where reading begins without a committed offset; `none`: that is an error. */
export type OffsetReset = 'earliest' | 'latest' | 'none';

/** How a consumer is opened, in Kafka's words. */
export interface ConsumerConfig {
  /** `group.id`. Without one the consumer can only `assign`, and commits nothing. */
  readonly groupId?: string;
  /** `group.instance.id`: a static member, whose place is kept while it restarts. */
  readonly instanceId?: string;
  /** Where to start without a committed offset; per topic, or for all. `none` makes it an error. */
  readonly offsetReset: OffsetReset | ((topic: string) => OffsetReset);
  readonly isolation: 'read_committed' | 'read_uncommitted';
  /**
   * Topics that are not subscribed to and whose offsets are committed all the same, each with the topic that leads it: who
   * holds a partition of the leader commits those of the same partition of the companion (B8).
   */
  readonly companions?: ReadonlyMap<string, string>;
  /**
   * Sets of topics that are read together: partition n of each goes to the same member, whose task keeps one state for
   * all of them. The topics of a set have the same number of partitions, and all members name the same sets.
   */
  readonly copartitioned?: readonly (readonly string[])[];
  /** Milliseconds without `poll` after which the member is expelled (`max.poll.interval.ms`). Default 300,000. */
  readonly maxPollIntervalMs?: number;
  /** Milliseconds without a heartbeat after which the member is expelled (`session.timeout.ms`). Default 6,000. */
  readonly sessionTimeoutMs?: number;
}

/**
 * What a group member is told of its partitions. Calls do not overlap, and none happens while a `poll` that has
 * returned records is being worked on, unless the member polls again: partitions change inside `poll`.
 */
export interface RebalanceListener {
  onAssigned(partitions: readonly TopicPartition[]): Promise<void>;
  /** Finish or drop, commit or abort, then resolve: only then the partitions go. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** They are gone already; drop everything uncommitted of them. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>;
}

/** A connection of a client to a broker. */
export interface BrokerConnection {
  /** `host:port/id`. */
  readonly broker: string;
  readonly isUp: boolean;
  /** Milliseconds from a request to its answer, the mean of the last interval; undefined when there was none. */
  readonly roundTripMs: number | undefined;
}

/** What a client measures by itself, at one moment. */
export interface ClientStatistics {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The end (under read_committed the last stable offset) of each partition that it reads, by `topic-partition`. */
  readonly ends: ReadonlyMap<string, number>;
  readonly brokers: readonly BrokerConnection[];
}

/** Reads records, as a member of a group or from given offsets. What holds on every broker: B1, B6 to B9. */
export interface Consumer {
  /** Joins the group. Assignments come through the listener, during `poll`. */
  subscribe(topics: readonly string[], listener: RebalanceListener): void;
  /** Reads these partitions from these offsets, without a group. Replaces the earlier assignment; none is paused. */
  assign(partitions: readonly TopicPartitionOffset[]): void;
  assignment(): readonly TopicPartition[];
  /**
   * The next records, at most `max`; waits up to `timeoutMs` for a first one, then takes what is there.
   * A batch may be empty. Records of several partitions may be mixed.
   */
  poll(max: number, timeoutMs: number): Promise<readonly ConsumedRecord[]>;
  /** The offset the next `poll` reads from, or undefined before anything was read or sought. */
  position(partition: TopicPartition): number | undefined;
  /** Only between polls: records already fetched for the partition are thrown away. */
  seek(partition: TopicPartitionOffset): void;
  /** `poll` keeps the membership alive but returns nothing of these. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /**
   * Commits for the group and waits for the broker's word. A consumer that was assigned its partitions commits them for a
   * group that nobody is in: so offsets are set by hand. While the group has members that is refused `fenced`.
   */
  commit(offsets: readonly TopicPartitionOffset[]): Promise<void>;
  /** Committed offsets of the group, in the order asked; undefined where there is none. */
  committed(partitions: readonly TopicPartition[]): Promise<readonly (number | undefined)[]>;
  /** Beginning and end (the last stable offset under read_committed; the end offset is the next to be written). */
  watermarks(partition: TopicPartition): Promise<{ readonly low: number; readonly high: number }>;
  /**
   * The first offset of each partition whose record is of the time or later, in the order asked; undefined where there
   * is none. Times may lie in any order in a partition: records behind that offset may be earlier.
   */
  offsetsForTimes(partitions: readonly TopicPartitionTime[]): Promise<readonly (number | undefined)[]>;
  /** The last statistics of the client; undefined before it has any, or where it makes none. */
  statistics?(): ClientStatistics | undefined;
  /** Leaves the group (after `onRevoked`) and closes. */
  close(): Promise<void>;
}

/** How a producer is opened, in Kafka's words. */
export interface ProducerConfig {
  /** `transactional.id`. Without one the producer is idempotent and not transactional. */
  readonly transactionalId?: string;
  /** Milliseconds after which the broker aborts an open transaction. Default 60,000. */
  readonly transactionTimeoutMs?: number;
}

/** A record to be written: bytes. */
export interface ProduceRequest {
  readonly topic: string;
  /** undefined: the partitioner decides by the key (B9). */
  readonly partition: number | undefined;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly headers: Headers;
}

/** Writes records, in transactions if it has an id for them. What holds on every broker: B2 to B5. */
export interface Producer {
  /** Queues one record (B2). Synchronous. */
  produce(record: ProduceRequest): void;
  /** Waits until all that was produced before is acknowledged; rejects with the first delivery failure since the last flush. */
  flush(timeoutMs: number): Promise<void>;
  /** Fences older producers of the id and finishes or aborts what they left. Once, before any transaction. */
  initTransactions(timeoutMs: number): Promise<void>;
  beginTransaction(): void;
  /** Adds the group's offsets to the transaction. `consumer` proves the membership (B8). */
  sendOffsets(offsets: readonly TopicPartitionOffset[], consumer: Consumer): Promise<void>;
  /** Flushes and commits. A delivery that failed makes it reject with kind `abort`. */
  commitTransaction(timeoutMs: number): Promise<void>;
  abortTransaction(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** A topic to be created. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor?: number;
  /** Kafka's topic settings, e.g. `{ 'cleanup.policy': 'compact' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Looks after topics and groups. */
export interface Admin {
  /** Creates those that do not exist. An existing one with another partition count is an error that names both counts. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  deleteTopics(topics: readonly string[]): Promise<void>;
  listTopics(): Promise<readonly string[]>;
  /** Number of partitions, or undefined where the topic does not exist. */
  partitionCount(topic: string): Promise<number | undefined>;
  /** The settings that the topic has of its own, beyond the broker's defaults. */
  topicConfig(topic: string): Promise<Readonly<Record<string, string>>>;
  /** Forgets the group with its offsets; one that does not exist is forgotten already. Refused `fenced` while it has members. */
  deleteGroup(groupId: string): Promise<void>;
  close(): Promise<void>;
}

/** A broker, or the way to one. Opening a client may wait for the broker and rejects `retriable` when it is away. */
export interface Broker {
  consumer(config: ConsumerConfig): Promise<Consumer>;
  producer(config: ProducerConfig): Promise<Producer>;
  admin(): Promise<Admin>;
  /** Closes what the broker itself holds open; clients are closed by those who opened them. */
  close(): Promise<void>;
}
