/**
 * Rebalances, worked off one after the other inside `poll`.
 *
 * What must hold:
 *  1. A revoked partition is given up only after the listener has resolved: to unassign at once, in the client's
 *     callback, lets the next member read what this one has not committed yet.
 *  2. Every event of the client is answered by an assign or unassign, also when the listener fails: without an answer
 *     the group waits, and closing never ends.
 *  3. Lost is told from revoked, for each partition. The client's callback does not tell them apart, but its log does,
 *     before the callback. A member that missed its deadline while a rebalance was waiting may even get a lost partition
 *     back without having been asked for it: then it is lost and assigned again.
 *  4. While closing nobody polls: events are answered at once, and the listener has been told before.
 */
import { setImmediate as afterPendingCallbacks } from 'node:timers/promises';
import { partitionName } from '../partition-name.js';
import type { RebalanceListener, TopicPartition } from '../port.js';
import type { Rdkafka } from './client.js';
import { type ClientError, ERR_ASSIGN_PARTITIONS, translate } from './errors.js';
import type { Partitions } from './partitions.js';

interface RebalanceEvent {
  readonly kind: 'assign' | 'revoke';
  readonly partitions: readonly TopicPartition[];
  /** It belongs to a membership that began after the last loss. */
  readonly afterLoss: boolean;
}

/** A partition with the offset to start from; without one it is the committed offset. */
export type StartingPartition = TopicPartition & { readonly offset?: number };

export class Rebalances {
  readonly #consumer: Rdkafka.KafkaConsumer;
  readonly #partitions: Partitions;
  readonly #startOf: (partitions: readonly TopicPartition[]) => Promise<readonly StartingPartition[]>;
  readonly #events: RebalanceEvent[] = [];
  #listener: RebalanceListener | undefined;
  /** Names of partitions that are gone already, though the listener has not been told yet. */
  readonly #lost = new Set<string>();
  /** The member has joined again since the last loss. */
  #joinedAgain = false;
  #closing = false;

  /** @param startOf where newly assigned partitions begin */
  constructor(
    consumer: Rdkafka.KafkaConsumer,
    partitions: Partitions,
    startOf: (partitions: readonly TopicPartition[]) => Promise<readonly StartingPartition[]>,
  ) {
    this.#consumer = consumer;
    this.#partitions = partitions;
    this.#startOf = startOf;
  }

  /** The partition is gone already, though the listener may not have been told yet. */
  isLost(partition: TopicPartition): boolean {
    return this.#lost.has(partitionName(partition));
  }

  /** Whether there is anything to work off. */
  get waiting(): boolean {
    return this.#events.length > 0;
  }

  listen(listener: RebalanceListener): void {
    this.#listener = listener;
  }

  /** The client's `rebalance_cb`. */
  readonly happened = (error: ClientError, partitions: readonly TopicPartition[]): void => {
    const kind = error.code === ERR_ASSIGN_PARTITIONS ? 'assign' : 'revoke';
    const event: RebalanceEvent = { kind, partitions, afterLoss: this.#joinedAgain };
    if (this.#closing) this.#answerWhileClosing(event);
    else this.#events.push(event);
  };

  /** A line of the client's log. */
  readLog(facility: string, message: string): void {
    const lost = facility === 'LOST' && message.includes('partition(s) lost');
    if (lost || facility === 'MAXPOLL' || facility === 'SESSTMOUT') this.loseAll();
    else if (facility === 'JOIN' && message.includes('Joining group')) this.#joinedAgain = true;
  }

  /** Nothing that is assigned now can be committed any more. */
  loseAll(): void {
    for (const partition of this.#partitions.list()) this.#lost.add(partitionName(partition));
    this.#joinedAgain = false;
  }

  /** Tells the listener what happened and answers the client. Errors of the listener are thrown after the answer. */
  async workOff(): Promise<void> {
    if (this.#events.length === 0) return;
    await afterPendingCallbacks(); // the log line of an event may be waiting beside it
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      if (event.kind === 'assign') await this.#takeOn(event);
      else await this.#giveUp(event.partitions);
    }
  }

  /** Tells the listener that everything goes, as closing implies, and from now on answers the client at once. */
  async close(): Promise<void> {
    try {
      await afterPendingCallbacks();
      await this.#tellGone(this.#partitions.list());
    } finally {
      this.#closing = true;
      for (const event of this.#events.splice(0)) this.#answerWhileClosing(event);
      this.#partitions.clear();
    }
  }

  async #takeOn(event: RebalanceEvent): Promise<void> {
    const { partitions, afterLoss } = event;
    const regained = afterLoss ? this.#partitions.list().filter((partition) => this.isLost(partition)) : [];
    const taken = [...regained, ...partitions];
    const starting = await this.#startOf(taken).catch((error: unknown) => {
      this.#events.unshift(event); // not answered yet: the next poll tries again
      throw error;
    });
    if (regained.length > 0) await this.#giveUp(regained);
    this.#assign(starting);
    for (const { topic, partition } of taken) this.#partitions.add({ topic, partition });
    // A member that gets none is told so once: it has joined, and waits for its turn.
    if (taken.length > 0 || this.#partitions.list().length === 0) await this.#listener?.onAssigned(taken);
  }

  async #giveUp(partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await this.#tellGone(partitions.filter((partition) => this.#partitions.has(partition)));
    } finally {
      this.#unassign(partitions);
      for (const partition of partitions) {
        this.#partitions.remove(partition);
        // The member may have been expelled once more while the listener was at it.
        this.#lost.delete(partitionName(partition));
      }
    }
  }

  async #tellGone(partitions: readonly TopicPartition[]): Promise<void> {
    const lost = partitions.filter((partition) => this.#lost.delete(partitionName(partition)));
    const revoked = partitions.filter((partition) => !lost.includes(partition));
    // The lost ones first: what they leave uncommitted must not be committed with the others.
    if (lost.length > 0) await this.#listener?.onLost(lost);
    if (revoked.length > 0) await this.#listener?.onRevoked(revoked);
  }

  #assign(partitions: readonly StartingPartition[]): void {
    answered('Taking on partitions', () => {
      if (this.#cooperative) this.#consumer.incrementalAssign([...partitions]);
      else this.#consumer.assign([...partitions]);
    });
  }

  #unassign(partitions: readonly TopicPartition[]): void {
    answered('Giving partitions up', () => {
      if (this.#cooperative) this.#consumer.incrementalUnassign([...partitions]);
      else this.#consumer.unassign();
    });
  }

  /** Or eager, where a user chose such an assignor. */
  get #cooperative(): boolean {
    return this.#consumer.rebalanceProtocol() === 'COOPERATIVE';
  }

  /** Once the client has begun to close, on a thread of its own, it takes nothing but `unassign` for an answer. */
  #answerWhileClosing({ kind, partitions }: RebalanceEvent): void {
    try {
      if (!this.#cooperative) this.#consumer.unassign();
      else if (kind === 'assign') this.#consumer.incrementalAssign([...partitions]);
      else this.#consumer.incrementalUnassign([...partitions]);
    } catch {
      // It began to close between the question and the answer.
      this.#unassignUnlessClosed();
    }
  }

  #unassignUnlessClosed(): void {
    try {
      this.#consumer.unassign();
    } catch {
      // It has closed meanwhile: an earlier answer was enough, and nobody waits for this one.
    }
  }
}

function answered(doing: string, answer: () => void): void {
  try {
    answer();
  } catch (thrown) {
    throw translate(thrown as ClientError, doing);
  }
}
