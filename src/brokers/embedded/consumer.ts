import type { Clock } from '../../clock.js';
import type {
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  RebalanceListener,
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionTime,
} from '../port.js';
import { brokerClosed, clientClosed, misuse } from './client-errors.js';
import { Fetcher } from './fetcher.js';
import { GroupSession } from './group-session.js';
import type { Group, Groups } from './groups.js';
import { offsetOfTime } from './offset-of-time.js';
import type { OffsetStore } from './offset-store.js';
import { type PartitionLog, unknownTopic } from './partition-log.js';
import type { Topics } from './topics.js';
import { deferred, endOfTick } from './waiting.js';

/** What a consumer needs of its broker. */
export interface ConsumerSurroundings {
  readonly clock: Clock;
  readonly topics: Topics;
  readonly groups: Groups;
  readonly offsets: OffsetStore;
  /** Called when the consumer is closed. */
  onClosed(consumer: EmbeddedConsumer): void;
}

/**
 * A consumer of the embedded broker.
 *
 *  1. One call of `poll` at a time.
 *  2. `poll` never answers in the tick that asked, so that a loop of polls lets everything else run.
 */
export class EmbeddedConsumer implements Consumer {
  readonly #config: ConsumerConfig;
  readonly #surroundings: ConsumerSurroundings;
  readonly #group: Group | undefined;
  readonly #fetcher: Fetcher;
  #session: GroupSession | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #polling: Promise<unknown> | undefined;
  #wake: (() => void) | undefined;
  #woken = false;
  #brokerClosed = false;

  constructor(config: ConsumerConfig, surroundings: ConsumerSurroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#group = config.groupId === undefined ? undefined : surroundings.groups.get(config.groupId);
    this.#fetcher = new Fetcher(config, surroundings.topics, surroundings.offsets, () => this.#notify());
  }

  subscribe(topics: readonly string[], listener: RebalanceListener): void {
    this.#mustBeOpen();
    const group = this.#group;
    if (group === undefined) throw misuse('subscribe needs a group: open the consumer with a groupId, or use assign.');
    if (this.#session !== undefined) throw misuse('This consumer has subscribed already; open another one.');
    if (this.#fetcher.partitions().length > 0) throw misuse('This consumer was assigned partitions; open another one.');
    this.#session = new GroupSession([...topics], listener, this.#config, {
      clock: this.#surroundings.clock,
      group,
      fetcher: this.#fetcher,
      wake: () => this.#notify(),
      isWaiting: () => this.#polling !== undefined,
    });
  }

