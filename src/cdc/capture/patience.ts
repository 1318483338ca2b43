/** Waiting for a broker that is away: the same call again, until it answers or nobody waits any longer. */
import { type Clock, delay } from '../../clock.js';
import { type BrokerError, isRetriable } from '../../errors.js';

const RETRY_MS = 500;

export class Patience {
  readonly #clock: Clock;
  readonly #isOver: () => boolean;
  readonly #onRetry: (error: BrokerError) => void;

  /** @param isOver asked before each further attempt */
  constructor(clock: Clock, isOver: () => boolean, onRetry: (error: BrokerError) => void) {
    this.#clock = clock;
    this.#isOver = isOver;
    this.#onRetry = onRetry;
  }

  /** @throws what the call rejects with, unless that is retriable */
  async until<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!isRetriable(error) || this.#isOver()) throw error;
        this.#onRetry(error);
        await delay(this.#clock, RETRY_MS);
      }
    }
  }
}
