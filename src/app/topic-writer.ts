/** Writes records to a declared topic from outside of a topology: for scripts, tests and sources. */
import type { Broker, Producer } from '../brokers/port.js';
import { type Clock, systemClock } from '../clock.js';
import { NO_HEADERS } from '../record.js';
import type { Encoding, EncodingName } from '../serde/encoding.js';
import { NotReady, type Serde, type SerdeContext } from '../serde/serde.js';
import { serdesFor, type TopicSerdes, type TopicSink } from '../topology/topic.js';

const FLUSH_MS = 30_000;

/** Encodes records as a topic declares them and sends them, one after the other. Open one with `TopicWriter.open`. */
export class TopicWriter<K, V> {
  readonly #topic: string;
  readonly #serdes: TopicSerdes<K, V>;
  readonly #producer: Producer;
  readonly #clock: Clock;

  private constructor(topic: string, serdes: TopicSerdes<K, V>, producer: Producer, clock: Clock) {
    this.#topic = topic;
    this.#serdes = serdes;
    this.#producer = producer;
    this.#clock = clock;
  }

  /**
   * @param encoding as the configuration of the topic's readers has it
   * @throws BrokerError when the broker cannot be reached
   * @example
   * const writer = await TopicWriter.open(broker, messages, avro({ registry }));
   * await writer.send(null, { timestamp: Date.now(), data: { count: 1, value: 0.5 } });
   * await writer.close();
   */
  static async open<K, V>(
    broker: Broker,
    topic: TopicSink<K, V>,
    encoding: EncodingName | Encoding,
    clock: Clock = systemClock,
  ): Promise<TopicWriter<K, V>> {
    const serdes = serdesFor(topic, encoding) as TopicSerdes<K, V>;
    return new TopicWriter(topic.name, serdes, await broker.producer({}), clock);
  }

  /**
   * Queues a record; `close` waits for the broker to have it.
   *
   * @param timestamp milliseconds since the epoch. Default: now
   * @throws (rejects) what the encoding refuses; BrokerError `retriable` when the schema's registry is away
   */
  async send(key: K, value: V, timestamp = this.#clock.now()): Promise<void> {
    this.#producer.produce({
      topic: this.#topic,
      partition: undefined,
      key: await this.#bytes(this.#serdes.key, key),
      value: await this.#bytes(this.#serdes.value, value),
      timestamp,
      headers: NO_HEADERS,
    });
  }

  /** Waits until the broker has all that was sent. @throws (rejects) BrokerError when it does not take it */
  async close(): Promise<void> {
    try {
      await this.#producer.flush(FLUSH_MS);
    } finally {
      await this.#producer.close();
    }
  }

  async #bytes<T>(serde: Serde<T>, value: T): Promise<Buffer | null> {
    const context: SerdeContext = { topic: this.#topic, headers: NO_HEADERS, schema: undefined };
    for (;;) {
      try {
        return serde.serialize(value, context);
      } catch (thrown) {
        if (!(thrown instanceof NotReady)) throw thrown;
        await thrown.ready;
      }
    }
  }
}
