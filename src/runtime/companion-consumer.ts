/**
 * A group member whose partitions bring companions: the same partitions of other topics.
 *
 * A group's protocol assigns each topic for itself, so partition 3 of a redrive topic could go to another member than
 * partition 3 of its source, away from the task and its stores. So companions are not subscribed to: they are read by a
 * consumer of no group, which is assigned those of the partitions that the member holds.
 *
 *  C1. A companion comes with its leader and goes with it, in the same call of the listener.
 *  C2. Its offsets are the group's: committed by the member, which the broker lets do so while it holds the leader
 *      (`companions` of the consumer's configuration), in the transaction of whatever else there is.
 *  C3. It is read from where the group has committed it; while that cannot be asked, it waits and its leader does not.
 */

import { partitionName } from '../brokers/partition-name.js';
import type {
  Broker,
  ClientStatistics,
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  RebalanceListener,
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionTime,
} from '../brokers/port.js';
import type { Clock } from '../clock.js';
import { isRetriable } from '../errors.js';

/** Milliseconds between two looks at companions that had nothing: they are read now and then, their leaders always. */
const LOOK_EVERY_MS = 100;

/**
 * Opens a member of a group for partitions with companions.
 *
 * @param leaders the topic that leads, by the companion's; without any it is the member alone
 * @returns what the runtime reads with, and the member itself, which proves the membership to a producer
 * @throws BrokerError (rejects) `retriable` when no broker answers
 */
export async function consumerWithCompanions(
  broker: Broker,
  config: ConsumerConfig,
  leaders: ReadonlyMap<string, string>,
  clock: Clock,
): Promise<{ readonly consumer: Consumer; readonly member: Consumer }> {
  if (leaders.size === 0) {
    const member = await broker.consumer(config);
    return { consumer: member, member };
  }
  const member = await broker.consumer({ ...config, companions: leaders });
  try {
    const reader = await broker.consumer({ offsetReset: 'earliest', isolation: config.isolation });
    return { consumer: new CompanionConsumer(member, reader, leaders, clock), member };
  } catch (thrown) {
    await member.close();
    throw thrown;
  }
}

interface Companion {
  readonly partition: TopicPartition;
  /** Where to read next; undefined until the group's offset is known. */
  offset: number | undefined;
  paused: boolean;
}

class CompanionConsumer implements Consumer {
  readonly #member: Consumer;
  readonly #reader: Consumer;
  readonly #leaders: ReadonlyMap<string, string>;
  readonly #clock: Clock;
  readonly #companions = new Map<string, Companion>();
  /** The reader's assignment is not what it should be. */
  #moved = false;
  #lookAt = 0;

  /**
   * @param member of the group; opened with the same `companions`
   * @param reader of no group
   * @param leaders the topic that leads, by the companion's
   */
  constructor(member: Consumer, reader: Consumer, leaders: ReadonlyMap<string, string>, clock: Clock) {
    this.#member = member;
    this.#reader = reader;
    this.#leaders = leaders;
    this.#clock = clock;
  }

