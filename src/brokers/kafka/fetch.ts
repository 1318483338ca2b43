/**
 * Asks librdkafka for messages.
 *
 * What must hold:
 *  1. One question at a time: two would mix the order of a partition.
 *  2. What was fetched ahead, or fell out while only callbacks were wanted, is given out first, and so is an error.
 *
 * librdkafka hands out rebalances and commit confirmations through the same queue as messages, so asking is also what
 * keeps the member alive. While a question waits it holds a thread of libuv's pool.
 */
import type { TopicPartitionOffset } from 'node-rdkafka';
import type { ConsumedRecord } from '../port.js';
import { type ClientError, ERR_MAX_POLL_EXCEEDED } from './errors.js';
import { type Ask, type Fetched, NOTHING } from './questions.js';

export class Fetch {
  readonly #question: Ask;
  /** Fetched and not given out yet. */
  #records: readonly ConsumedRecord[] = [];
  #ends: TopicPartitionOffset[] = [];
  #failure: ClientError | undefined;
  /** Ends with the last question that was asked. */
  #turn: Promise<void> = Promise.resolve();
  #questions = 0;

  constructor(question: Ask) {
    this.#question = question;
  }

  /** Resolves when no question is under way. */
  async idle(): Promise<void> {
    while (this.#questions > 0) await this.#turn;
  }

  /** Fetches a batch that is there already while the caller works on the last one. Does nothing when one is ready. */
  ahead(max: number): void {
    if (this.#questions === 0 && this.#records.length === 0) void this.#ask(max, 0);
  }

  /** Lets the client call back while nobody polls. A message that comes along is kept. */
  async serve(): Promise<void> {
    if (this.#questions === 0) await this.#ask(1, 0);
    else await this.#turn;
  }

  /** Takes all that is ready, and leaves an error for {@link some}. */
  async drain(): Promise<Fetched> {
    await this.idle();
    return this.#take(Number.POSITIVE_INFINITY);
  }

  /**
   * At most `max` messages: what is there, or the first one that comes within `timeoutMs` and what is there by then.
   *
   * @throws the client's own error
   */
  async some(max: number, timeoutMs: number): Promise<Fetched> {
    await this.idle();
    if (this.#records.length === 0) await this.#ask(max, 0);
    if (this.#records.length === 0 && this.#failure === undefined && timeoutMs > 0) {
      // The client's timeout counts for each message: a larger number than one would wait for every one of them.
      await this.#ask(1, timeoutMs);
      if (max > 1 && this.#records.length > 0) await this.#ask(max - 1, 0);
    }
    if (this.#records.length === 0 && this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
    return this.#take(max);
  }

  #take(max: number): Fetched {
    const records = this.#records;
    if (records.length > max) {
      this.#records = records.slice(max);
      return { records: records.slice(0, max), ends: [] };
    }
    const ends = this.#ends;
    this.#records = [];
    this.#ends = [];
    return { records, ends };
  }

  #ask(max: number, timeoutMs: number): Promise<void> {
    this.#questions++;
    this.#turn = this.#turn.then(() => this.#fetch(max, timeoutMs));
    return this.#turn;
  }

  /** Never rejects: an error waits for the next who asks for messages. */
  #fetch(max: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const answered = (error: ClientError | undefined, { records, ends }: Fetched): void => {
        // This one is said once, beside the rebalance that tells the same: the next question joins again.
        if (error !== undefined && error.code !== ERR_MAX_POLL_EXCEEDED) this.#failure ??= error;
        this.#records = this.#records.length === 0 ? records : this.#records.concat(records);
        this.#ends.push(...ends);
        this.#questions--;
        resolve();
      };
      try {
        this.#question(max, timeoutMs, answered);
      } catch (thrown) {
        answered(thrown as ClientError, NOTHING);
      }
    });
  }
}
