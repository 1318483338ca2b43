/**
 * When a group committed what, as the broker has written it down in its topic `__consumer_offsets`.
 *
 * Source of the format: Kafka's `OffsetCommitKey.json` (versions 0 and 1) and `OffsetCommitValue.json`.
 */
import { partitionName } from '../../src/brokers/partition-name.js';
import type { Broker, TopicPartition } from '../../src/brokers/port.js';
import { readTopic } from '../../src/replay/read-topic.js';

const TOPIC = '__consumer_offsets';

/** The commits of one group. */
export class GroupCommits {
  /** By `topic-partition`, in their order. */
  readonly #commits = new Map<string, { readonly at: number; readonly offset: number }[]>();

  static async read(broker: Broker, groupId: string): Promise<GroupCommits> {
    const commits = new GroupCommits();
    for await (const { key, value, timestamp } of readTopic(broker, TOPIC)) {
      if (key === null || value === null || key.readInt16BE(0) > 1) continue;
      const fields = new Fields(key, 2);
      if (fields.text() !== groupId) continue;
      const partition = { topic: fields.text(), partition: fields.int32() };
      commits.#add(partition, timestamp, Number(value.readBigInt64BE(2)));
    }
    return commits;
  }

  /** The offset that was committed last before a time; 0 before the first commit. @param at milliseconds since the epoch */
  committedAt(partition: TopicPartition, at: number): number {
    return (this.#commits.get(partitionName(partition)) ?? []).findLast((commit) => commit.at <= at)?.offset ?? 0;
  }

  #add(partition: TopicPartition, at: number, offset: number): void {
    const line = partitionName(partition);
    const commits = this.#commits.get(line);
    if (commits === undefined) this.#commits.set(line, [{ at, offset }]);
    else commits.push({ at, offset });
  }
}

class Fields {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.#at = from;
  }

  text(): string {
    const length = this.#bytes.readInt16BE(this.#at);
    const start = this.#at + 2;
    this.#at = start + length;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }
}
