/**
 * A producer on librdkafka: idempotent, and transactional when it has a transactional id.
 *
 * What must hold:
 *  1. A failed delivery is never forgotten: the next `flush` rejects with the first one, and a transaction with one
 *     cannot commit.
 *  2. What is written is what was given: null and empty stay apart, headers are bytes or refused.
 */
import { setImmediate as afterPendingCallbacks } from 'node:timers/promises';
import { BrokerError } from '../../errors.js';
import type { Consumer, ProduceRequest, Producer, ProducerConfig, TopicPartitionOffset } from '../port.js';
import { call } from './call.js';
import { type Client, connect, construct, type Rdkafka } from './client.js';
import { producerSettings } from './config.js';
import { type ClientError, codeByText, ERR_QUEUE_FULL, translate } from './errors.js';
import { toClientHeaders } from './headers.js';
import { listenToLog } from './log.js';
import { memberships } from './membership.js';
import { misuse } from './misuse.js';
import type { KafkaOptions } from './options.js';
import { Transactions } from './transaction.js';

/** Milliseconds between two looks for failed deliveries while nobody flushes. */
const POLL_INTERVAL_MS = 100;
/** Milliseconds that closing waits for records that were not flushed. */
const CLOSE_TIMEOUT_MS = 5_000;

/** An empty buffer that has an address: the binding takes one without for null, which is a tombstone. */
const EMPTY = Buffer.alloc(1).subarray(0, 0);
const withAddress = (bytes: Buffer | null): Buffer | null => (bytes?.length === 0 ? EMPTY : bytes);

/**
 * Opens a producer and waits for the first answer of a broker.
 *
 * @throws BrokerError `retriable` when no broker answers
 * @throws ConfigurationError for a setting that librdkafka refuses
 */
export async function openProducer(client: Client, options: KafkaOptions, config: ProducerConfig): Promise<Producer> {
  const producer = new KafkaProducer(client, options, config);
  await producer.open(options);
  return producer;
}

class KafkaProducer implements Producer {
  readonly #client: Rdkafka.Producer;
  readonly #name: string;
  readonly #transactions: Transactions | undefined;
  readonly #withCode: (error: ClientError) => ClientError;
  #deliveryFailure: BrokerError | undefined;
  #closing: Promise<void> | undefined;

  constructor({ rdkafka, describe }: Client, options: KafkaOptions, config: ProducerConfig) {
    const id = config.transactionalId;
    this.#name = id === undefined ? 'producer' : `producer ${JSON.stringify(id)}`;
    const { client, topic: forTopics } = producerSettings(options, config);
    this.#client = construct(() => new rdkafka.Producer(client, forTopics));
    this.#transactions = id === undefined ? undefined : new Transactions(this.#client, id);
    this.#withCode = codeByText(describe);
    listenToLog(this.#client, this.#name, options.onLog);
    this.#client.on('delivery-report', (error: ClientError | null, { topic, partition }) => {
      if (!error) return;
      const where = partition >= 0 ? `${topic}-${partition}` : topic;
      this.#deliveryFailure ??= translate(this.#withCode(error), `Delivering a record to ${where}`);
    });
  }

  async open(options: KafkaOptions): Promise<void> {
    await connect(this.#client, `the ${this.#name}`, options);
    this.#client.setPollInterval(POLL_INTERVAL_MS);
  }

  produce({ topic, partition, key, value, timestamp, headers }: ProduceRequest): void {
    if (this.#closing !== undefined) throw this.#closed();
    this.#transactions?.requireOpen();
    const clientHeaders = toClientHeaders(headers, topic);
    // librdkafka takes 0 for "now"; the epoch's next millisecond is nearer to it.
    const time = timestamp === 0 ? 1 : timestamp;
    const to = partition ?? null;
    try {
      this.#client.produce(topic, to, withAddress(value), withAddress(key), time, undefined, clientHeaders);
    } catch (thrown) {
      throw this.#produceError(thrown as ClientError, topic);
    }
  }

  #produceError(error: ClientError, topic: string): BrokerError {
    if (error.code !== ERR_QUEUE_FULL) return translate(error, `Producing a record to ${topic}`);
    this.#client.poll();
    return new BrokerError(
      `The queue of the ${this.#name} is full: the broker takes records more slowly than they are produced. ` +
        'Wait a little, or flush, and produce the record again.',
      'retriable',
      'QUEUE_FULL',
      { cause: error },
    );
  }

  async flush(timeoutMs: number): Promise<void> {
    if (this.#closing !== undefined) throw this.#closed();
    const error = await call((done) => this.#client.flush(timeoutMs, done));
    const failure = await this.#takeDeliveryFailure();
    if (failure !== undefined) throw failure;
    if (error) throw translate(this.#withCode(error), `Flushing the ${this.#name}`);
  }

  async initTransactions(timeoutMs: number): Promise<void> {
    await this.#transactional('initTransactions').initialize(timeoutMs);
  }

  beginTransaction(): void {
    this.#transactional('beginTransaction').begin();
  }

  async sendOffsets(offsets: readonly TopicPartitionOffset[], consumer: Consumer): Promise<void> {
    const membership = memberships.get(consumer);
    if (membership === undefined) throw misuse('sendOffsets() needs a consumer of a Kafka broker');
    await this.#transactional('sendOffsets').sendOffsets(offsets, membership);
  }

  async commitTransaction(timeoutMs: number): Promise<void> {
    const failure = this.#deliveryFailure;
    this.#deliveryFailure = undefined;
    await this.#transactional('commitTransaction').commit(timeoutMs, failure);
  }

  async abortTransaction(timeoutMs: number): Promise<void> {
    await this.#transactional('abortTransaction').abort(timeoutMs);
    await this.#takeDeliveryFailure(); // those of the transaction that is no more, purged records among them
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#client.setPollInterval(0);
    await new Promise<void>((resolve) => void this.#client.disconnect(CLOSE_TIMEOUT_MS, () => resolve()));
  }

  /** Reports that the client has just handed over reach JavaScript in this turn of the event loop, so wait for its end. */
  async #takeDeliveryFailure(): Promise<BrokerError | undefined> {
    await afterPendingCallbacks();
    const failure = this.#deliveryFailure;
    this.#deliveryFailure = undefined;
    return failure;
  }

  #transactional(asked: string): Transactions {
    if (this.#closing !== undefined) throw this.#closed();
    if (this.#transactions === undefined) throw misuse(`${asked}() needs a producer with a transactionalId`);
    return this.#transactions;
  }

  #closed(): BrokerError {
    return misuse(`The ${this.#name} is closed`);
  }
}
