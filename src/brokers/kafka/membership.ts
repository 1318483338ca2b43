/**
 * What a producer needs of a consumer to commit the group's offsets in its transaction (`sendOffsets`): the client that
 * proves the membership, kept from closing while it is used. Not part of the port, so it is looked up here.
 */
import type { BrokerError } from '../../errors.js';
import type { Consumer, TopicPartition } from '../port.js';
import type { Rdkafka } from './client.js';

export interface Membership {
  readonly client: Rdkafka.KafkaConsumer;
  /** Why offsets of these partitions are no longer this member's to commit; undefined when they are. */
  refusal(partitions: readonly TopicPartition[]): BrokerError | undefined;
  /** Closing waits until this has settled: the client would be read after it is freed. */
  hold(use: Promise<unknown>): void;
}

export const memberships = new WeakMap<Consumer, Membership>();
