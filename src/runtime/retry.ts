import { type Clock, delay } from '../clock.js';
import { type BrokerError, isRetriable } from '../errors.js';

const RETRY_MS = 100;

/** How long a broker that is away is waited for, and who is told. */
export interface Patience {
  readonly clock: Clock;
  /** Asked after each failure: true when nobody waits any more. */
  readonly over: () => boolean;
  /** The call failed and is made again. */
  readonly again?: (error: BrokerError) => void;
}

/**
 * Makes a call until the broker answers it: an outage of any length is waited out, visibly.
 *
 * @throws whatever is not retriable; the last failure when nobody waits any more
 */
export async function retrying<T>({ clock, over, again }: Patience, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isRetriable(error) || over()) throw error;
      again?.(error);
      await delay(clock, RETRY_MS);
      if (over()) throw error;
    }
  }
}
