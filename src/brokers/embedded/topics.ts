import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerError } from '../../errors.js';
import type { TopicSpec } from '../port.js';
import type { ChunkCache } from './chunk-cache.js';
import type { Cleaner } from './cleaner.js';
import type { Journal, TopicEntry } from './journal.js';
import type { RecoveredLog } from './partition-log.js';
import { PartitionLog, unknownTopic } from './partition-log.js';
import { syncFolder } from './sync-folder.js';
import type { TopicConfig, TopicDefaults } from './topic-config.js';
import { topicConfig } from './topic-config.js';
import type { Flush, WriteCycle } from './write-cycle.js';

/** A topic: its settings and its partitions' logs. */
export interface Topic {
  readonly entry: TopicEntry;
  readonly config: TopicConfig;
  readonly logs: readonly PartitionLog[];
}

const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/** Which topics there are. Their folders carry an id, so that a topic made again never meets its predecessor's files. */
export class Topics {
  readonly #byName = new Map<string, Topic>();
  readonly #listeners = new Set<(name: string, exists: boolean) => void>();
  #lastId = 0;
  /** Admin calls one after the other: two that create the same topic must not both succeed. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly root: string | undefined,
    private readonly flush: Flush,
    private readonly defaults: TopicDefaults,
    private readonly cycle: WriteCycle,
    private readonly cache: ChunkCache,
    private readonly journal: Journal,
    private readonly cleaner: Cleaner,
  ) {}

  /** The greatest id that was given. */
  get lastId(): number {
    return this.#lastId;
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  all(): Iterable<Topic> {
    return this.#byName.values();
  }

  /** Calls `listener` when a topic was made or deleted. */
  listen(listener: (name: string, exists: boolean) => void): void {
    this.#listeners.add(listener);
  }

  /** Ids up to this one were given before. */
  reserve(id: number): void {
    this.#lastId = Math.max(this.#lastId, id);
  }

  /** Puts a topic back that the journal names, with what was found of its partitions. */
  restore(entry: TopicEntry, found: readonly RecoveredLog[]): Topic {
    this.reserve(entry.id);
    const topic = this.#open(entry, found);
    this.#byName.set(entry.name, topic);
    return topic;
  }

  /** Creates those that do not exist; refuses all when one of them is wrong. */
  create(specs: readonly TopicSpec[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const spec of specs) this.#validate(spec);
      for (const { topic: name, partitions, config = {} } of specs) {
        if (this.#byName.has(name)) continue;
        this.#lastId += 1;
        const entry: TopicEntry = { id: this.#lastId, name, partitions, config: { ...config } };
        const folders = Array.from({ length: partitions }, (_, partition) => this.folder(entry, partition));
        for (const folder of folders) if (folder !== undefined) await mkdir(folder, { recursive: true });
        const topic = this.#open(entry, []);
        if (this.flush === 'disk') {
          await Promise.all(folders.map((folder) => syncFolder(folder!)));
          await syncFolder(join(folders[0]!, '..'));
          await syncFolder(join(folders[0]!, '..', '..'));
        }
        await this.journal.append({ kind: 'topic', topic: entry }, () => this.#byName.set(name, topic));
        this.cleaner.watch(topic, () => 0);
        for (const listener of this.#listeners) listener(name, true);
      }
    });
  }

  delete(names: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of names) if (!this.#byName.has(name)) throw unknownTopic(name);
      for (const name of new Set(names)) {
        const topic = this.#byName.get(name)!;
        const { entry, logs } = topic;
        await this.journal.append({ kind: 'topic-deleted', id: entry.id }, () => {
          this.#byName.delete(name);
          for (const log of logs) log.markDeleted();
          for (const listener of this.#listeners) listener(name, false);
        });
        await this.cleaner.forget(topic);
        await Promise.all(logs.map((log) => log.close()));
        if (this.root !== undefined) await rm(topicFolder(this.root, entry), { recursive: true, force: true });
      }
    });
  }

  /** Where a partition's files lie. */
  folder(entry: TopicEntry, partition: number): string | undefined {
    return this.root === undefined ? undefined : join(topicFolder(this.root, entry), String(partition));
  }

  async close(): Promise<void> {
    await this.#queue;
    for (const { logs } of this.#byName.values()) await Promise.all(logs.map((log) => log.close()));
  }

  #open(entry: TopicEntry, found: readonly RecoveredLog[]): Topic {
    const config = topicConfig(entry.name, entry.config, this.defaults);
    const logs = Array.from({ length: entry.partitions }, (_, partition) => {
      const place = {
        topic: entry.name,
        partition,
        directory: this.folder(entry, partition),
        segmentBytes: config.segmentBytes,
        flush: this.flush,
        cache: this.cache,
        cycle: this.cycle,
      };
      return new PartitionLog(place, found[partition]);
    });
    return { entry, config, logs };
  }

  #validate({ topic, partitions, config = {} }: TopicSpec): void {
    if (!LEGAL_NAME.test(topic) || topic === '.' || topic === '..') {
      throw new BrokerError(
        `"${topic}" cannot name a topic: letters, digits, ".", "_" and "-" are allowed, at most 249 of them.`,
        'fatal',
        'INVALID_TOPIC',
      );
    }
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw new BrokerError(
        `Topic "${topic}" needs a whole number of partitions, at least 1; ${partitions} were asked for.`,
        'fatal',
        'INVALID_PARTITIONS',
      );
    }
    topicConfig(topic, config, this.defaults);
    const existing = this.#byName.get(topic);
    if (existing !== undefined && existing.logs.length !== partitions) {
      throw new BrokerError(
        `Topic "${topic}" exists with ${existing.logs.length} partitions, and ${partitions} were asked for. ` +
          'Declare the number it has, or delete it first.',
        'fatal',
        'TOPIC_ALREADY_EXISTS',
      );
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work);
    this.#queue = turn.catch(() => {
      // The caller has the error; the next call only waits for this one's end.
    });
    return turn;
  }
}

/** The folder of a topic under the broker's. */
export function topicFolder(root: string, entry: TopicEntry): string {
  return join(root, 'topics', `${entry.name}-${entry.id}`);
}
