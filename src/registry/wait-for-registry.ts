import { type Clock, delay, systemClock } from '../clock.js';
import { BrokerError } from '../errors.js';
import { type RegistryAddress, RegistryRest } from './rest.js';

const RETRY_MS = 1_000;

export interface WaitOptions {
  /** Told of each attempt that failed: where the registry was looked for, and what stood in the way. */
  readonly onWaiting?: (error: BrokerError) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Waits until a registry answers.
 *
 * @throws ConfigurationError when the address is none; RegistryError when it answers and refuses (a password, say); the
 *   reason of the signal
 * @example
 * await waitForRegistry({ url: 'http://127.0.0.1:8081' }, { onWaiting: (error) => console.warn(error.message) });
 */
export async function waitForRegistry(address: RegistryAddress, options: WaitOptions = {}): Promise<void> {
  const { onWaiting, signal, clock = systemClock } = options;
  const rest = new RegistryRest(address);
  for (;;) {
    signal?.throwIfAborted();
    try {
      await rest.call('GET', '/subjects');
      return;
    } catch (thrown) {
      if (!(thrown instanceof BrokerError)) throw thrown;
      onWaiting?.(thrown);
    }
    await delay(clock, RETRY_MS);
  }
}
