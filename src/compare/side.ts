/** One side of a comparison: a part of a topic, read into a store on disk by what it is joined by. */
import { createHash } from 'node:crypto';
import type { Broker, ConsumedRecord } from '../brokers/port.js';
import { AnyDecoder } from '../reading/any-encoding.js';
import { type ReadRange, readRange } from '../reading/bounded-read.js';
import { plainJson } from '../reading/plain-json.js';
import type { Encoding } from '../serde/encoding.js';
import { parseJson, stringifyJson } from '../serde/json-text.js';
import type { Serde, SerdeContext } from '../serde/serde.js';
import { stableJson } from '../state/stable-json.js';
import type { StoreChange, StoreEngine } from '../state/store.js';
import { type JoinedBy, positionOf } from './joined-by.js';

/** What is compared. */
export interface ComparedTopic extends ReadRange {
  readonly broker: Broker;
  readonly topic: string;
  /** How it is encoded: `serdesFor(declaration, encoding)`. Default: what the bytes look like. */
  readonly serdes?: { readonly key: Serde<unknown>; readonly value: Serde<unknown> };
  /** Where the schemas of Avro are, without serdes: `avro({ registry })`. */
  readonly avro?: Encoding;
  /** Which records of the range are compared. Default: all. */
  readonly keep?: (record: ConsumedRecord) => boolean;
}

/** A record that was read, with what it holds. */
export interface Row {
  readonly key: unknown;
  readonly value: unknown;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly partition: number;
  readonly offset: number;
}

/** What was read of a side. */
export interface SideCounts {
  readonly topic: string;
  readonly records: number;
  /** Records that were not joined: they have no key, or no position. */
  readonly unjoined: number;
  /** Records that a later one with the same key and position has replaced. */
  readonly replaced: number;
}

const keyText = stableJson<unknown>();

/** Decodes the records of a side. */
export class SideReader {
  readonly #topic: ComparedTopic;
  readonly #decoders: { readonly key: AnyDecoder; readonly value: AnyDecoder };

  constructor(topic: ComparedTopic) {
    this.#topic = topic;
    this.#decoders = { key: new AnyDecoder('key', topic.avro), value: new AnyDecoder('value', topic.avro) };
  }

  /** The first record that holds a value. */
  async first(): Promise<{ readonly record: ConsumedRecord; readonly value: unknown } | undefined> {
    for await (const records of readRange(this.#topic.broker, this.#topic.topic, this.#topic)) {
      await this.#prepare(records);
      const record = records.find(({ value }) => value !== null);
      if (record !== undefined) return { record, value: this.#decode(record, 'value') };
    }
    return undefined;
  }

  /** Reads everything into the store. */
  async readInto(engine: StoreEngine, by: JoinedBy, onRecords: (count: number) => void): Promise<SideCounts> {
    const { broker, topic } = this.#topic;
    const counts = { topic, records: 0, unjoined: 0, replaced: 0 };
    for await (const records of readRange(broker, topic, this.#topic)) {
      await this.#prepare(records);
      const changes = new Map<string, StoreChange>();
      for (const record of records) {
        if (this.#topic.keep?.(record) === false) continue;
        counts.records += 1;
        const row = this.#row(record);
        const position = positionOf(by, { record, value: row.value });
        if (record.key === null || position === undefined) {
          counts.unjoined += 1;
          continue;
        }
        const id = idOf(row.key, position);
        const text = id.toString('latin1');
        if (changes.has(text) || engine.get(id) !== undefined) counts.replaced += 1;
        const deleted = by === 'key' && row.value === null;
        changes.set(text, { key: id, value: deleted ? null : Buffer.from(stringifyJson(row)) });
      }
      await engine.apply([...changes.values()], counts.records);
      onRecords(records.length);
    }
    return counts;
  }

  #row(record: ConsumedRecord): Row {
    const { timestamp, partition, offset } = record;
    return {
      key: plainJson(this.#decode(record, 'key')),
      value: plainJson(this.#decode(record, 'value')),
      timestamp,
      partition,
      offset,
    };
  }

  #decode(record: ConsumedRecord, part: 'key' | 'value'): unknown {
    const { topic, headers } = record;
    const { serdes } = this.#topic;
    if (serdes === undefined) return this.#decoders[part].decode(record[part], { topic, headers }).value;
    const context: SerdeContext = { topic, headers, schema: undefined };
    try {
      return serdes[part].deserialize(record[part], context);
    } catch (thrown) {
      const where = `${topic}-${record.partition}@${record.offset}`;
      throw new Error(
        `the ${part} of ${where} cannot be read as ${serdes[part].encoding}: ${(thrown as Error).message}`,
        {
          cause: thrown,
        },
      );
    }
  }

  async #prepare(records: readonly ConsumedRecord[]): Promise<void> {
    for (const part of ['key', 'value'] as const) {
      const batch = records.map(({ topic, headers, [part]: bytes }) => ({ topic, headers, bytes }));
      if (this.#topic.serdes === undefined) await this.#decoders[part].prepare(batch);
      else await this.#topic.serdes[part].prepare?.(batch);
    }
  }
}

/** A row as a store keeps it. */
export function rowFrom(bytes: Buffer): Row {
  return parseJson(bytes) as Row;
}

/** Of one length, whatever the key: keys of a store have one. */
function idOf(key: unknown, position: string): Buffer {
  return createHash('sha256')
    .update(`${keyText.text(key)}\n${position}`)
    .digest();
}
