import type { Clock } from '../../clock.js';
import type { TopicPartition, TopicPartitionOffset } from '../port.js';
import type { GroupOffsets, Journal, OffsetEntry } from './journal.js';
import type { Deferred } from './waiting.js';
import { deferred, within } from './waiting.js';

/** How long a reader waits for a transaction that holds offsets back; Kafka's `default.api.timeout.ms`. */
const STABLE_TIMEOUT_MS = 60_000;

/**
 * Committed offsets of all groups, and those that open transactions hold.
 *
 * An offset that a transaction may still change is not told to anybody: who takes a partition over while the old
 * owner's transaction commits would otherwise begin too early and do the work twice.
 */
export class OffsetStore {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #groups = new Map<string, Map<string, Map<number, number>>>();
  readonly #held = new Map<number, readonly GroupOffsets[]>();
  #released: Deferred | undefined;

  constructor(clock: Clock, journal: Journal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  get(group: string, topic: string, partition: number): number | undefined {
    return this.#groups.get(group)?.get(topic)?.get(partition);
  }

  /** Commits outside of a transaction. */
  async commit(group: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const entry = groupOffsets(group, offsets);
    await this.#journal.append({ kind: 'offsets', offsets: entry }, () => this.apply(entry));
  }

  /** Makes offsets the committed ones. */
  apply({ group, offsets }: GroupOffsets): void {
    let topics = this.#groups.get(group);
    if (topics === undefined) {
      topics = new Map();
      this.#groups.set(group, topics);
    }
    for (const [topic, partition, offset] of offsets) {
      let partitions = topics.get(topic);
      if (partitions === undefined) {
        partitions = new Map();
        topics.set(topic, partitions);
      }
      partitions.set(partition, offset);
    }
  }

  /** The transaction will decide these. Replaces what it held before. */
  hold(transaction: number, offsets: readonly GroupOffsets[]): void {
    this.#held.set(transaction, offsets);
  }

  /** The transaction is decided. */
  release(transaction: number): void {
    if (!this.#held.delete(transaction)) return;
    this.#released?.resolve();
    this.#released = undefined;
  }

  /**
   * Waits until no transaction holds an offset of these.
   *
   * @throws BrokerError `retriable` after a minute
   */
  async whenStable(group: string, partitions: readonly TopicPartition[]): Promise<void> {
    while (this.isHeld(group, partitions)) {
      this.#released ??= deferred();
      await within(
        this.#clock,
        STABLE_TIMEOUT_MS,
        `Waiting for a transaction that holds offsets of group "${group}"`,
        this.#released.promise,
      );
    }
  }

  /** Calls `listener` once, when the next transaction lets go of its offsets. */
  afterRelease(listener: () => void): void {
    this.#released ??= deferred();
    void this.#released.promise.then(listener);
  }

  /** Whether a transaction holds an offset of these. */
  isHeld(group: string, partitions: readonly TopicPartition[]): boolean {
    for (const held of this.#held.values()) {
      for (const { group: holder, offsets } of held) {
        if (holder !== group) continue;
        for (const [topic, partition] of offsets) {
          if (partitions.some((each) => each.topic === topic && each.partition === partition)) return true;
        }
      }
    }
    return false;
  }

  /** Forgets what was committed for a topic that is gone: its successor begins at 0. */
  forgetTopic(topic: string): void {
    for (const topics of this.#groups.values()) topics.delete(topic);
  }

  /** Forgets all that was committed for a group. */
  async forgetGroup(group: string): Promise<void> {
    if (!this.#groups.has(group)) return;
    await this.#journal.append({ kind: 'group-deleted', group }, () => this.remove(group));
  }

  /** The group has no offsets any more. */
  remove(group: string): void {
    this.#groups.delete(group);
  }

  *snapshot(): Iterable<GroupOffsets> {
    for (const [group, topics] of this.#groups) {
      const offsets: OffsetEntry[] = [];
      for (const [topic, partitions] of topics) {
        for (const [partition, offset] of partitions) offsets.push([topic, partition, offset]);
      }
      if (offsets.length > 0) yield { group, offsets };
    }
  }
}

export function groupOffsets(group: string, offsets: Iterable<TopicPartitionOffset>): GroupOffsets {
  return { group, offsets: Array.from(offsets, ({ topic, partition, offset }) => [topic, partition, offset] as const) };
}
