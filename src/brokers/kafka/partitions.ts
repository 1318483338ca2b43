/**
 * What a consumer knows of the partitions it reads: position, pause, and records that were fetched but not delivered.
 *
 * What must hold:
 *  1. Records of a partition leave in the order in which they were fetched; held ones first.
 *  2. The position is that of the next record to be delivered; at the end of the partition it is the end itself, beyond
 *     transaction markers, which are never delivered. So a bounded read ends.
 */
import type { Message } from 'node-rdkafka';
import type { ConsumedRecord, TopicPartition, TopicPartitionOffset } from '../port.js';
import type { Fetched } from './fetch.js';
import { fromClientHeaders } from './headers.js';

interface PartitionState extends TopicPartition {
  position: number | undefined;
  /** Where the partition ended when all of it had been fetched. */
  end: number | undefined;
  paused: boolean;
  held: ConsumedRecord[];
}

function toRecord(message: Message, topic: string): ConsumedRecord {
  return {
    topic,
    partition: message.partition,
    offset: message.offset,
    key: (message.key as Buffer | null | undefined) ?? null,
    value: message.value,
    timestamp: message.timestamp ?? -1,
    headers: fromClientHeaders(message.headers),
  };
}

/** The partitions of one consumer. */
export class Partitions {
  /** By topic, then by partition number. */
  readonly #states = new Map<string, PartitionState[]>();

  /** Takes on a partition; one with an offset starts there. */
  add({ topic, partition, offset }: TopicPartition & { readonly offset?: number }): void {
    const states = this.#states.get(topic) ?? [];
    this.#states.set(topic, states);
    states[partition] = { topic, partition, position: offset, end: undefined, paused: false, held: [] };
  }

  /** Forgets a partition and what is held of it. */
  remove({ topic, partition }: TopicPartition): void {
    const states = this.#states.get(topic);
    if (states === undefined) return;
    delete states[partition];
    if (states.every((state) => state === undefined)) this.#states.delete(topic);
  }

  clear(): void {
    this.#states.clear();
  }

  has(partition: TopicPartition): boolean {
    return this.#find(partition) !== undefined;
  }

  list(): TopicPartition[] {
    return [...this.#each()].map(({ topic, partition }) => ({ topic, partition }));
  }

  position(partition: TopicPartition): number | undefined {
    return this.#find(partition)?.position;
  }

  isPaused(partition: TopicPartition): boolean {
    return this.#find(partition)?.paused === true;
  }

  setPaused(partition: TopicPartition, paused: boolean): void {
    const state = this.#find(partition);
    if (state !== undefined) state.paused = paused;
  }

  /**
   * Throws held records away; the next one delivered is that at the offset.
   *
   * @returns whether the partition is one of these
   */
  seek(partition: TopicPartitionOffset): boolean {
    const state = this.#find(partition);
    if (state === undefined) return false;
    state.position = partition.offset;
    state.end = undefined;
    state.held = [];
    return true;
  }

  /**
   * Takes fetched messages and gives those that may be delivered now. Those of paused partitions are held, and those
   * of partitions that went meanwhile are dropped.
   */
  deliver({ messages, ends }: Fetched): ConsumedRecord[] {
    const records: ConsumedRecord[] = [];
    let state: PartitionState | undefined;
    let topic = '';
    for (const message of messages) {
      // Messages come in runs of one partition, and each brings its own copy of the topic's name.
      if (state === undefined || message.partition !== state.partition || message.topic !== topic) {
        state = this.#find(message);
        topic = state?.topic ?? message.topic;
      }
      if (state === undefined) continue;
      const record = toRecord(message, topic);
      if (state.paused || state.held.length > 0) state.held.push(record);
      else {
        state.position = record.offset + 1;
        records.push(record);
      }
    }
    this.#reachedEnds(ends);
    return records;
  }

  /** Keeps fetched messages for a later {@link takeHeld}. */
  hold({ messages, ends }: Fetched): void {
    for (const message of messages) {
      const state = this.#find(message);
      state?.held.push(toRecord(message, state.topic));
    }
    this.#reachedEnds(ends);
  }

  /** Held records of partitions that are not paused, at most `max`. */
  takeHeld(max: number): ConsumedRecord[] {
    const records: ConsumedRecord[] = [];
    for (const state of this.#each()) {
      if (state.paused || state.held.length === 0 || records.length >= max) continue;
      const taken = state.held.splice(0, max - records.length);
      for (const record of taken) records.push(record);
      state.position = taken[taken.length - 1]!.offset + 1;
      this.#passEnd(state);
    }
    return records;
  }

  #reachedEnds(ends: Fetched['ends']): void {
    for (const end of ends) {
      const state = this.#find(end);
      if (state === undefined) continue;
      state.end = end.offset;
      this.#passEnd(state);
    }
  }

  #passEnd(state: PartitionState): void {
    if (state.held.length > 0 || state.end === undefined) return;
    if (state.position === undefined || state.position < state.end) state.position = state.end;
  }

  #find({ topic, partition }: TopicPartition): PartitionState | undefined {
    return this.#states.get(topic)?.[partition];
  }

  *#each(): Iterable<PartitionState> {
    for (const states of this.#states.values()) {
      for (const state of states) if (state !== undefined) yield state;
    }
  }
}
