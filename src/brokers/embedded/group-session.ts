import type { Clock, Timer } from '../../clock.js';
import type { ConsumerConfig, RebalanceListener, TopicPartition } from '../port.js';
import type { Fetcher } from './fetcher.js';
import type { Group, Member } from './groups.js';
import { replaced } from './groups.js';

const MAX_POLL_INTERVAL_MS = 300_000;

/** What a session needs of its consumer. */
export interface GroupSessionSurroundings {
  readonly clock: Clock;
  readonly group: Group;
  readonly fetcher: Fetcher;
  /** Called when the group has something for the consumer to do. */
  readonly wake: () => void;
  /** Whether a poll waits for records: then the member lives, however long it waits. */
  readonly isWaiting: () => boolean;
}

/**
 * A subscribed consumer's part in its group.
 *
 *  1. The listener is called inside `poll` or `close` only, one call after the other.
 *  2. A partition is owned before `onAssigned` and until `onRevoked` has resolved: offsets can be committed in both.
 *  3. A member that does not poll for `maxPollIntervalMs` is expelled, also while its listener works.
 */
export class GroupSession {
  readonly #config: ConsumerConfig;
  readonly #surroundings: GroupSessionSurroundings;
  readonly #listener: RebalanceListener;
  readonly #maxPollIntervalMs: number;
  #member: Member;
  #inListener = false;
  #lastPoll = 0;
  #expiry: Timer | undefined;

  constructor(
    readonly topics: readonly string[],
    listener: RebalanceListener,
    config: ConsumerConfig,
    surroundings: GroupSessionSurroundings,
  ) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#listener = listener;
    this.#maxPollIntervalMs = config.maxPollIntervalMs ?? MAX_POLL_INTERVAL_MS;
    this.#member = this.#join();
  }

  get member(): Member {
    return this.#member;
  }

  /** Whether the listener is being called. */
  get inListener(): boolean {
    return this.#inListener;
  }

  /** A poll has ended. */
  polled(): void {
    this.#lastPoll = this.#surroundings.clock.now();
  }

  /**
   * Does what the group asks, until there is nothing left to do. Says whether there was anything.
   *
   * @throws BrokerError `fatal` when another consumer has the member's static name; what the listener throws
   */
  async follow(): Promise<boolean> {
    const { group, fetcher } = this.#surroundings;
    let changed = false;
    for (;;) {
      const member = this.#member;
      if (member.membership !== 'member') {
        await this.#lose(fetcher.partitions());
        if (member.membership === 'replaced') throw replaced(member);
        this.#member = this.#join();
        continue;
      }
      const changes = group.changes(member);
      if (changes === undefined) return changed;
      changed = true;
      if (changes.lost.length > 0) {
        await this.#lose(changes.lost);
      } else if (changes.revoked.length > 0) {
        await this.#giveUp(changes.revoked);
      } else {
        group.own(member, changes.assigned);
        fetcher.add(changes.assigned);
        await this.#tell(() => this.#listener.onAssigned(changes.assigned));
      }
    }
  }

  /** Gives everything up and leaves. */
  async leave(): Promise<void> {
    const member = this.#member;
    const partitions = this.#surroundings.fetcher.partitions();
    try {
      if (member.membership !== 'member') await this.#lose(partitions);
      else if (partitions.length > 0) await this.#giveUp(partitions);
    } finally {
      this.stop();
      this.#surroundings.group.leave(member);
    }
  }

  /** Ends the timer; nothing else is done or told. */
  stop(): void {
    this.#expiry?.cancel();
  }

  /** @throws BrokerError `fatal` when another consumer has the member's static name */
  mustKeepItsPlace(): void {
    if (this.#member.membership === 'replaced') throw replaced(this.#member);
  }

  async #giveUp(partitions: readonly TopicPartition[]): Promise<void> {
    const member = this.#member;
    try {
      await this.#tell(() => this.#listener.onRevoked(partitions));
    } finally {
      this.#surroundings.fetcher.drop(partitions);
      if (member.membership === 'member') this.#surroundings.group.release(member, partitions);
    }
  }

  async #lose(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    this.#surroundings.fetcher.drop(partitions);
    await this.#tell(() => this.#listener.onLost(partitions));
  }

  async #tell(call: () => Promise<void>): Promise<void> {
    this.#inListener = true;
    this.polled();
    try {
      await call();
    } finally {
      this.#inListener = false;
    }
  }

  #join(): Member {
    const { group, wake } = this.#surroundings;
    this.polled();
    const member = group.join(this.topics, this.#config, wake);
    this.#watch(member);
    return member;
  }

  /** One timer that looks whether the member still polls, rather than one timer for each poll. */
  #watch(member: Member): void {
    const { clock, group } = this.#surroundings;
    this.#expiry?.cancel();
    const idle = this.#isAlive() ? 0 : clock.now() - this.#lastPoll;
    this.#expiry = clock.after(Math.max(1, this.#maxPollIntervalMs - idle), () => {
      if (member.membership !== 'member') return;
      if (!this.#isAlive() && clock.now() - this.#lastPoll >= this.#maxPollIntervalMs) group.expel(member);
      else this.#watch(member);
    });
  }

  #isAlive(): boolean {
    return this.#surroundings.isWaiting() && !this.#inListener;
  }
}
