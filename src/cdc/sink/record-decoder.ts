/** Decodes what was polled, up to the first record that cannot be. */
import type { ConsumedRecord } from '../../brokers/port.js';
import { RecordError } from '../../errors.js';
import { decodeSinkRecord, type SinkRecord, type SinkSerdes } from './sink-record.js';

export interface DecodedBatch {
  /** What is to be written. */
  readonly records: readonly SinkRecord[];
  /** How many consumed records stand before the one that `records[n]` came from; for n = length: how many were decoded. */
  before(n: number): number;
  /** Why the consumed record after those is not decoded; undefined when all are. */
  readonly undecodable: RecordError | undefined;
}

export class RecordDecoder {
  private readonly serdes = new Map<string, SinkSerdes>();

  constructor(private readonly serdesFor: (topic: string) => SinkSerdes) {}

  async decode(batch: readonly ConsumedRecord[]): Promise<DecodedBatch> {
    await this.prepare(batch);
    const records: SinkRecord[] = [];
    // Records that mean nothing to a table stand between those that do.
    const positions: number[] = [];
    let undecodable: RecordError | undefined;
    let at = 0;
    for (; at < batch.length; at++) {
      const consumed = batch[at] as ConsumedRecord;
      try {
        const record = decodeSinkRecord(consumed, this.serdesOf(consumed.topic));
        if (record === undefined) continue;
        records.push(record);
        positions.push(at);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        undecodable = error;
        break;
      }
    }
    return { records, before: (n) => positions[n] ?? at, undecodable };
  }

  /** Lets the serdes fetch the schemas that this batch needs. */
  private async prepare(batch: readonly ConsumedRecord[]): Promise<void> {
    for (const topic of new Set(batch.map((record) => record.topic))) {
      const { key, value } = this.serdesOf(topic);
      const ofTopic = batch.filter((record) => record.topic === topic);
      await key.prepare?.(ofTopic.map(({ key: bytes, headers }) => ({ topic, bytes, headers })));
      await value.prepare?.(ofTopic.map(({ value: bytes, headers }) => ({ topic, bytes, headers })));
    }
  }

  private serdesOf(topic: string): SinkSerdes {
    let serdes = this.serdes.get(topic);
    if (serdes === undefined) {
      serdes = this.serdesFor(topic);
      this.serdes.set(topic, serdes);
    }
    return serdes;
  }
}
