/**
 * A producer on librdkafka: idempotent, and transactional when it has a transactional id.
 *
 * What must hold:
 *  1. A failed delivery is never forgotten: the next `flush` rejects with the first one, and a transaction with one
 *     cannot commit.
 *  2. What is written is what was given: null and empty stay apart, headers are bytes or refused.
 *  3. A broker that was killed may have forgotten a transaction that the client still knows. To abort it then ends the
 *     client (INVALID_TXN_STATE, which librdkafka holds for fatal), so a new one with the same transactional id does what an
 *     abort is to do: its `initTransactions` settles whatever is open. Not after a commit was asked for, which the broker
 *     may have: then only new clients, which begin where the group's offsets are, know what is so.
 *  4. A client that no longer finds a broker which is there is not waited for. librdkafka (2.12) takes brokers that the
 *     cluster does not list out of its own; where that was the last one, as a lone broker that stood still longer than its
 *     session with the controller, it may look for it for ever. Where a new client finds the broker, this one is lost.
 */
import { setImmediate as afterPendingCallbacks } from 'node:timers/promises';
import { BrokerError, CLIENT_LOST } from '../../errors.js';
import type { Consumer, ProduceRequest, Producer, ProducerConfig, TopicPartitionOffset } from '../port.js';
import { call } from './call.js';
import { type Client, connect, construct, type Rdkafka } from './client.js';
import { producerSettings } from './config.js';
import {
  type ClientError,
  codeByText,
  ERR_QUEUE_FULL,
  ERR_STATE,
  ERR_TIMED_OUT,
  INVALID_TXN_STATE,
  translate,
} from './errors.js';
import { type HandOver, handingOver } from './handing-over.js';
import { listenToLog } from './log.js';
import { memberships } from './membership.js';
import { misuse } from './misuse.js';
import type { KafkaOptions } from './options.js';
import { Transactions } from './transaction.js';

/** Milliseconds between two looks for failed deliveries while nobody flushes. */
const POLL_INTERVAL_MS = 100;
/** Milliseconds that closing waits for records that were not flushed. */
const CLOSE_TIMEOUT_MS = 5_000;
/**
 * Calls without an answer, one after the other and while a new client finds the broker, after which this one is lost. The
 * first may have been made just before the broker came back.
 */
const UNANSWERED_MOST = 2;

/**
 * Opens a producer and waits for the first answer of a broker.
 *
 * @throws BrokerError `retriable` when no broker answers
 * @throws ConfigurationError for a setting that librdkafka refuses
 */
export async function openProducer(client: Client, options: KafkaOptions, config: ProducerConfig): Promise<Producer> {
  const producer = new KafkaProducer(client, options, config);
  await producer.open();
  return producer;
}

class KafkaProducer implements Producer {
  readonly #name: string;
  readonly #make: () => Rdkafka.Producer;
  readonly #handingOver: (client: Rdkafka.Producer) => HandOver;
  readonly #options: KafkaOptions;
  readonly #transactionalId: string | undefined;
  #client: Rdkafka.Producer;
  #handOver: HandOver;
  #transactions: Transactions | undefined;
  /** The client is finished, and what it had open is to be settled by another one. */
  #mustRenew = false;
  /** Calls in a row without an answer, while a new client found the broker. */
  #unanswered = 0;
  readonly #withCode: (error: ClientError) => ClientError;
  #deliveryFailure: BrokerError | undefined;
  #closing: Promise<void> | undefined;

  constructor(library: Client, options: KafkaOptions, config: ProducerConfig) {
    const { rdkafka, describe } = library;
    const id = config.transactionalId;
    this.#name = id === undefined ? 'producer' : `producer ${JSON.stringify(id)}`;
    this.#options = options;
    this.#transactionalId = id;
    this.#withCode = codeByText(describe);
    const { client, topic: forTopics } = producerSettings(options, config);
    this.#make = () => this.#heard(construct(() => new rdkafka.Producer(client, forTopics)));
    this.#handingOver = (made) => handingOver(library, made);
    this.#client = this.#make();
    this.#handOver = this.#handingOver(this.#client);
    this.#transactions = id === undefined ? undefined : new Transactions(this.#client, id);
  }

  #heard(client: Rdkafka.Producer): Rdkafka.Producer {
    listenToLog(client, this.#name, this.#options.onLog);
    client.on('delivery-report', (error: ClientError | null, { topic, partition }) => {
      if (!error) return;
      const where = partition >= 0 ? `${topic}-${partition}` : topic;
      this.#deliveryFailure ??= translate(this.#withCode(error), `Delivering a record to ${where}`);
    });
    return client;
  }

  open(): Promise<void> {
    return this.#connect(this.#client);
  }

