/**
 * What was polled and is not yet dealt with, in order, and how far each partition is dealt with.
 */
import type { ConsumedRecord, TopicPartition, TopicPartitionOffset } from '../../brokers/port.js';

export class PendingRecords {
  private records: ConsumedRecord[] = [];
  private readonly done = new Map<string, TopicPartitionOffset>();

  get all(): readonly ConsumedRecord[] {
    return this.records;
  }

  get empty(): boolean {
    return this.records.length === 0;
  }

  add(records: readonly ConsumedRecord[]): void {
    this.records = this.records.length === 0 ? [...records] : [...this.records, ...records];
  }

  /** The first `count` are dealt with: their offsets may be committed. */
  finish(count: number): void {
    for (const { topic, partition, offset } of this.records.slice(0, count)) {
      this.done.set(id({ topic, partition }), { topic, partition, offset: offset + 1 });
    }
    this.records = this.records.slice(count);
  }

  /** Another member has these partitions now: what is not finished is his, and our word on offsets counts no more. */
  drop(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(id));
    this.records = this.records.filter((record) => !gone.has(id(record)));
    for (const partition of gone) this.done.delete(partition);
  }

  /** Finished and not yet committed. */
  get uncommitted(): readonly TopicPartitionOffset[] {
    return [...this.done.values()];
  }

  committed(offsets: readonly TopicPartitionOffset[]): void {
    for (const offset of offsets) {
      if (this.done.get(id(offset))?.offset === offset.offset) this.done.delete(id(offset));
    }
  }
}

function id({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
