import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../../clock.js';
import { systemClock } from '../../clock.js';
import { ConfigurationError } from '../../errors.js';
import type { FolderLock } from '../../folder-lock.js';
import { lockFolder } from '../../folder-lock.js';
import type { Admin, Broker, Consumer, ConsumerConfig, Producer, ProducerConfig } from '../port.js';
import { EmbeddedAdmin } from './admin.js';
import { BuilderPool } from './builder-pool.js';
import { ChunkCache } from './chunk-cache.js';
import { Cleaner } from './cleaner.js';
import { brokerClosed } from './client-errors.js';
import { EmbeddedConsumer } from './consumer.js';
import { Groups } from './groups.js';
import type { JournalEntry, TopicEntry } from './journal.js';
import { Journal, readJournal } from './journal.js';
import { OffsetStore } from './offset-store.js';
import { unknownTopic } from './partition-log.js';
import { EmbeddedProducer } from './producer.js';
import { recoverLog } from './recovery.js';
import { settleTransactions } from './settle-transactions.js';
import { syncFolder } from './sync-folder.js';
import { Topics, topicFolder } from './topics.js';
import { TransactionCoordinator } from './transactions.js';
import type { Flush } from './write-cycle.js';
import { WriteCycle } from './write-cycle.js';

const JOURNAL = 'journal';

/** How an embedded broker is opened. */
export interface EmbeddedBrokerOptions {
  /** Where topics are kept; made if it does not exist. Absent: in memory, gone with the process. */
  readonly directory?: string;
  readonly clock?: Clock;
  /**
   * What an acknowledged record has survived. `process` (default): `kill -9` of the process, because the operating
   * system has the bytes. `disk`: a power cut too; every acknowledgement waits for an fsync.
   */
  readonly flush?: Flush;
  /** Records that one producer may have waiting before `produce` throws QUEUE_FULL. Default 100,000. */
  readonly maxQueuedRecords?: number;
  /** Bytes of them. Default 256 MiB. */
  readonly maxQueuedBytes?: number;
  /** The largest record in bytes, for topics that do not set `max.message.bytes`. Default 1,048,588, Kafka's. */
  readonly maxMessageBytes?: number;
  /** Bytes of records on disk that are kept in memory for readers, for all topics together. Default 64 MiB. */
  readonly cacheBytes?: number;
}

/** A broker in this process. */
export interface EmbeddedBroker extends Broker {
  /** Compacts a topic now, rather than when enough of it is new. Resolves when that is done. */
  compact(topic: string): Promise<void>;
}

/**
 * Opens a broker for clients of this process, with Kafka's semantics: partitions, groups, transactions, compaction.
 *
 * It is a stand-in for one machine. All clients live in the process that opened it; a second process on the same
 * folder is refused.
 *
 * @throws ConfigurationError when the folder is in use, or was written by a newer version
 * @throws BrokerError when a file in it is damaged
 *
 * @example
 * const broker = await openEmbeddedBroker({ directory: '.millrace/broker' });
 * const admin = await broker.admin();
 * await admin.createTopics([{ topic: 'cars', partitions: 4 }]);
 */
