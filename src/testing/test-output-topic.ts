import type { ConsumedRecord } from '../brokers/port.js';
import type { StreamRecord } from '../record.js';
import type { TopicSerdes } from '../runtime/codec.js';
import type { SerdeContext } from '../serde/serde.js';

/** Reads what a driver's topology has written to a topic, each record once. */
export class TestOutputTopic<K, V> {
  readonly #topic: string;
  readonly #serdes: TopicSerdes;
  readonly #lines: readonly ConsumedRecord[];
  #next = 0;

  constructor(topic: string, serdes: TopicSerdes, lines: readonly ConsumedRecord[]) {
    this.#topic = topic;
    this.#serdes = serdes;
    this.#lines = lines;
  }

  /** Records that are not read yet. */
  get queueSize(): number {
    return this.#lines.length - this.#next;
  }

  get isEmpty(): boolean {
    return this.queueSize === 0;
  }

  /** The next record, decoded; undefined when there is none. */
  readRecord(): StreamRecord<V, K> | undefined {
    const raw = this.#lines[this.#next];
    if (raw === undefined) return undefined;
    this.#next += 1;
    const context: SerdeContext = { topic: this.#topic, headers: raw.headers, schema: undefined };
    const key = this.#serdes.key.deserialize(raw.key, context) as K;
    const keySchema = context.schema;
    context.schema = undefined;
    const value = this.#serdes.value.deserialize(raw.value, context) as V;
    const { timestamp, headers, topic, partition, offset } = raw;
    const valueSchema = context.schema;
    return { key, value, timestamp, headers, topic, partition, offset, change: undefined, keySchema, valueSchema };
  }

  readValue(): V | undefined {
    return this.readRecord()?.value;
  }

  readKeyValue(): readonly [K, V] | undefined {
    const record = this.readRecord();
    return record === undefined ? undefined : [record.key, record.value];
  }

  readRecordsToList(): StreamRecord<V, K>[] {
    const records: StreamRecord<V, K>[] = [];
    for (let record = this.readRecord(); record !== undefined; record = this.readRecord()) records.push(record);
    return records;
  }

  readValuesToList(): V[] {
    return this.readRecordsToList().map(({ value }) => value);
  }
}
