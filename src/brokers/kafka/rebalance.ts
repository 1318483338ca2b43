/**
 * Rebalances, worked off one after the other inside `poll`.
 *
 * What must hold:
 *  1. A revoked partition is given up only after the listener has resolved: to unassign at once, in the client's
 *     callback, lets the next member read what this one has not committed yet.
 *  2. Every event of the client is answered by an assign or unassign, also when the listener fails: without an answer
 *     the group waits, and closing never ends.
 *  3. Lost is told from revoked. The client's callback does not tell them apart, but its log does, before the callback.
 *  4. While closing nobody polls: events are answered at once, and the listener has been told before.
 */
import { setImmediate as afterPendingCallbacks } from 'node:timers/promises';
import type { RebalanceListener, TopicPartition } from '../port.js';
import type { Rdkafka } from './client.js';
import { type ClientError, ERR_ASSIGN_PARTITIONS } from './errors.js';
import type { Partitions } from './partitions.js';

interface RebalanceEvent {
  readonly kind: 'assign' | 'revoke';
  readonly partitions: readonly TopicPartition[];
}

/** A partition with the offset to start from; without one it is the committed offset. */
export type StartingPartition = TopicPartition & { readonly offset?: number };

export class Rebalances {
  readonly #consumer: Rdkafka.KafkaConsumer;
  readonly #partitions: Partitions;
  readonly #startOf: (partitions: readonly TopicPartition[]) => Promise<readonly StartingPartition[]>;
  readonly #events: RebalanceEvent[] = [];
  #listener: RebalanceListener | undefined;
  #lost = false;
  #finished = false;
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

  /** The assignment is gone already, though the listener may not have been told yet. */
  get lost(): boolean {
    return this.#lost || this.#finished;
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
    const event: RebalanceEvent = { kind, partitions };
    if (!this.#closing) this.#events.push(event);
    else if (kind === 'assign') this.#assign(partitions);
    else this.#unassign(partitions);
  };

  /** A line of the client's log with the facility `LOST`: the assignment was lost, or no longer is. */
  readLostLine(message: string): void {
    this.#lost = message.includes('partition(s) lost');
  }

  /** The client has failed for good: nothing can be committed any more. */
  finish(): void {
    this.#finished = true;
  }

  /** Tells the listener what happened and answers the client. Errors of the listener are thrown after the answer. */
  async workOff(): Promise<void> {
    if (this.#events.length === 0) return;
    await afterPendingCallbacks(); // the log line of an event may be waiting beside it
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      if (event.kind === 'assign') await this.#takeOn(event.partitions);
      else await this.#giveUp(event.partitions);
    }
  }

  /** Tells the listener that everything goes, as closing implies, and from now on answers the client at once. */
  async close(): Promise<void> {
    try {
      await this.workOff();
      await this.#tellGone(this.#partitions.list());
    } finally {
      this.#closing = true;
      for (const event of this.#events.splice(0)) {
        if (event.kind === 'assign') this.#assign(event.partitions);
        else this.#unassign(event.partitions);
      }
      this.#partitions.clear();
    }
  }

  async #takeOn(partitions: readonly TopicPartition[]): Promise<void> {
    const starting = await this.#startOf(partitions);
    this.#assign(starting);
    for (const { topic, partition } of partitions) this.#partitions.add({ topic, partition });
    if (partitions.length > 0) await this.#listener?.onAssigned(partitions);
  }

  async #giveUp(partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await this.#tellGone(partitions.filter((partition) => this.#partitions.has(partition)));
    } finally {
      this.#unassign(partitions);
      for (const partition of partitions) this.#partitions.remove(partition);
      this.#lost = false;
    }
  }

  async #tellGone(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    if (this.lost) await this.#listener?.onLost(partitions);
    else await this.#listener?.onRevoked(partitions);
  }

  #assign(partitions: readonly StartingPartition[]): void {
    if (this.#consumer.rebalanceProtocol() === 'COOPERATIVE') this.#consumer.incrementalAssign([...partitions]);
    else this.#consumer.assign([...partitions]);
  }

  #unassign(partitions: readonly TopicPartition[]): void {
    // `NONE` while the consumer closes, `EAGER` where a user chose such an assignor.
    if (this.#consumer.rebalanceProtocol() === 'COOPERATIVE') this.#consumer.incrementalUnassign([...partitions]);
    else this.#consumer.unassign();
  }
}
