import { asError, BrokerError } from '../../errors.js';
import { partitionOf } from '../murmur2.js';
import type { Consumer, ProduceRequest, Producer, ProducerConfig, TopicPartitionOffset } from '../port.js';
import { brokerClosed, clientClosed, misuse } from './client-errors.js';
import { EmbeddedConsumer } from './consumer.js';
import { unknownTopic } from './partition-log.js';
import type { QueueSurroundings } from './record-queue.js';
import { RecordQueue } from './record-queue.js';
import type { Topic, Topics } from './topics.js';
import type { Transaction, TransactionCoordinator, TransactionOwner } from './transactions.js';
import { endOfTick, within } from './waiting.js';

const TRANSACTION_TIMEOUT_MS = 60_000;

/** What a producer needs of its broker. */
export interface ProducerSurroundings extends QueueSurroundings {
  readonly topics: Topics;
  readonly transactions: TransactionCoordinator;
  /** Called when the producer is closed. */
  onClosed(producer: EmbeddedProducer): void;
}

type State = 'new' | 'initializing' | 'ready' | 'in transaction' | 'committing' | 'aborting';

/**
 * A producer of the embedded broker.
 *
 *  1. A record of a transaction that cannot be written leaves nothing to do but to abort.
 *  2. A fatal error stays: every later call fails with it.
 */
export class EmbeddedProducer implements Producer, TransactionOwner {
  readonly transactionTimeoutMs: number;
  readonly #transactionalId: string | undefined;
  readonly #surroundings: ProducerSurroundings;
  readonly #queue: RecordQueue;
  /** Where the next record without a key goes, for each topic. */
  readonly #rounds = new WeakMap<Topic, number>();
  /** The first failure since the last flush. */
  #failure: BrokerError | undefined;
  /** Why the transaction must be aborted. */
  #mustAbort: BrokerError | undefined;
  #fatal: BrokerError | undefined;
  #state: State = 'new';
  #transaction: Transaction | undefined;
  /** A commit or abort that runs, or whose end nobody was told of yet; resolves with what went wrong. */
  #ending: Promise<BrokerError | undefined> | undefined;
  #initializing: Promise<void> | undefined;

  constructor(config: ProducerConfig, surroundings: ProducerSurroundings) {
    this.#transactionalId = config.transactionalId;
    this.transactionTimeoutMs = config.transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS;
    this.#surroundings = surroundings;
    this.#queue = new RecordQueue(surroundings, (error) => this.#failed(error));
  }

