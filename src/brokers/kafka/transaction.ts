/**
 * The transactions of one producer, and where the current one is.
 *
 * What must hold:
 *  1. Nothing is produced outside of an open transaction, nor while one ends (B5).
 *  2. A transaction with a failed delivery does not commit, also when the record never reached the client.
 *  3. The port's `beginTransaction` is synchronous and the binding's is not. Beginning asks no broker and an empty
 *     transaction means nothing to one, so the client's next transaction is begun as soon as the last one has ended.
 */
import { BrokerError } from '../../errors.js';
import type { TopicPartitionOffset } from '../port.js';
import { call } from './call.js';
import type { Rdkafka } from './client.js';
import { translate } from './errors.js';
import type { Membership } from './membership.js';
import { misuse } from './misuse.js';

const SEND_OFFSETS_TIMEOUT_MS = 10_000;

/**
 * `ending`: a commit or an abort is under way, or was broken off by a retriable error and must be asked for again.
 * `failed`: must be aborted.
 */
type State = 'uninitialized' | 'none' | 'open' | 'ending' | 'failed';

export class Transactions {
  readonly #client: Rdkafka.Producer;
  readonly #id: string;
  #state: State = 'uninitialized';
  #mayBeCommitted = false;
  #beginFailure: BrokerError | undefined;

  constructor(client: Rdkafka.Producer, transactionalId: string) {
    this.#client = client;
    this.#id = JSON.stringify(transactionalId);
  }

  /** A commit was asked for and did not end well: the broker may have it all the same. */
  get mayBeCommitted(): boolean {
    return this.#mayBeCommitted;
  }

  /** @throws BrokerError unless a record can be produced now */
  requireOpen(): void {
    if (this.#state !== 'open') throw this.#notOpen('produce()');
  }

  async initialize(timeoutMs: number): Promise<void> {
    if (this.#state !== 'uninitialized') throw misuse(`initTransactions() of ${this.#id} was called before`);
    const error = await call((done) => this.#client.initTransactions(timeoutMs, done));
    if (error) throw translate(error, `Initializing transactions of ${this.#id}`);
    await this.#ended();
  }

  begin(): void {
    if (this.#beginFailure !== undefined) throw this.#beginFailure;
    if (this.#state === 'uninitialized') throw misuse(`beginTransaction() of ${this.#id} before initTransactions()`);
    if (this.#state !== 'none') throw misuse(`beginTransaction() of ${this.#id} while another one is ${this.#state}`);
    this.#state = 'open';
  }

  async sendOffsets(offsets: readonly TopicPartitionOffset[], membership: Membership): Promise<void> {
    if (this.#state !== 'open') throw this.#notOpen('sendOffsets()');
    const refusal = membership.refusal(offsets);
    if (refusal !== undefined) throw refusal;
    if (offsets.length === 0) return;
    const sent = call((done) =>
      this.#client.sendOffsetsToTransaction([...offsets], membership.client, SEND_OFFSETS_TIMEOUT_MS, done),
    );
    membership.hold(sent);
    const error = await sent;
    if (error) throw translate(error, `Sending offsets to the transaction of ${this.#id}`);
  }

  /** @param failure of a delivery since the transaction was begun */
  async commit(timeoutMs: number, failure: BrokerError | undefined): Promise<void> {
    if (this.#state !== 'open' && this.#state !== 'ending') throw this.#notOpen('commitTransaction()');
    // A commit that was broken off has to be ended before the client takes an abort, and fails of the delivery by itself.
    if (failure !== undefined && this.#state === 'open') {
      this.#state = 'failed';
      throw new BrokerError(
        `Committing a transaction of ${this.#id} failed: ${failure.message} The transaction must be aborted.`,
        failure.kind === 'fatal' ? 'fatal' : 'abort',
        failure.code,
        { cause: failure },
      );
    }
    this.#state = 'ending';
    this.#mayBeCommitted = true;
    const error = await call((done) => this.#client.commitTransaction(timeoutMs, done));
    if (error) {
      const translated = translate(error, `Committing a transaction of ${this.#id}`);
      if (translated.kind !== 'retriable') this.#state = 'failed';
      throw translated;
    }
    await this.#ended();
  }

  async abort(timeoutMs: number): Promise<void> {
    if (this.#state === 'uninitialized' || this.#state === 'none') return;
    this.#state = 'ending';
    const error = await call((done) => this.#client.abortTransaction(timeoutMs, done));
    if (error) throw translate(error, `Aborting a transaction of ${this.#id}`);
    await this.#ended();
  }

  async #ended(): Promise<void> {
    const error = await call((done) => this.#client.beginTransaction(done));
    // Of the next transaction: the one that ended has ended well.
    this.#beginFailure = error ? translate(error, `Beginning a transaction of ${this.#id}`) : undefined;
    this.#state = 'none';
    this.#mayBeCommitted = false;
  }

  #notOpen(what: string): BrokerError {
    switch (this.#state) {
      case 'failed':
        return new BrokerError(`${what}: the transaction of ${this.#id} has failed; abort it first.`, 'abort', 'STATE');
      case 'ending':
        return misuse(`${what} while the transaction of ${this.#id} is being ended; wait for that`);
      default:
        return misuse(`${what}: no transaction of ${this.#id} is open; begin one first`);
    }
  }
}