  assign(partitions: readonly TopicPartitionOffset[]): void {
    this.#mustBeOpen();
    this.#mustNotPoll('assign');
    if (this.#session !== undefined) throw misuse('This consumer has subscribed; open another one to assign.');
    this.#fetcher.drop(this.#fetcher.partitions());
    this.#fetcher.add(partitions);
    for (const partition of partitions) this.#fetcher.seek(partition);
  }

  assignment(): readonly TopicPartition[] {
    return this.#fetcher.partitions();
  }

  async poll(max: number, timeoutMs: number): Promise<readonly ConsumedRecord[]> {
    this.#mustBeOpen();
    this.#mustNotPoll('poll');
    if (this.#session?.inListener) throw misuse('poll was called inside a rebalance listener, which runs inside poll.');
    const polling = this.#poll(max, timeoutMs);
    this.#polling = polling;
    try {
      return await polling;
    } finally {
      this.#polling = undefined;
      this.#session?.polled();
    }
  }

  position(partition: TopicPartition): number | undefined {
    return this.#fetcher.position(partition);
  }

  seek(partition: TopicPartitionOffset): void {
    this.#mustBeUsable();
    this.#session?.mustKeepItsPlace();
    this.#mustNotPoll('seek');
    this.#fetcher.seek(partition);
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, true);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, false);
    this.#notify();
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const group = this.authorize(offsets);
    await this.#surroundings.offsets.commit(group, offsets);
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly (number | undefined)[]> {
    this.#mustBeUsable();
    this.#session?.mustKeepItsPlace();
    const { offsets, clock } = this.#surroundings;
    if (this.#group === undefined) throw misuse('committed needs a group: open the consumer with a groupId.');
    const { id } = this.#group;
    await endOfTick(clock);
    await offsets.whenStable(id, partitions);
    return partitions.map(({ topic, partition }) => offsets.get(id, topic, partition));
  }

  async watermarks(partition: TopicPartition): Promise<{ readonly low: number; readonly high: number }> {
    this.#mustBeUsable();
    await endOfTick(this.#surroundings.clock);
    const log = this.#log(partition.topic, partition.partition);
    const committed = this.#config.isolation === 'read_committed';
    return { low: log.start, high: committed ? log.lastStableOffset : log.highWatermark };
  }

  async offsetsForTimes(partitions: readonly TopicPartitionTime[]): Promise<readonly (number | undefined)[]> {
    this.#mustBeUsable();
    await endOfTick(this.#surroundings.clock);
    const offsets: (number | undefined)[] = [];
    for (const { topic, partition, timestamp } of partitions) {
      offsets.push(await offsetOfTime(this.#log(topic, partition), timestamp));
    }
    return offsets;
  }

  async close(): Promise<void> {
    if (this.#session?.inListener) throw misuse('close was called inside a rebalance listener: let it resolve first.');
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#notify();
    try {
      await this.#polling?.catch(() => {
        // Its caller has the error.
      });
      await endOfTick(this.#surroundings.clock);
      if (!this.#brokerClosed) await this.#session?.leave();
    } finally {
      this.#state = 'closed';
      this.#fetcher.drop(this.#fetcher.partitions());
      this.#surroundings.onClosed(this);
    }
  }

  /** The broker goes: every call fails from now on. */
  brokerClosed(): void {
    this.#brokerClosed = true;
    this.#session?.stop();
    this.#fetcher.drop(this.#fetcher.partitions());
    this.#notify();
  }

  /**
   * The group whose offsets these are, if this consumer may commit them.
   *
   * @throws BrokerError `fenced` or `fatal`
   */
  authorize(partitions: readonly TopicPartition[]): string {
    this.#mustBeUsable();
    if (this.#group === undefined) throw misuse('Offsets are committed for a group: open the consumer with a groupId.');
    const { companions } = this.#config;
    const held = partitions.map(({ topic, partition }) => ({ topic: companions?.get(topic) ?? topic, partition }));
    this.#group.authorize(this.#session?.member, held);
    for (const { topic, partition } of partitions) {
      if (this.#surroundings.topics.get(topic)?.logs[partition] === undefined) throw unknownTopic(topic, partition);
    }
    return this.#group.id;
  }

  async #poll(max: number, timeoutMs: number): Promise<readonly ConsumedRecord[]> {
    const { clock } = this.#surroundings;
    const deadline = clock.now() + timeoutMs;
    await endOfTick(clock);
    for (;;) {
      if (this.#brokerClosed) throw brokerClosed();
      if (this.#state !== 'open') return [];
      this.#woken = false;
      const changed = await this.#session?.follow();
      this.#mustFindItsTopics();
      const records = await this.#fetcher.fetch(max);
      // Empty-handed when only markers and aborted records were passed: who reads up to an end must see the position
      // there. And when partitions came or went, which the caller may have to act upon.
      if (this.#fetcher.hasMoved() || changed === true) return records;
      const left = deadline - clock.now();
      if (left <= 0) return [];
      await this.#sleep(left);
    }
  }

  #log(topic: string, partition: number): PartitionLog {
    const found = this.#surroundings.topics.get(topic);
    if (found === undefined) throw unknownTopic(topic);
    const log = found.logs[partition];
    if (log === undefined) throw unknownTopic(topic, partition);
    return log;
  }

  #mustFindItsTopics(): void {
    for (const topic of this.#session?.topics ?? []) {
      if (this.#surroundings.topics.get(topic) === undefined) throw unknownTopic(topic);
    }
  }

  #sleep(ms: number): Promise<void> {
    if (this.#woken) return Promise.resolve();
    const awake = deferred();
    const timer = this.#surroundings.clock.after(ms, awake.resolve);
    this.#wake = () => {
      timer.cancel();
      awake.resolve();
    };
    return awake.promise;
  }

  #notify(): void {
    this.#woken = true;
    this.#wake?.();
    this.#wake = undefined;
  }

  #mustBeOpen(): void {
    this.#mustBeUsable();
    if (this.#state === 'closing') throw clientClosed('consumer');
  }

  /** While it closes, its listener still commits and looks things up. */
  #mustBeUsable(): void {
    if (this.#brokerClosed) throw brokerClosed();
    if (this.#state === 'closed') throw clientClosed('consumer');
  }

  #mustNotPoll(what: string): void {
    if (this.#polling !== undefined && !this.#session?.inListener) {
      throw misuse(`${what} was called while a poll is pending; wait for it.`);
    }
  }
}