  produce(record: ProduceRequest): void {
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#transactionalId !== undefined) this.#mustTakeRecords();
    const { topics, transactions } = this.#surroundings;
    const topic = topics.get(record.topic);
    if (topic === undefined) throw unknownTopic(record.topic);
    const log = topic.logs[this.#partitionFor(topic, record)];
    if (log === undefined) throw unknownTopic(record.topic, record.partition);
    const transaction = this.#transaction;
    this.#queue.add(topic, log, record, transaction?.id ?? 0);
    if (transaction !== undefined) transactions.addLog(transaction, log);
  }

  async flush(timeoutMs: number): Promise<void> {
    if (this.#fatal !== undefined) throw this.#fatal;
    await this.#queue.settled(timeoutMs);
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  async initTransactions(timeoutMs: number): Promise<void> {
    const { clock, transactions } = this.#surroundings;
    const id = this.#mustBeTransactional();
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#state !== 'new' && this.#state !== 'initializing') throw misuse('initTransactions was called already.');
    this.#state = 'initializing';
    this.#initializing ??= transactions.own(id, this);
    await endOfTick(clock);
    await within(clock, timeoutMs, `initTransactions of "${id}"`, this.#initializing);
    if (this.#fatal !== undefined) throw this.#fatal;
    this.#state = 'ready';
  }

  beginTransaction(): void {
    this.#mustBeTransactional();
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#state !== 'ready') throw misuse(`beginTransaction was called while the producer is ${this.#doing()}.`);
    this.#transaction = this.#surroundings.transactions.begin(this);
    this.#state = 'in transaction';
  }

  async sendOffsets(offsets: readonly TopicPartitionOffset[], consumer: Consumer): Promise<void> {
    this.#mustBeTransactional();
    this.#mustTakeRecords();
    if (!(consumer instanceof EmbeddedConsumer)) {
      throw misuse('sendOffsets needs a consumer of the same broker: it proves the membership.');
    }
    const transaction = this.#transaction!;
    await endOfTick(this.#surroundings.clock);
    this.#mustTakeRecords();
    if (transaction !== this.#transaction) throw misuse('The transaction ended while its offsets were sent.');
    if (offsets.length === 0) return;
    try {
      const group = consumer.authorize(offsets);
      this.#surroundings.transactions.addOffsets(transaction, group, offsets);
    } catch (thrown) {
      this.#mustAbort ??= asBrokerError(thrown);
      throw thrown;
    }
  }

  async commitTransaction(timeoutMs: number): Promise<void> {
    this.#mustBeTransactional();
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#state !== 'in transaction' && this.#state !== 'committing') {
      throw misuse(`commitTransaction was called while the producer is ${this.#doing()}.`);
    }
    if (this.#state === 'in transaction' && this.#mustAbort !== undefined) throw abortFirst(this.#mustAbort);
    await this.#end('committing', timeoutMs);
  }

  async abortTransaction(timeoutMs: number): Promise<void> {
    this.#mustBeTransactional();
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#state !== 'in transaction' && this.#state !== 'aborting') {
      throw misuse(`abortTransaction was called while the producer is ${this.#doing()}.`);
    }
    await this.#end('aborting', timeoutMs);
  }

  async close(): Promise<void> {
    const { cycle, transactions } = this.#surroundings;
    if (this.#fatal?.code === 'CLOSED') return;
    const open = this.#state === 'in transaction' && this.#fatal === undefined;
    this.#fatal = clientClosed('producer');
    try {
      await this.#ending;
      if (open) await this.#abort();
      else await cycle.settled();
    } finally {
      if (this.#transactionalId !== undefined) transactions.disown(this.#transactionalId, this);
      this.#surroundings.onClosed(this);
    }
    if (this.#transactionalId === undefined && this.#failure !== undefined) throw this.#failure;
  }

  /** Another has the transactional id, or the transaction took too long. */
  fence(error: BrokerError): void {
    this.#fatal ??= error;
    this.#queue.drop(error);
  }

  /** The broker goes: what is not written yet fails, and so does every call from now on. */
  brokerClosed(): void {
    this.fence(brokerClosed());
  }

  /**
   * Ends the transaction, or goes on waiting for the end of a call that took too long: what it began cannot be taken
   * back, so the same call tells how it went.
   */
  async #end(how: 'committing' | 'aborting', timeoutMs: number): Promise<void> {
    if (this.#state === 'in transaction') {
      this.#state = how;
      this.#ending = (how === 'committing' ? this.#commit() : this.#abort()).then(() => undefined, asBrokerError);
    }
    const call = how === 'committing' ? 'commitTransaction' : 'abortTransaction';
    const error = await within(this.#surroundings.clock, timeoutMs, call, this.#ending!);
    this.#ending = undefined;
    this.#state = error === undefined ? 'ready' : 'in transaction';
    if (error !== undefined) throw error;
  }

  async #commit(): Promise<void> {
    try {
      await this.#queue.settled(Number.POSITIVE_INFINITY);
      if (this.#fatal !== undefined) throw this.#fatal;
      if (this.#mustAbort === undefined) await this.#surroundings.transactions.commit(this.#transaction!);
    } catch (thrown) {
      if (this.#fatal !== undefined) throw this.#fatal;
      this.#mustAbort ??= asBrokerError(thrown);
    }
    if (this.#mustAbort !== undefined) throw abortFirst(this.#mustAbort);
    this.#failure = undefined;
    this.#transaction = undefined;
  }

  async #abort(): Promise<void> {
    const { cycle, transactions } = this.#surroundings;
    this.#queue.drop(new BrokerError('The transaction was aborted before this record was written.', 'abort', 'PURGED'));
    // What is being written now must lie before the marker.
    await cycle.settled();
    await transactions.abort(this.#transaction!);
    this.#failure = undefined;
    this.#mustAbort = undefined;
    this.#transaction = undefined;
  }

  #partitionFor(topic: Topic, { key, partition }: ProduceRequest): number {
    if (partition !== undefined) return partition;
    if (key !== null) return partitionOf(key, topic.logs.length);
    const round = this.#rounds.get(topic) ?? 0;
    this.#rounds.set(topic, round + 1);
    return round % topic.logs.length;
  }

  #failed(error: BrokerError): void {
    this.#failure ??= error;
    if (this.#transactionalId !== undefined) this.#mustAbort ??= error;
    else if (error.kind === 'fatal') this.#fatal ??= error;
  }

  #mustBeTransactional(): string {
    if (this.#transactionalId !== undefined) return this.#transactionalId;
    throw misuse('This producer has no transactionalId, so it has no transactions.');
  }

  #mustTakeRecords(): void {
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#state === 'committing' || this.#state === 'aborting') {
      throw new BrokerError(
        `The producer is ${this.#doing()}; it takes records and offsets again after that.`,
        'retriable',
        'STATE',
      );
    }
    if (this.#state !== 'in transaction') {
      throw misuse('A transactional producer takes records and offsets between beginTransaction and its commit only.');
    }
    if (this.#mustAbort !== undefined) throw abortFirst(this.#mustAbort);
  }

  #doing(): string {
    const words: Record<State, string> = {
      new: 'without initTransactions',
      initializing: 'initializing its transactions',
      ready: 'outside of a transaction',
      'in transaction': 'in a transaction',
      committing: 'committing a transaction',
      aborting: 'aborting a transaction',
    };
    return words[this.#state];
  }
}

function abortFirst(cause: BrokerError): BrokerError {
  return new BrokerError(`The transaction must be aborted: ${cause.message}`, 'abort', cause.code, { cause });
}

function asBrokerError(thrown: unknown): BrokerError {
  if (thrown instanceof BrokerError) return thrown;
  const cause = asError(thrown);
  return new BrokerError(cause.message, 'fatal', 'UNKNOWN', { cause });
}
