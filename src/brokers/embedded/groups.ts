/**
 * The group coordinator.
 *
 *  1. A partition belongs to one member at a time. A member that should give one up keeps it until it says so, or is
 *     expelled; until then nobody else gets it.
 *  2. Offsets are accepted from a member that is in the group, for partitions that belong to it. A group without
 *     members takes offsets from anybody: that is how they are set by hand.
 *  3. A static member's place is kept for its session timeout after it closed. Another with its name takes the place
 *     at once, and the one before is fenced.
 */
import type { Clock, Timer } from '../../clock.js';
import { BrokerError } from '../../errors.js';
import type { ConsumerConfig, TopicPartition } from '../port.js';
import type { AssignableMember } from './assignor.js';
import { assign } from './assignor.js';

const SESSION_TIMEOUT_MS = 6_000;

/** What a member has to do to follow the group's plan. */
export interface Changes {
  readonly lost: readonly TopicPartition[];
  readonly revoked: readonly TopicPartition[];
  readonly assigned: readonly TopicPartition[];
}

/** `left`: on its own account. `expelled`: it did not poll in time. `replaced`: another has its static name. */
export type Membership = 'member' | 'left' | 'expelled' | 'replaced';

/** One consumer's membership; a consumer that was expelled joins again as another one. */
export class Member implements AssignableMember {
  membership: Membership = 'member';
  target = new Set<string>();
  readonly owned = new Map<string, TopicPartition>();
  /** Taken away without asking, because the topic is gone. */
  lost: TopicPartition[] = [];
  /** Nothing has changed since the member last looked. */
  settled = false;
  absence: Timer | undefined;

  constructor(
    readonly group: Group,
    readonly topics: readonly string[],
    readonly copartitioned: readonly (readonly string[])[],
    readonly instanceId: string | undefined,
    readonly sessionTimeoutMs: number,
    /** Called when there is something to do. */
    readonly wake: () => void,
  ) {}
}

export class Group {
  readonly #clock: Clock;
  readonly #partitionsOf: (topic: string) => number;
  readonly #owners = new Map<string, Member>();
  #members: Member[] = [];
  #generation = 0;

  constructor(
    readonly id: string,
    clock: Clock,
    partitionsOf: (topic: string) => number,
  ) {
    this.#clock = clock;
    this.#partitionsOf = partitionsOf;
  }

  /** Joins, or takes the place of the member with the same instance id. */
  join(
    topics: readonly string[],
    { copartitioned = [], instanceId, sessionTimeoutMs = SESSION_TIMEOUT_MS }: ConsumerConfig,
    wake: () => void,
  ): Member {
    const member = new Member(this, topics, copartitioned, instanceId, sessionTimeoutMs, wake);
    const earlier = instanceId === undefined ? undefined : this.#members.find((each) => each.instanceId === instanceId);
    if (earlier === undefined) {
      this.#members.push(member);
    } else {
      earlier.absence?.cancel();
      earlier.membership = 'replaced';
      this.#disown(earlier);
      member.target = earlier.target;
      this.#members[this.#members.indexOf(earlier)] = member;
      earlier.wake();
    }
    this.rebalance();
    return member;
  }

  /** Goes. The member has given up or lost its partitions. A static one's place is kept for a while. */
  leave(member: Member): void {
    if (member.membership !== 'member') return;
    this.#disown(member);
    if (member.instanceId === undefined) {
      this.#remove(member, 'left');
    } else {
      member.absence = this.#clock.after(member.sessionTimeoutMs, () => this.#remove(member, 'left'));
    }
  }

  /** The member did not poll in time. */
  expel(member: Member): void {
    if (member.membership === 'member') this.#remove(member, 'expelled');
  }

  /** What the member should do now; undefined when nothing. */
  changes(member: Member): Changes | undefined {
    if (member.settled) return undefined;
    const { lost } = member;
    member.lost = [];
    const revoked: TopicPartition[] = [];
    for (const [key, partition] of member.owned) if (!member.target.has(key)) revoked.push(partition);
    const assigned: TopicPartition[] = [];
    for (const key of member.target) {
      if (!member.owned.has(key) && !this.#owners.has(key)) assigned.push(partitionOfKey(key));
    }
    if (lost.length === 0 && revoked.length === 0 && assigned.length === 0) {
      member.settled = true;
      return undefined;
    }
    return { lost, revoked, assigned };
  }

  /** The member has begun to own these. */
  own(member: Member, partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const key = keyOf(partition);
      member.owned.set(key, partition);
      this.#owners.set(key, member);
    }
  }