  subscribe(topics: readonly string[], listener: RebalanceListener): void {
    this.#member.subscribe(
      topics.filter((topic) => !this.#leaders.has(topic)),
      {
        onAssigned: (partitions) => listener.onAssigned([...partitions, ...this.#come(partitions)]),
        onRevoked: async (partitions) => {
          const companions = this.#of(partitions);
          await listener.onRevoked([...partitions, ...companions]);
          this.#go(companions);
        },
        onLost: async (partitions) => {
          const companions = this.#of(partitions);
          await listener.onLost([...partitions, ...companions]);
          this.#go(companions);
        },
      },
    );
  }

  assign(): void {
    throw new Error('companions come with the partitions of a group: subscribe');
  }

  assignment(): readonly TopicPartition[] {
    return [...this.#member.assignment(), ...[...this.#companions.values()].map(({ partition }) => partition)];
  }

  async poll(max: number, timeoutMs: number): Promise<readonly ConsumedRecord[]> {
    const records = await this.#member.poll(max, timeoutMs);
    if (records.length >= max || this.#companions.size === 0 || this.#clock.now() < this.#lookAt) return records;
    const redriven = await this.#pollCompanions(max - records.length);
    if (redriven.length === 0) this.#lookAt = this.#clock.now() + LOOK_EVERY_MS;
    return redriven.length === 0 ? records : [...records, ...redriven];
  }

  position(partition: TopicPartition): number | undefined {
    return this.#leads(partition) ? this.#member.position(partition) : this.#companion(partition)?.offset;
  }

  seek(partition: TopicPartitionOffset): void {
    const companion = this.#companion(partition);
    if (companion === undefined) {
      this.#member.seek(partition);
      return;
    }
    companion.offset = partition.offset;
    this.#moved = true;
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#member.pause(partitions.filter((partition) => this.#leads(partition)));
    this.#setPaused(partitions, true);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#member.resume(partitions.filter((partition) => this.#leads(partition)));
    this.#setPaused(partitions, false);
  }

  commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#member.commit(offsets);
  }

  committed(partitions: readonly TopicPartition[]): Promise<readonly (number | undefined)[]> {
    return this.#member.committed(partitions);
  }

  watermarks(partition: TopicPartition): Promise<{ readonly low: number; readonly high: number }> {
    return this.#member.watermarks(partition);
  }

  offsetsForTimes(partitions: readonly TopicPartitionTime[]): Promise<readonly (number | undefined)[]> {
    return this.#member.offsetsForTimes(partitions);
  }

  /** Of the member alone: ends of companions are asked of the broker by who wants them. */
  statistics(): ClientStatistics | undefined {
    return this.#member.statistics?.();
  }

  async close(): Promise<void> {
    try {
      await this.#member.close();
    } finally {
      await this.#reader.close();
    }
  }

  async #pollCompanions(max: number): Promise<readonly ConsumedRecord[]> {
    await this.#findOffsets();
    if (this.#moved) this.#assign();
    const records = await this.#reader.poll(max, 0);
    for (const companion of this.#companions.values()) {
      const position = this.#reader.position(companion.partition);
      if (companion.offset !== undefined && position !== undefined) companion.offset = position;
    }
    return records;
  }

  /** C3. */
  async #findOffsets(): Promise<void> {
    const unknown = [...this.#companions.values()].filter(({ offset }) => offset === undefined);
    if (unknown.length === 0) return;
    const partitions = unknown.map(({ partition }) => partition);
    try {
      const committed = await this.#member.committed(partitions);
      for (const [index, companion] of unknown.entries()) {
        companion.offset ??= committed[index] ?? (await this.#reader.watermarks(companion.partition)).low;
      }
      this.#moved = true;
    } catch (thrown) {
      if (!isRetriable(thrown)) throw thrown;
    }
  }

  #assign(): void {
    const known = [...this.#companions.values()].filter(({ offset }) => offset !== undefined);
    this.#reader.assign(known.map(({ partition, offset }) => ({ ...partition, offset: offset! })));
    this.#reader.pause(known.filter(({ paused }) => paused).map(({ partition }) => partition));
    this.#moved = false;
  }

  /** C1. */
  #come(leaders: readonly TopicPartition[]): readonly TopicPartition[] {
    const partitions = this.#of(leaders);
    for (const partition of partitions) {
      this.#companions.set(partitionName(partition), { partition, offset: undefined, paused: false });
    }
    return partitions;
  }

  #go(companions: readonly TopicPartition[]): void {
    for (const partition of companions) this.#companions.delete(partitionName(partition));
    if (companions.length > 0) this.#moved = true;
  }

  #of(leaders: readonly TopicPartition[]): readonly TopicPartition[] {
    return [...this.#leaders].flatMap(([topic, leader]) =>
      leaders.filter((each) => each.topic === leader).map(({ partition }) => ({ topic, partition })),
    );
  }

  #setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const partition of partitions) {
      const companion = this.#companion(partition);
      if (companion === undefined || companion.paused === paused) continue;
      companion.paused = paused;
      // The reader's own way to pause knows only what is assigned to it already.
      this.#moved = true;
    }
  }

  #leads({ topic }: TopicPartition): boolean {
    return !this.#leaders.has(topic);
  }

  #companion(partition: TopicPartition): Companion | undefined {
    return this.#companions.get(partitionName(partition));
  }
}
