import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import type { StreamRecord } from '../record.js';
import type { Serde, SerdeContext } from '../serde/serde.js';
import type { SourceNode } from '../topology/graph.js';
import type { TopicDeclaration } from '../topology/topic.js';
import { located } from './failure.js';
import type { Codec } from './wiring.js';

/** The serdes of one topic, as the configuration encodes it. */
export interface TopicSerdes {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

/** Reads and writes records with the serdes of their topics. */
export class TopicCodec implements Codec {
  readonly #serdes: ReadonlyMap<string, TopicSerdes>;
  /** Topics whose serdes may have to fetch something before they decode. */
  readonly #preparing: ReadonlyMap<string, TopicSerdes>;
  readonly #maxBytes: number;
  readonly #context: SerdeContext = { topic: '', headers: [], schema: undefined };

  /**
   * @param serdes by topic name; every topic of the topology is in it
   * @param maxBytes `max.request.size`: the most bytes that key and value may have together
   */
  constructor(serdes: ReadonlyMap<string, TopicSerdes>, maxBytes: number) {
    this.#serdes = serdes;
    this.#preparing = new Map([...serdes].filter(([, { key, value }]) => (key.prepare ?? value.prepare) !== undefined));
    this.#maxBytes = maxBytes;
  }

  prepare(records: readonly ConsumedRecord[]): Promise<void> | undefined {
    let missing: Promise<void>[] | undefined;
    for (const [topic, { key, value }] of this.#preparing) {
      const ofTopic = records.filter((record) => record.topic === topic);
      if (ofTopic.length === 0) continue;
      const waits = [
        key.prepare?.(ofTopic.map(({ key: bytes, headers }) => ({ topic, bytes, headers }))),
        value.prepare?.(ofTopic.map(({ value: bytes, headers }) => ({ topic, bytes, headers }))),
      ];
      for (const wait of waits) if (wait !== undefined) missing = [...(missing ?? []), wait];
    }
    return missing && Promise.all(missing).then(() => undefined);
  }

  read(source: SourceNode, raw: ConsumedRecord, streamTime: number): StreamRecord {
    try {
      const serdes = this.#serdes.get(raw.topic)!;
      const context = this.#context;
      context.topic = raw.topic;
      context.headers = raw.headers;
      context.schema = undefined;
      const key = serdes.key.deserialize(raw.key, context);
      const keySchema = context.schema;
      context.schema = undefined;
      const value = serdes.value.deserialize(raw.value, context);
      const record: StreamRecord = {
        key,
        value,
        timestamp: raw.timestamp,
        headers: raw.headers,
        topic: raw.topic,
        partition: raw.partition,
        offset: raw.offset,
        change: undefined,
        keySchema,
        valueSchema: context.schema,
      };
      if (source.timestampExtractor === undefined) return record;
      return { ...record, timestamp: eventTime(source.timestampExtractor(record, streamTime)) };
    } catch (thrown) {
      throw located(thrown, source.name, 'deserialization');
    }
  }

  write(node: string, topic: TopicDeclaration, record: StreamRecord): ProduceRequest {
    const serdes = this.#serdes.get(topic.name);
    if (serdes === undefined) {
      throw located(
        new Error(`'${topic.name}' is not declared as a topic that ${node} may write to`),
        node,
        'production',
      );
    }
    const context = this.#context;
    context.topic = topic.name;
    context.headers = record.headers;
    context.schema = record.keySchema;
    const key = serdes.key.serialize(record.key, context);
    context.schema = record.valueSchema;
    const value = serdes.value.serialize(record.value, context);
    if (key === null && topic.cleanup === 'compact') {
      throw new Error(
        `the record for '${topic.name}' has no key, and the topic is compacted: it keeps the latest of each key. Give ` +
          `the record a key before (selectKey), give the table that it comes from a primary key, or filter it out`,
      );
    }
    const bytes = (key?.length ?? 0) + (value?.length ?? 0);
    if (bytes > this.#maxBytes) {
      throw new Error(
        `the record for '${topic.name}' has ${bytes} bytes, more than max.request.size (${this.#maxBytes}); ` +
          `raise it here and max.message.bytes of the topic, or write less`,
      );
    }
    return {
      topic: topic.name,
      partition: undefined,
      key,
      value,
      timestamp: record.timestamp,
      headers: record.headers,
    };
  }
}

function eventTime(timestamp: number): number {
  if (Number.isFinite(timestamp) && timestamp >= 0) return timestamp;
  throw new Error(`the timestamp extractor gave ${timestamp}: it must be milliseconds since the epoch`);
}