export async function openEmbeddedBroker(options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const { directory } = options;
  for (const name of ['maxQueuedRecords', 'maxQueuedBytes', 'maxMessageBytes', 'cacheBytes'] as const) {
    const value = options[name];
    if (value !== undefined && !(value >= 1)) {
      throw new ConfigurationError(`${name} must be at least 1; it is ${value}.`, name);
    }
  }
  if (directory === undefined) return InProcessBroker.open(options, undefined);
  await mkdir(directory, { recursive: true });
  const lock = await lockFolder(directory, 'embedded broker');
  try {
    return await InProcessBroker.open(options, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class InProcessBroker implements EmbeddedBroker {
  readonly #options: EmbeddedBrokerOptions;
  readonly #lock: FolderLock | undefined;
  readonly #clock: Clock;
  readonly #cycle: WriteCycle;
  readonly #journal: Journal;
  readonly #topics: Topics;
  readonly #offsets: OffsetStore;
  readonly #groups: Groups;
  readonly #cleaner: Cleaner;
  readonly #builders = new BuilderPool();
  readonly #clients = new Set<EmbeddedConsumer | EmbeddedProducer | EmbeddedAdmin>();
  #transactions!: TransactionCoordinator;
  #closing: Promise<void> | undefined;

  static async open(options: EmbeddedBrokerOptions, lock: FolderLock | undefined): Promise<InProcessBroker> {
    const { directory } = options;
    const found = directory === undefined ? { entries: [], size: 0 } : await readJournal(join(directory, JOURNAL));
    const broker = new InProcessBroker(options, lock, found.size);
    try {
      await broker.#recover(found.entries);
    } catch (error) {
      await broker.#topics.close();
      await broker.#journal.close();
      throw error;
    }
    return broker;
  }

  private constructor(options: EmbeddedBrokerOptions, lock: FolderLock | undefined, journalSize: number) {
    const { directory, flush = 'process', clock = systemClock } = options;
    this.#options = options;
    this.#lock = lock;
    this.#clock = clock;
    this.#cycle = new WriteCycle(clock, flush);
    const path = directory === undefined ? undefined : join(directory, JOURNAL);
    this.#journal = new Journal(path, journalSize, this.#cycle, flush, () => this.#snapshot());
    const cache = new ChunkCache(options.cacheBytes ?? 64 * 1024 * 1024);
    const defaults = { maxMessageBytes: options.maxMessageBytes ?? 1_048_588 };
    this.#cleaner = new Cleaner(clock, flush, this.#journal);
    this.#topics = new Topics(directory, flush, defaults, this.#cycle, cache, this.#journal, this.#cleaner);
    this.#offsets = new OffsetStore(clock, this.#journal);
    this.#groups = new Groups(clock, (topic) => this.#topics.get(topic)?.logs.length ?? 0);
    this.#topics.listen((topic, exists) => {
      if (!exists) this.#offsets.forgetTopic(topic);
      this.#groups.topicChanged(topic, exists);
    });
  }

  async consumer(config: ConsumerConfig): Promise<Consumer> {
    this.#mustBeOpen();
    const consumer = new EmbeddedConsumer(config, {
      clock: this.#clock,
      topics: this.#topics,
      groups: this.#groups,
      offsets: this.#offsets,
      onClosed: (closed) => this.#clients.delete(closed),
    });
    this.#clients.add(consumer);
    return consumer;
  }

  async producer(config: ProducerConfig): Promise<Producer> {
    this.#mustBeOpen();
    const producer = new EmbeddedProducer(config, {
      clock: this.#clock,
      topics: this.#topics,
      cycle: this.#cycle,
      transactions: this.#transactions,
      builders: this.#builders,
      maxQueuedRecords: this.#options.maxQueuedRecords ?? 100_000,
      maxQueuedBytes: this.#options.maxQueuedBytes ?? 256 * 1024 * 1024,
      onClosed: (closed) => this.#clients.delete(closed),
    });
    this.#clients.add(producer);
    return producer;
  }

  async admin(): Promise<Admin> {
    this.#mustBeOpen();
    const admin = new EmbeddedAdmin({
      topics: this.#topics,
      groups: this.#groups,
      offsets: this.#offsets,
      onClosed: (closed) => this.#clients.delete(closed),
    });
    this.#clients.add(admin);
    return admin;
  }

  async compact(topic: string): Promise<void> {
    this.#mustBeOpen();
    const found = this.#topics.get(topic);
    if (found === undefined) throw unknownTopic(topic);
    await this.#cleaner.compactNow(found);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const client of this.#clients) client.brokerClosed();
    this.#clients.clear();
    this.#groups.close();
    await this.#cycle.drained();
    this.#transactions.close(brokerClosed());
    await this.#cleaner.close();
    await this.#topics.close();
    await this.#journal.close();
    await this.#lock?.release();
  }

  async #recover(entries: readonly JournalEntry[]): Promise<void> {
    const topics = new Map<number, TopicEntry>();
    const committed = new Set<number>();
    const compacted = new Map<string, number>();
    let lastTransaction = 0;
    for (const entry of entries) {
      if (entry.kind === 'ids') {
        this.#topics.reserve(entry.topic);
        lastTransaction = Math.max(lastTransaction, entry.transaction);
      } else if (entry.kind === 'topic') {
        this.#topics.reserve(entry.topic.id);
        topics.set(entry.topic.id, entry.topic);
      } else if (entry.kind === 'topic-deleted') {
        this.#offsets.forgetTopic(topics.get(entry.id)?.name ?? '');
        topics.delete(entry.id);
      } else if (entry.kind === 'compacted') {
        compacted.set(`${entry.topic}/${entry.partition}`, entry.offset);
      } else if (entry.kind === 'offsets') {
        this.#offsets.apply(entry.offsets);
      } else if (entry.kind === 'group-deleted') {
        this.#offsets.remove(entry.group);
      } else if (entry.kind === 'commit') {
        committed.add(entry.transaction);
        lastTransaction = Math.max(lastTransaction, entry.transaction);
        for (const offsets of entry.offsets) this.#offsets.apply(offsets);
      }
    }
    const { directory } = this.#options;
    if (directory !== undefined) {
      await removeUnknownFolders(directory, topics.values());
      if (this.#options.flush === 'disk') await syncFolder(directory);
    }
    for (const entry of topics.values()) {
      const found = [];
      for (let partition = 0; partition < entry.partitions; partition += 1) {
        const recovered = await recoverLog(this.#topics.folder(entry, partition)!, (transaction) => {
          lastTransaction = Math.max(lastTransaction, transaction);
        });
        found.push(recovered);
      }
      this.#topics.restore(entry, found);
    }
    this.#transactions = new TransactionCoordinator(this.#clock, this.#journal, this.#offsets, lastTransaction);
    await settleTransactions(this.#topics.all(), committed);
    for (const topic of this.#topics.all()) {
      this.#cleaner.watch(topic, (partition) => compacted.get(`${topic.entry.id}/${partition}`) ?? 0);
    }
  }

  *#snapshot(): Iterable<JournalEntry> {
    yield { kind: 'ids', topic: this.#topics.lastId, transaction: this.#transactions.lastId };
    for (const { entry } of this.#topics.all()) yield { kind: 'topic', topic: entry };
    for (const offsets of this.#offsets.snapshot()) yield { kind: 'offsets', offsets };
    yield* this.#cleaner.snapshot();
    yield* this.#transactions.decided();
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw brokerClosed();
  }
}

/** A topic's folder is made before the journal names it and removed after it no longer does. */
async function removeUnknownFolders(directory: string, topics: Iterable<TopicEntry>): Promise<void> {
  const known = new Set(Array.from(topics, (entry) => basename(topicFolder(directory, entry))));
  const root = join(directory, 'topics');
  await mkdir(root, { recursive: true });
  for (const name of await readdir(root)) {
    if (!known.has(name)) await rm(join(root, name), { recursive: true });
  }
}