  async #connect(client: Rdkafka.Producer): Promise<void> {
    await connect(client, `the ${this.#name}`, this.#options);
    client.setPollInterval(POLL_INTERVAL_MS);
  }

  produce(request: ProduceRequest): void {
    if (this.#closing !== undefined) throw this.#closed();
    this.#transactions?.requireOpen();
    try {
      this.#handOver(request);
    } catch (thrown) {
      if (thrown instanceof BrokerError) throw thrown;
      throw this.#produceError(thrown as ClientError, request.topic);
    }
  }

  #produceError(error: ClientError, topic: string): BrokerError {
    // We have a transaction open: the client's has failed meanwhile, after a broker was away.
    if (error.code === ERR_STATE && this.#transactions !== undefined) {
      const message = `Producing a record to ${topic} failed: the transaction of the ${this.#name} has failed. It must be aborted.`;
      return new BrokerError(message, 'abort', ERR_STATE, { cause: error });
    }
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
    // What the client holds cannot be given to another one: whoever wrote it has to write it again.
    await this.#answered('fatal', async () => {
      const error = await call((done) => this.#client.flush(timeoutMs, done));
      const failure = await this.#takeDeliveryFailure();
      if (failure !== undefined) throw failure;
      if (error) throw translate(this.#withCode(error), `Flushing the ${this.#name}`);
    });
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
    const transactions = this.#transactional('sendOffsets');
    await this.#answered('abort', () => transactions.sendOffsets(offsets, membership));
  }

  async commitTransaction(timeoutMs: number): Promise<void> {
    const failure = this.#deliveryFailure;
    this.#deliveryFailure = undefined;
    const transactions = this.#transactional('commitTransaction');
    await this.#answered('fatal', () => transactions.commit(timeoutMs, failure));
  }

  async abortTransaction(timeoutMs: number): Promise<void> {
    const transactions = this.#transactional('abortTransaction');
    try {
      if (!this.#mustRenew) {
        const unlessCommitted = transactions.mayBeCommitted ? 'fatal' : 'abort';
        await this.#answered(unlessCommitted, () => transactions.abort(timeoutMs));
      }
    } catch (thrown) {
      const isForAnother =
        thrown instanceof BrokerError && (thrown.code === INVALID_TXN_STATE || thrown.code === CLIENT_LOST);
      if (!isForAnother || transactions.mayBeCommitted) throw thrown;
      this.#mustRenew = true;
    }
    if (this.#mustRenew) await this.#renew(timeoutMs);
    await this.#takeDeliveryFailure(); // those of the transaction that is no more, purged records among them
  }

  /**
   * Asks the broker for something.
   *
   * @param then what is to be done when not the broker is away but this client: another one settles the transaction
   *   (`abort`), or nobody knows what the broker has and all clients are to be new (`fatal`)
   * @throws BrokerError CLIENT_LOST in that case
   */
  async #answered(then: 'abort' | 'fatal', ask: () => Promise<void>): Promise<void> {
    try {
      await ask();
      this.#unanswered = 0;
    } catch (thrown) {
      const isUnanswered = thrown instanceof BrokerError && thrown.code === ERR_TIMED_OUT;
      this.#unanswered = isUnanswered && (await this.#brokerIsThere()) ? this.#unanswered + 1 : 0;
      if (this.#unanswered < UNANSWERED_MOST) throw thrown;
      this.#unanswered = 0;
      this.#mustRenew = then === 'abort';
      const message = `The ${this.#name} gets no answer from a broker that others find; another one goes on in its place.`;
      throw new BrokerError(message, then, CLIENT_LOST, { cause: thrown });
    }
  }

  /** Whether a client that is new finds a broker. */
  async #brokerIsThere(): Promise<boolean> {
    const client = this.#make();
    try {
      await connect(client, `the ${this.#name}`, this.#options);
    } catch {
      // It has disconnected itself. Why it finds none is what the call that was not answered says.
      return false;
    }
    await disconnect(client);
    return true;
  }

  /** @throws BrokerError `retriable` while no broker answers; then the next abort tries it again */
  async #renew(timeoutMs: number): Promise<void> {
    const client = this.#make();
    await this.#connect(client);
    const transactions = new Transactions(client, this.#transactionalId!);
    try {
      await transactions.initialize(timeoutMs);
    } catch (thrown) {
      await disconnect(client);
      throw thrown;
    }
    const finished = this.#client;
    this.#client = client;
    this.#handOver = this.#handingOver(client);
    this.#transactions = transactions;
    this.#mustRenew = false;
    await disconnect(finished);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await disconnect(this.#client);
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

function disconnect(client: Rdkafka.Producer): Promise<void> {
  client.setPollInterval(0);
  return new Promise((resolve) => void client.disconnect(CLOSE_TIMEOUT_MS, () => resolve()));
}
