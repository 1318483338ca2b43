import { partitionName } from '../brokers/partition-name.js';
import type { ConsumedRecord, TopicPartition } from '../brokers/port.js';

interface Line {
  readonly records: ConsumedRecord[];
  /** Those before it are taken. */
  next: number;
}

/**
 * The inputs of one task in the order of their times: the lowest timestamp is next, and a partition's own order stays. Nothing
 * is taken while an input has shown no record that may still have one, so the order does not depend on what a poll brings.
 *
 * That is for a run with an end. A live one cannot wait like this: an input may be silent for hours.
 */
export class TimeOrder {
  readonly #lines = new Map<string, Line>();
  #size = 0;

  /** Records that are held. */
  get size(): number {
    return this.#size;
  }

  add(records: readonly ConsumedRecord[]): void {
    for (const record of records) {
      const name = partitionName(record);
      let line = this.#lines.get(name);
      if (line === undefined) {
        line = { records: [], next: 0 };
        this.#lines.set(name, line);
      }
      line.records.push(record);
      this.#size += 1;
    }
  }

  /** Records that are held of a partition. */
  heldOf(partition: TopicPartition): number {
    return this.#lines.get(partitionName(partition))?.records.length ?? 0;
  }

  /**
   * Takes what is next for certain.
   *
   * @param partitions the inputs; of equal times the one that is named first is next
   * @param ended whether no record comes any more behind those that are held of a partition
   */
  take(
    max: number,
    partitions: readonly TopicPartition[],
    ended: (partition: TopicPartition) => boolean,
  ): readonly ConsumedRecord[] {
    const open = partitions.filter((partition) => !ended(partition)).map(partitionName);
    const lines = partitions.flatMap((partition) => this.#lines.get(partitionName(partition)) ?? []);
    const mustShow = open.map((name) => this.#lines.get(name));
    const taken: ConsumedRecord[] = [];
    while (taken.length < max && mustShow.every((line) => line !== undefined && headOf(line) !== undefined)) {
      let lowest: Line | undefined;
      for (const line of lines) {
        const head = headOf(line);
        if (head === undefined) continue;
        if (lowest === undefined || head.timestamp < headOf(lowest)!.timestamp) lowest = line;
      }
      if (lowest === undefined) break;
      taken.push(headOf(lowest)!);
      lowest.next += 1;
    }
    this.#size -= taken.length;
    for (const line of lines) line.records.splice(0, line.next);
    for (const line of lines) line.next = 0;
    return taken;
  }

  /** Drops what is held of a partition that goes to somebody else. */
  forget(partition: TopicPartition): void {
    this.#size -= this.heldOf(partition);
    this.#lines.delete(partitionName(partition));
  }

  clear(): void {
    this.#lines.clear();
    this.#size = 0;
  }
}

function headOf({ records, next }: Line): ConsumedRecord | undefined {
  return records[next];
}
