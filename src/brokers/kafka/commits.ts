/**
 * Commits offsets of a group and waits for the broker's word.
 *
 * librdkafka's own `commit` is silent when it fails. Its confirmations come through the queue that only a consumer's
 * poll serves; so while nobody polls, this has the queue served.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { BrokerError } from '../../errors.js';
import type { TopicPartitionOffset } from '../port.js';
import type { Rdkafka } from './client.js';
import { type ClientError, ILLEGAL_GENERATION, STALE_MEMBER_EPOCH, translate } from './errors.js';

/** Milliseconds between two looks into the queue while nobody polls: a commit takes about as long. */
const LOOK_EVERY_MS = 2;

/**
 * The group went on to its next generation while the commit was under way. Nothing is known to be taken away by that: a
 * commit that is sent while the member waits for the others to join is answered after them, as a broker answers the
 * requests of a connection in turn. A member that is really out loses its partitions, and the next commit is refused.
 */
const GENERATION_HAS_PASSED: ReadonlySet<unknown> = new Set([ILLEGAL_GENERATION, STALE_MEMBER_EPOCH]);

export class Commits {
  readonly #consumer: Rdkafka.KafkaConsumer;
  readonly #groupId: string;
  readonly #serveQueue: () => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  #confirm: ((error: ClientError | undefined) => void) | undefined;

  /** @param serveQueue lets the client look into its queue once, unless somebody does already */
  constructor(consumer: Rdkafka.KafkaConsumer, groupId: string, serveQueue: () => Promise<void>) {
    this.#consumer = consumer;
    this.#groupId = groupId;
    this.#serveQueue = serveQueue;
  }

  /** The client's `offset_commit_cb`. */
  readonly confirmed = (error: ClientError | undefined): void => this.#confirm?.(error);

  /** Resolves when all commits so far have their answer. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /**
   * One at a time, because a confirmation does not say which commit it belongs to.
   *
   * @throws BrokerError as the broker answers
   */
  commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const answer = this.#last.then(() => this.#commit(offsets));
    this.#last = answer.catch(() => {}); // the one who commits gets the error
    return answer;
  }

  async #commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const doing = `Committing offsets of group ${JSON.stringify(this.#groupId)}`;
    let answered = false;
    const answer = new Promise<BrokerError | undefined>((resolve) => {
      this.#confirm = (error) => {
        answered = true;
        resolve(error && translated(error, doing));
      };
    });
    try {
      this.#consumer.commit([...offsets]);
      while (!answered) {
        await Promise.race([answer, this.#serveQueue()]);
        if (!answered) await Promise.race([answer, wait(LOOK_EVERY_MS)]);
      }
    } catch (thrown) {
      throw translate(thrown as ClientError, doing);
    } finally {
      this.#confirm = undefined;
    }
    const error = await answer;
    if (error !== undefined) throw error;
  }
}

function translated(error: ClientError, doing: string): BrokerError {
  if (!GENERATION_HAS_PASSED.has(error.code)) return translate(error, doing);
  const message = `${doing} failed: a rebalance was faster (${error.message}). Poll, then commit again.`;
  return new BrokerError(message, 'retriable', error.code, { cause: error });
}
