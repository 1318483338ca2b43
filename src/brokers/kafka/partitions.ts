/**
 * What a consumer knows of the partitions it reads: position, pause, and records that were fetched but not delivered.
 *
 * What must hold:
 *  1. Records of a partition leave in the order in which they were fetched; held ones first.
 *  2. The position is that of the next record to be delivered; at the end of the partition it is the end itself, beyond
 *     transaction markers, which are never delivered. So a bounded read ends.
 */
import type { ConsumedRecord, TopicPartition, TopicPartitionOffset } from '../port.js';
import type { Fetched } from './questions.js';

interface PartitionState extends TopicPartition {
  position: number | undefined;
  /** Where the partition ended when all of it had been fetched. */
  end: number | undefined;
  paused: boolean;
  held: ConsumedRecord[];
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
   * Takes fetched records and gives those that may be delivered now. Those of paused partitions are held, and those
   * of partitions that went meanwhile are dropped.
   */
  deliver({ records, ends }: Fetched): ConsumedRecord[] {
    const delivered: ConsumedRecord[] = [];
    let state: PartitionState | undefined;
    for (const record of records) {
      // They come in runs of one partition.
      if (state === undefined || record.partition !== state.partition || record.topic !== state.topic) {
        state = this.#find(record);
      }
      if (state === undefined) continue;
      if (state.paused || state.held.length > 0) state.held.push(record);
      else {
        state.position = record.offset + 1;
        delivered.push(record);
      }
    }
    this.#reachedEnds(ends);
    return delivered;
  }

  /** Keeps fetched records for a later {@link takeHeld}. */
  hold({ records, ends }: Fetched): void {
    for (const record of records) this.#find(record)?.held.push(record);
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
