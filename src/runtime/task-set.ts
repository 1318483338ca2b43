import { partitionName } from '../brokers/partition-name.js';
import type { ConsumedRecord, Consumer, TopicPartition } from '../brokers/port.js';
import { HotCaches } from '../state/hot-cache.js';
import { LayeredStore } from '../state/layered-store.js';
import type { StoreDeclaration, StoreEngine } from '../state/store.js';
import type { Subtopology } from '../topology/graph.js';
import { changedPartitions } from './changed-partitions.js';
import { OwnedTask } from './owned-task.js';
import type { Progress } from './progress.js';
import { type RestoreRequest, restore } from './restore.js';
import { type Patience, retrying } from './retry.js';
import { Task, type TaskPort } from './task.js';
import { wire } from './wiring.js';
import type { WorkerSettings } from './worker-settings.js';

/** Records held of one input, at which it is far ahead of the others; Kafka Streams' `buffered.records.per.partition`. */
const FAR_AHEAD = 1_000;

/** The tasks that this process owns, made and unmade as partitions come and go. */
export class TaskSet {
  readonly #settings: WorkerSettings;
  readonly #consumer: Consumer;
  readonly #progress: Progress;
  readonly #port: TaskPort;
  readonly #patience: Patience;
  readonly #caches: HotCaches;
  readonly #owned = new Map<string, OwnedTask>();
  /** By `topic-partition`. */
  readonly #byPartition = new Map<string, OwnedTask>();
  /** The first offset read of each partition: where `latest` began, if an abort comes before the first commit. */
  readonly #firstRead = new Map<string, number>();
  /** Partitions that were said to have arrived at their bound. */
  readonly #atBound = new Set<string>();
  /** Inputs that are not read on for a while, since they are far ahead of the others of their task. */
  readonly #ahead = new Set<string>();

  constructor(settings: WorkerSettings, consumer: Consumer, progress: Progress, port: TaskPort, patience: Patience) {
    this.#patience = patience;
    this.#settings = settings;
    this.#caches = new HotCaches(settings.storeCacheEntries);
    this.#consumer = consumer;
    this.#progress = progress;
    this.#port = port;
  }

