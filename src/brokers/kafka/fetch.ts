/**
 * Asks librdkafka for messages: one question at a time, because two would mix the order of a partition.
 *
 * librdkafka hands out rebalances and commit confirmations through the same queue as messages, so asking is also what
 * keeps the member alive. While a question waits it holds a thread of libuv's pool.
 */
import type { Message, TopicPartitionOffset } from 'node-rdkafka';
import type { Rdkafka } from './client.js';
import { type ClientError, ERR_MAX_POLL_EXCEEDED } from './errors.js';

/** What one question brought. */
export interface Fetched {
  readonly messages: readonly Message[];
  /** Partitions that have been fetched to their end, each with the offset that comes next. */
  readonly ends: readonly TopicPartitionOffset[];
}

export class Fetch {
  readonly #consumer: Rdkafka.KafkaConsumer;
  #ends: TopicPartitionOffset[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #asking = 0;

  constructor(consumer: Rdkafka.KafkaConsumer) {
    this.#consumer = consumer;
    consumer.on('partition.eof', (end) => this.#ends.push(end));
  }

  /** Whether a question is under way. */
  get busy(): boolean {
    return this.#asking > 0;
  }

  /** Resolves when no question is under way. */
  async idle(): Promise<void> {
    while (this.busy) await this.#last;
  }

  /**
   * At most `max` messages: what is there, or the first one that comes within `timeoutMs` and what is there by then.
   *
   * @throws the client's own error
   */
  async some(max: number, timeoutMs: number): Promise<Fetched> {
    const ready = await this.#ask(max, 0);
    if (ready.length > 0 || timeoutMs <= 0) return this.#withEnds(ready);
    // The client's timeout counts for each message: a larger number than one would wait for every one of them.
    const first = await this.#ask(1, timeoutMs);
    if (first.length === 0 || max === 1) return this.#withEnds(first);
    const rest = await this.#ask(max - 1, 0);
    return this.#withEnds([...first, ...rest]);
  }

  #withEnds(messages: readonly Message[]): Fetched {
    const ends = this.#ends;
    this.#ends = [];
    return { messages, ends };
  }

  #ask(max: number, timeoutMs: number): Promise<Message[]> {
    this.#asking++;
    const answer = this.#last.then(() => this.#consume(max, timeoutMs)).finally(() => this.#asking--);
    this.#last = answer.catch(() => {}); // the one who asked gets the error
    return answer;
  }

  #consume(max: number, timeoutMs: number): Promise<Message[]> {
    return new Promise((resolve, reject) => {
      this.#consumer.setDefaultConsumeTimeout(timeoutMs);
      this.#consumer.consume(max, (error: ClientError | null, messages: Message[]) => {
        // Said once, beside the rebalance that tells the same: the next question joins again.
        if (error?.code === ERR_MAX_POLL_EXCEEDED) resolve([]);
        else if (error) reject(error);
        else resolve(messages);
      });
    });
  }
}