  /** The member has given these up; who waits for them is woken. */
  release(member: Member, partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const key = keyOf(partition);
      member.owned.delete(key);
      if (this.#owners.get(key) === member) this.#owners.delete(key);
    }
    this.#wakeAll();
  }

  /**
   * Checks that offsets may be committed (2).
   *
   * @param member undefined for a consumer that never joined
   * @throws BrokerError `fenced`, or `fatal` when another has the member's static name
   */
  authorize(member: Member | undefined, partitions: readonly TopicPartition[]): void {
    if (member === undefined) {
      if (this.#members.length === 0) return;
      throw new BrokerError(
        `Group "${this.id}" has members, so its offsets can only be committed by them. Stop them first, or subscribe.`,
        'fenced',
        'UNKNOWN_MEMBER_ID',
      );
    }
    if (member.membership === 'replaced') throw replaced(member);
    if (member.membership !== 'member' || member.absence !== undefined) {
      throw new BrokerError(
        `This consumer is no longer a member of group "${this.id}": ${
          member.membership === 'expelled' ? 'it did not poll in time' : 'it has left'
        }. Its offsets are refused; what it did not commit is done again by others.`,
        'fenced',
        'UNKNOWN_MEMBER_ID',
      );
    }
    for (const partition of partitions) {
      if (member.owned.has(keyOf(partition))) continue;
      throw new BrokerError(
        `${partition.topic}-${partition.partition} does not belong to this member of group "${this.id}" in generation ${this.#generation}; its offset is refused.`,
        'fenced',
        'ILLEGAL_GENERATION',
      );
    }
  }

  /** The partitions of a topic have changed, or it is gone. */
  topicChanged(topic: string, exists: boolean): void {
    if (!this.#members.some((member) => member.topics.includes(topic))) return;
    if (!exists) {
      for (const [key, member] of this.#owners) {
        const partition = member.owned.get(key)!;
        if (partition.topic !== topic) continue;
        this.#owners.delete(key);
        member.owned.delete(key);
        member.lost.push(partition);
      }
    }
    this.rebalance();
  }

  rebalance(): void {
    this.#generation += 1;
    assign(this.#members, this.#partitionsOf);
    this.#wakeAll();
  }

  close(): void {
    for (const member of this.#members) member.absence?.cancel();
  }

  #remove(member: Member, membership: Membership): void {
    member.membership = membership;
    this.#disown(member);
    this.#members = this.#members.filter((each) => each !== member);
    this.rebalance();
    member.wake();
  }

  /** Its partitions are free; `owned` still says what it thought it had. */
  #disown(member: Member): void {
    for (const key of member.owned.keys()) if (this.#owners.get(key) === member) this.#owners.delete(key);
  }

  #wakeAll(): void {
    for (const member of this.#members) {
      member.settled = false;
      member.wake();
    }
  }
}

/** All groups by their ids. */
export class Groups {
  readonly #groups = new Map<string, Group>();

  constructor(
    private readonly clock: Clock,
    private readonly partitionsOf: (topic: string) => number,
  ) {}

  get(id: string): Group {
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = new Group(id, this.clock, this.partitionsOf);
      this.#groups.set(id, group);
    }
    return group;
  }

  topicChanged(topic: string, exists: boolean): void {
    for (const group of this.#groups.values()) group.topicChanged(topic, exists);
  }

  close(): void {
    for (const group of this.#groups.values()) group.close();
  }
}

/** One text for a partition; no topic's name has a slash. */
export function keyOf(partition: TopicPartition): string {
  return `${partition.topic}/${partition.partition}`;
}

/** What a member is told whose static name another consumer uses now. */
export function replaced(member: Member): BrokerError {
  return new BrokerError(
    `Another consumer has joined group "${member.group.id}" as instance "${member.instanceId}". This one is finished: ` +
      'two of one instance id must not run.',
    'fatal',
    'FENCED_INSTANCE_ID',
  );
}

function partitionOfKey(key: string): TopicPartition {
  const slash = key.lastIndexOf('/');
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) };
}
