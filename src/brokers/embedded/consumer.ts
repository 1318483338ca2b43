import type { Clock, Timer } from '../../clock.js';
import { BrokerError } from '../../errors.js';
import type {
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  RebalanceListener,
  TopicPartition,
  TopicPartitionOffset,
} from '../port.js';
import { Fetcher } from './fetcher.js';
import type { Group, Groups, Member } from './groups.js';
import { replaced } from './groups.js';
import type { OffsetStore } from './offset-store.js';
import { unknownTopic } from './partition-log.js';
import type { Topics } from './topics.js';
import { deferred, endOfTick } from './waiting.js';

const MAX_POLL_INTERVAL_MS = 300_000;
const SESSION_TIMEOUT_MS = 6_000;

/** What a consumer needs of its broker. */
export interface ConsumerSurroundings {
  readonly clock: Clock;
  readonly topics: Topics;
  readonly groups: Groups;
  readonly offsets: OffsetStore;
  /** Called when the consumer is closed. */
  onClosed(consumer: EmbeddedConsumer): void;
}

interface Subscription {
  readonly topics: readonly string[];
  readonly listener: RebalanceListener;
  member: Member;
}

/**
 * A consumer of the embedded broker.
 *
 *  1. One call of `poll` at a time; the listener is called inside it (or inside `close`), one call after the other.
 *  2. `poll` never answers in the tick that asked, so that a loop of polls lets everything else run.
 *  3. A partition is owned before `onAssigned` and until `onRevoked` has resolved: offsets can be committed in both.
 */
export class EmbeddedConsumer implements Consumer {
  readonly #config: ConsumerConfig;
  readonly #surroundings: ConsumerSurroundings;
  readonly #group: Group | undefined;
  readonly #fetcher: Fetcher;
  readonly #maxPollIntervalMs: number;
  #subscription: Subscription | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #polling: Promise<unknown> | undefined;
  #inListener = false;
  #wake: (() => void) | undefined;
  #woken = false;
  #lastPoll = 0;
  #expiry: Timer | undefined;
  #brokerClosed = false;

  constructor(config: ConsumerConfig, surroundings: ConsumerSurroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#group = config.groupId === undefined ? undefined : surroundings.groups.get(config.groupId);
    this.#maxPollIntervalMs = config.maxPollIntervalMs ?? MAX_POLL_INTERVAL_MS;
    this.#fetcher = new Fetcher(config, surroundings.topics, surroundings.offsets, () => this.#notify());
  }

