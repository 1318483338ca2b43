import type { ProduceRequest } from '../brokers/port.js';
import type { Clock } from '../clock.js';
import { type ConnectSchema, type Headers, NO_HEADERS } from '../record.js';
import type { TopicSerdes } from '../runtime/codec.js';
import { NotReady, type Serde, type SerdeContext } from '../serde/serde.js';
import type { TopicDeclaration } from '../topology/topic.js';

/** What a record piped in may have besides key and value. */
export interface PipedParts {
  /** Milliseconds since the epoch. Default: the driver's clock. */
  readonly timestamp?: number;
  readonly headers?: Headers;
  /** Schemas, for encodings that carry them. Default: those that the topic declares. */
  readonly keySchema?: ConnectSchema;
  readonly valueSchema?: ConnectSchema;
}

/** Pipes records into a topic of a driver. They are encoded, and decoded again by the topology. */
export class TestInputTopic<K, V> {
  readonly #topic: TopicDeclaration<K, V>;
  readonly #serdes: TopicSerdes;
  readonly #clock: Clock;
  readonly #pipe: (record: ProduceRequest) => void;

  constructor(
    topic: TopicDeclaration<K, V>,
    serdes: TopicSerdes,
    clock: Clock,
    pipe: (record: ProduceRequest) => void,
  ) {
    this.#topic = topic;
    this.#serdes = serdes;
    this.#clock = clock;
    this.#pipe = pipe;
  }

  /** @throws RecordError when the record fails and its handler says `fail` */
  pipeInput(key: K, value: V, parts: PipedParts = {}): void {
    const { headers = NO_HEADERS, timestamp = this.#clock.now() } = parts;
    const context: SerdeContext = { topic: this.#topic.name, headers, schema: parts.keySchema };
    const keyBytes = written(this.#serdes.key, key, context);
    context.schema = parts.valueSchema;
    const valueBytes = written(this.#serdes.value, value, context);
    this.pipeBytes(keyBytes, valueBytes, { timestamp, headers });
  }

  /** Pipes bytes as they would lie in the topic: recorded ones, or garbage. */
  pipeBytes(
    key: Buffer | null,
    value: Buffer | null,
    parts: { readonly timestamp?: number; readonly headers?: Headers } = {},
  ): void {
    const { headers = NO_HEADERS, timestamp = this.#clock.now() } = parts;
    this.#pipe({ topic: this.#topic.name, partition: 0, key, value, timestamp, headers });
  }
}

function written(serde: Serde<unknown>, value: unknown, context: SerdeContext): Buffer | null {
  try {
    return serde.serialize(value, context);
  } catch (thrown) {
    if (!(thrown instanceof NotReady)) throw thrown;
    throw new Error(
      `a record for '${context.topic}' cannot be written at once: ${thrown.message}. A driver does not wait for a registry: ` +
        'give it the encoding of a registry in memory, new MemoryRegistry().encoding()',
      { cause: thrown },
    );
  }
}
