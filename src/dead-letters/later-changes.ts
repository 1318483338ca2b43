/**
 * Finds out which dead letters have been overtaken: a later record of their key lies in the partition that they came
 * from, and was not a dead letter itself.
 */
import type { Broker } from '../brokers/port.js';
import { readRange } from '../reading/bounded-read.js';
import type { DeadLetter } from './dead-letter-record.js';

/** The last offset at which a key was changed, by topic, partition and key. */
export class LaterChanges {
  readonly #last = new Map<string, number>();

  private constructor() {}

  /**
   * Reads the sources from the first of these dead letters on. In memory: one entry for each of their keys.
   *
   * @param waiting dead letters that are not redriven
   */
  static async read(broker: Broker, waiting: readonly DeadLetter[]): Promise<LaterChanges> {
    const later = new LaterChanges();
    const failed = new Set<string>();
    const firsts = new Map<string, { readonly topic: string; readonly partition: number; offset: number }>();
    for (const { record, source } of waiting) {
      if (source === undefined || record.key === null) continue;
      const line = `${source.topic}/${source.partition}`;
      failed.add(`${line}@${source.offset}`);
      later.#last.set(keyOf(source.topic, source.partition, record.key), -1);
      const first = firsts.get(line);
      if (first === undefined) firsts.set(line, { ...source });
      else first.offset = Math.min(first.offset, source.offset);
    }
    for (const [line, { topic, partition, offset }] of firsts) {
      const range = { partitions: [partition], from: { kind: 'offset', offset: offset + 1 } } as const;
      for await (const records of readRange(broker, topic, range)) {
        for (const { key, offset: at } of records) {
          if (key === null || failed.has(`${line}@${at}`)) continue;
          const text = keyOf(topic, partition, key);
          if (later.#last.has(text)) later.#last.set(text, at);
        }
      }
    }
    return later;
  }

  /** The offset of the last change of the dead letter's key behind it; undefined: its key has not moved on. */
  behind({ record, source }: DeadLetter): number | undefined {
    if (source === undefined || record.key === null) return undefined;
    const last = this.#last.get(keyOf(source.topic, source.partition, record.key));
    return last !== undefined && last > source.offset ? last : undefined;
  }
}

function keyOf(topic: string, partition: number, key: Buffer): string {
  return `${topic}/${partition}/${key.toString('latin1')}`;
}