  subscribe(topics: readonly string[], listener: RebalanceListener): void {
    this.#mustBeOpen();
    const group = this.#group;
    if (group === undefined) throw misuse('subscribe needs a group: open the consumer with a groupId, or use assign.');
    if (this.#subscription !== undefined) throw misuse('This consumer has subscribed already; open another one.');
    if (this.#fetcher.partitions().length > 0) throw misuse('This consumer was assigned partitions; open another one.');
    this.#subscription = { topics: [...topics], listener, member: this.#join(group, topics) };
  }

  assign(partitions: readonly TopicPartitionOffset[]): void {
    this.#mustBeOpen();
    this.#mustNotPoll('assign');
    if (this.#subscription !== undefined) throw misuse('This consumer has subscribed; open another one to assign.');
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
    if (this.#inListener) throw misuse('poll was called inside a rebalance listener, which runs inside poll.');
    const polling = this.#poll(max, timeoutMs);
    this.#polling = polling;
    try {
      return await polling;
    } finally {
      this.#polling = undefined;
      this.#lastPoll = this.#surroundings.clock.now();
    }
  }

  position(partition: TopicPartition): number | undefined {
    return this.#fetcher.position(partition);
  }

  seek(partition: TopicPartitionOffset): void {
    this.#mustBeUsable();
    this.#mustKeepItsPlace();
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
    this.#mustKeepItsPlace();
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
    const topic = this.#surroundings.topics.get(partition.topic);
    if (topic === undefined) throw unknownTopic(partition.topic);
    const log = topic.logs[partition.partition];
    if (log === undefined) throw unknownTopic(partition.topic, partition.partition);
    const committed = this.#config.isolation === 'read_committed';
    return { low: log.start, high: committed ? log.lastStableOffset : log.highWatermark };
  }

  async close(): Promise<void> {
    if (this.#inListener) throw misuse('close was called inside a rebalance listener: let it resolve first.');
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#notify();
    try {
      await this.#polling?.catch(() => {
        // Its caller has the error.
      });
      await endOfTick(this.#surroundings.clock);
      await this.#leave();
    } finally {
      this.#state = 'closed';
      this.#expiry?.cancel();
      this.#fetcher.drop(this.#fetcher.partitions());
      this.#surroundings.onClosed(this);
    }
  }

  /** The broker goes: every call fails from now on. */
  brokerClosed(): void {
    this.#brokerClosed = true;
    this.#expiry?.cancel();
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
    this.#group.authorize(this.#subscription?.member, partitions);
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
      const changed = this.#subscription !== undefined && (await this.#followGroup(this.#subscription));
      const records = await this.#fetcher.fetch(max);
      // Empty-handed when only markers and aborted records were passed: who reads up to an end must see the position
      // there. And when partitions came or went, which the caller may have to act upon.
      if (this.#fetcher.hasMoved() || changed) return records;
      const left = deadline - clock.now();
      if (left <= 0) return [];
      await this.#sleep(left);
    }
  }

  /** Does what the group asks, until there is nothing left to do. Says whether there was anything. */
  async #followGroup(subscription: Subscription): Promise<boolean> {
    const group = this.#group!;
    let changed = false;
    for (;;) {
      const { member } = subscription;
      if (member.membership !== 'member') {
        const lost = this.#fetcher.partitions();
        this.#fetcher.drop(lost);
        if (lost.length > 0) await this.#tell((listener) => listener.onLost(lost));
        if (member.membership === 'replaced') throw replaced(member);
        subscription.member = this.#join(group, subscription.topics);
        continue;
      }
      const changes = group.changes(member);
      if (changes === undefined) break;
      changed = true;
      if (changes.lost.length > 0) {
        this.#fetcher.drop(changes.lost);
        await this.#tell((listener) => listener.onLost(changes.lost));
      } else if (changes.revoked.length > 0) {
        await this.#giveUp(member, changes.revoked);
      } else {
        group.own(member, changes.assigned);
        this.#fetcher.add(changes.assigned);
        await this.#tell((listener) => listener.onAssigned(changes.assigned));
      }
    }
    for (const topic of subscription.topics) {
      if (this.#surroundings.topics.get(topic) === undefined) throw unknownTopic(topic);
    }
    return changed;
  }

  async #giveUp(member: Member, partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await this.#tell((listener) => listener.onRevoked(partitions));
    } finally {
      this.#fetcher.drop(partitions);
      if (member.membership === 'member') this.#group!.release(member, partitions);
    }
  }

  async #leave(): Promise<void> {
    if (this.#subscription === undefined || this.#brokerClosed) return;
    const { member } = this.#subscription;
    const partitions = this.#fetcher.partitions();
    try {
      if (partitions.length > 0) {
        if (member.membership === 'member') await this.#giveUp(member, partitions);
        else await this.#tell((listener) => listener.onLost(partitions));
      }
    } finally {
      this.#group!.leave(member);
    }
  }

  async #tell(call: (listener: RebalanceListener) => Promise<void>): Promise<void> {
    this.#inListener = true;
    // A listener that takes longer than the poll interval has lost its place, as in Kafka.
    this.#lastPoll = this.#surroundings.clock.now();
    try {
      await call(this.#subscription!.listener);
    } finally {
      this.#inListener = false;
    }
  }

  #join(group: Group, topics: readonly string[]): Member {
    const { instanceId, sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.#config;
    this.#lastPoll = this.#surroundings.clock.now();
    this.#watch();
    return group.join(topics, instanceId, sessionTimeoutMs, () => this.#notify());
  }

  /** One timer that looks whether the member still polls, rather than one timer for each poll. */
  #watch(): void {
    const { clock } = this.#surroundings;
    this.#expiry?.cancel();
    const idle = this.#waitsForRecords() ? 0 : clock.now() - this.#lastPoll;
    this.#expiry = clock.after(Math.max(1, this.#maxPollIntervalMs - idle), () => {
      const member = this.#subscription?.member;
      if (member === undefined || member.membership !== 'member') return;
      if (!this.#waitsForRecords() && clock.now() - this.#lastPoll >= this.#maxPollIntervalMs) {
        this.#group!.expel(member);
      } else {
        this.#watch();
      }
    });
  }

  #waitsForRecords(): boolean {
    return this.#polling !== undefined && !this.#inListener;
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
    if (this.#state === 'closing') throw closed();
  }

  /** While it closes, its listener still commits and looks things up. */
  #mustBeUsable(): void {
    if (this.#brokerClosed) throw brokerClosed();
    if (this.#state === 'closed') throw closed();
  }

  #mustKeepItsPlace(): void {
    const member = this.#subscription?.member;
    if (member?.membership === 'replaced') throw replaced(member);
  }

  #mustNotPoll(what: string): void {
    if (this.#polling !== undefined && !this.#inListener) {
      throw misuse(`${what} was called while a poll is pending; wait for it.`);
    }
  }
}

/** A call that the order of calls does not allow: the caller's program is wrong. */
function misuse(message: string): BrokerError {
  return new BrokerError(message, 'fatal', 'STATE');
}

function closed(): BrokerError {
  return new BrokerError('This consumer is closed; open another one.', 'fatal', 'CLOSED');
}

/** What clients are told that outlive their broker. */
export function brokerClosed(): BrokerError {
  return new BrokerError('The embedded broker is closed. Open it again, then new clients.', 'fatal', 'CLOSED');
}