  get all(): readonly OwnedTask[] {
    return [...this.#owned.values()];
  }

  get partitions(): readonly TopicPartition[] {
    return this.all.flatMap(({ partitions }) => partitions);
  }

  /** What is to be read of: tasks that are restored, partitions that have not come to their bound. */
  get runningPartitions(): readonly TopicPartition[] {
    return this.all.filter(({ phase }) => phase === 'running').flatMap((owned) => this.unfinished(owned));
  }

  /** The task's partitions that are to be read on: not those at their bound, nor those far ahead of the task's others. */
  unfinished({ partitions }: OwnedTask): readonly TopicPartition[] {
    return partitions.filter((partition) => !this.#isAtBound(partition) && !this.#ahead.has(partitionName(partition)));
  }

  /** Whether the records of a task wait until they are certain to be the next in time. */
  ordersByTime({ partitions }: OwnedTask): boolean {
    return this.#settings.bounds !== undefined && partitions.length > 1;
  }

  /** What is certain to be next in tasks of several inputs, and has been waiting for that. */
  takeInOrder(max: number): ReadonlyMap<OwnedTask, readonly ConsumedRecord[]> {
    const taken = new Map<OwnedTask, readonly ConsumedRecord[]>();
    let room = max;
    for (const owned of this.all) {
      if (owned.inputs.size === 0) continue;
      const records = owned.inputs.take(room, owned.partitions, (partition) => this.#isAtBound(partition));
      room -= records.length;
      taken.set(owned, records);
    }
    return taken;
  }

  /** Stops reading inputs that are far ahead of the others of their task, and goes on with those that no longer are. */
  keepAbreast(): void {
    for (const owned of this.all) {
      if (owned.phase !== 'running' || !this.ordersByTime(owned)) continue;
      for (const partition of owned.partitions) {
        const held = owned.inputs.heldOf(partition);
        const line = partitionName(partition);
        if (held >= FAR_AHEAD && !this.#ahead.has(line)) {
          this.#ahead.add(line);
          this.#consumer.pause([partition]);
        } else if (held < FAR_AHEAD / 2 && this.#ahead.delete(line) && !this.#isAtBound(partition)) {
          this.#consumer.resume([partition]);
        }
      }
    }
  }

  get allRunning(): boolean {
    return this.all.every(({ phase }) => phase === 'running');
  }

  /** Makes the tasks of new partitions. They restore in the background; until then their partitions are paused. */
  add(partitions: readonly TopicPartition[]): readonly OwnedTask[] {
    const added: OwnedTask[] = [];
    for (const partition of partitions) {
      const subtopology = this.#subtopologyOf(partition.topic);
      const id = `${subtopology.id}_${partition.partition}`;
      let owned = this.#owned.get(id);
      if (owned === undefined) {
        owned = new OwnedTask(new Task(id, partition.partition, this.#port), subtopology);
        this.#owned.set(id, owned);
        added.push(owned);
      }
      owned.partitions.push(partition);
      // Of records with the same time that of the input named first is next, whoever was assigned first.
      const topics = subtopology.sourceTopics;
      owned.partitions.sort((a, b) => topics.indexOf(a.topic) - topics.indexOf(b.topic));
      this.#byPartition.set(partitionName(partition), owned);
    }
    for (const owned of added) {
      this.#consumer.pause(owned.partitions);
      owned.ready = this.#open(owned);
    }
    return added;
  }

  /** The tasks that would have no partition left without these. */
  emptiedBy(partitions: readonly TopicPartition[]): readonly OwnedTask[] {
    const going = new Set(partitions.map(partitionName));
    return this.all.filter((owned) => owned.partitions.every((partition) => going.has(partitionName(partition))));
  }

  /** Tells tasks that are being restored that nobody waits for them any more. */
  giveUp(leaving: readonly OwnedTask[]): void {
    for (const owned of leaving) if (owned.phase === 'restoring') owned.phase = 'given-up';
  }

  /** Closes the stores of tasks that are closed, and forgets the partitions. */
  async remove(leaving: readonly OwnedTask[], partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) {
      const owned = this.#byPartition.get(partitionName(partition));
      this.#byPartition.delete(partitionName(partition));
      this.#firstRead.delete(partitionName(partition));
      this.#atBound.delete(partitionName(partition));
      this.#ahead.delete(partitionName(partition));
      if (owned === undefined) continue;
      owned.inputs.forget(partition);
      const index = owned.partitions.findIndex((other) => partitionName(other) === partitionName(partition));
      if (index >= 0) owned.partitions.splice(index, 1);
    }
    for (const owned of leaving) {
      // A restore that fails after its task was given up has nobody left to tell.
      await owned.ready.catch(() => {});
      for (const store of owned.stores) await store.close();
      this.#owned.delete(owned.task.id);
    }
  }

  /** The records of a poll by task; those past a bound, or of a partition that is gone, are left out. */
  sort(records: readonly ConsumedRecord[]): ReadonlyMap<OwnedTask, ConsumedRecord[]> {
    const { bounds } = this.#settings;
    const sorted = new Map<OwnedTask, ConsumedRecord[]>();
    let line = '';
    let topic: string | undefined;
    let partition = -1;
    let batch: ConsumedRecord[] | undefined;
    let bound = Number.POSITIVE_INFINITY;
    for (const record of records) {
      if (record.topic !== topic || record.partition !== partition) {
        ({ topic, partition } = record);
        line = partitionName(record);
        bound = bounds?.get(line) ?? Number.POSITIVE_INFINITY;
        if (!this.#firstRead.has(line)) this.#firstRead.set(line, record.offset);
        const owned = this.#byPartition.get(line);
        batch = owned === undefined ? undefined : sorted.get(owned);
        if (owned !== undefined && batch === undefined) {
          batch = [];
          sorted.set(owned, batch);
        }
      }
      if (record.offset < bound) batch?.push(record);
    }
    return sorted;
  }

  /** True when every partition has been read to its bound, and nothing of it waits. */
  boundsReached(): boolean {
    if (this.#settings.bounds === undefined || this.#owned.size === 0 || !this.allRunning) return false;
    if (this.all.some(({ inputs }) => inputs.size > 0)) return false;
    return this.partitions.every((partition) => this.#isAtBound(partition));
  }

  /** Partitions that have come to their bound since this was asked last: what lies behind need not be fetched. */
  arrivedAtBound(): readonly TopicPartition[] {
    if (this.#settings.bounds === undefined) return [];
    return this.partitions.filter((partition) => {
      const line = partitionName(partition);
      if (!this.#isAtBound(partition)) this.#atBound.delete(line);
      else if (!this.#atBound.has(line)) return this.#atBound.add(line);
      return false;
    });
  }

  /**
   * The next offset of a partition that is not finished for good; undefined before anything is known of it. With nothing
   * in flight it is where reading goes on, which is past transaction markers.
   */
  finishedUpTo(partition: TopicPartition): number | undefined {
    const owned = this.#byPartition.get(partitionName(partition));
    const position = this.#consumer.position(partition);
    const nothingOpen = owned === undefined || (this.#progress.inFlightOf(owned.task) === 0 && owned.inputs.size === 0);
    if (nothingOpen) return position;
    return this.#progress.committedOf(partition) ?? this.#firstRead.get(partitionName(partition)) ?? position;
  }

  /** Sets every partition back to what the broker says is committed. */
  async seekToCommitted(): Promise<void> {
    const { partitions } = this;
    const committed = await retrying(this.#patience, () => this.#consumer.committed(partitions));
    for (const [index, partition] of partitions.entries()) {
      this.#consumer.seek({ ...partition, offset: committed[index] ?? (await this.#startOf(partition)) });
    }
  }

  #isAtBound(partition: TopicPartition): boolean {
    const bound = this.#settings.bounds?.get(partitionName(partition));
    return bound !== undefined && (this.#consumer.position(partition) ?? 0) >= bound;
  }

  async #startOf(partition: TopicPartition): Promise<number> {
    const first = this.#firstRead.get(partitionName(partition));
    if (first !== undefined) return first;
    const { low, high } = await retrying(this.#patience, () => this.#consumer.watermarks(partition));
    return this.#settings.offsetReset(partition.topic) === 'latest' ? high : low;
  }

  async #open(owned: OwnedTask): Promise<void> {
    const { settings, task } = { settings: this.#settings, task: owned.task };
    const declarations = owned.subtopology.stores;
    for (const { name } of declarations) this.#mustHaveChangelog(name, owned);
    const givenUp = () => owned.phase === 'given-up';
    const patience: Patience = { ...this.#patience, over: () => givenUp() || this.#patience.over() };
    // Who had the partition before may have a transaction open: once its offsets are certain, so is its changelog.
    const committed = await retrying(patience, () => this.#consumer.committed([...owned.partitions]));
    for (const [index, partition] of owned.partitions.entries()) this.#progress.beginsAt(partition, committed[index]);
    const engines: StoreEngine[] = [];
    try {
      for (const { name } of declarations) engines.push(await settings.engines.open(`${task.id}/${name}`));
    } catch (thrown) {
      for (const engine of engines) await engine.close();
      throw thrown;
    }
    const stores = declarations.map((declaration, index) => this.#store(declaration, engines[index]!, task));
    owned.stores = stores;
    const requests: RestoreRequest[] = [];
    for (const store of stores) {
      const changelog = settings.changelogs.get(store.name);
      if (changelog === undefined) continue;
      requests.push({ store, changelog: { topic: changelog.topic, partition: task.partition } });
    }
    const restored = await restore(settings.broker, requests, settings.restoreListener, patience);
    if (givenUp()) return;
    // A restore that was ended early has perhaps not come to what the store says of itself.
    if (!patience.over()) for (const store of stores) store.mustBeReadable();
    const positions = requests.map(({ store }, index) => [store.declaration.name, restored[index]!] as const);
    this.#progress.startAt(task, new Map(positions));
    wire(task, owned.subtopology, stores, settings.codec, settings.taps);
    owned.phase = 'running';
  }

  /** @throws ConfigurationError for a partition that the input did not have when the changelog was made */
  #mustHaveChangelog(store: string, { task, partitions }: OwnedTask): void {
    const { changelogs, applicationId } = this.#settings;
    const changelog = changelogs.get(store);
    if (changelog === undefined || task.partition < changelog.partitions) return;
    const [input] = partitions;
    const began = changelog.partitions;
    const now = `more partitions now`;
    throw changedPartitions({ input: input!.topic, now, began, internal: changelog.topic, applicationId });
  }

  #store(declaration: StoreDeclaration, engine: StoreEngine, task: Task): LayeredStore<unknown, unknown> {
    const { clock, changelogs } = this.#settings;
    return new LayeredStore(declaration, engine, task, {
      caches: this.#caches,
      now: () => clock.now(),
      changelogTopic: changelogs.get(declaration.name)?.topic ?? declaration.name,
    });
  }

  #subtopologyOf(topic: string): Subtopology {
    return this.#settings.topology.subtopologies.find(({ sourceTopics }) => sourceTopics.includes(topic))!;
  }
}
