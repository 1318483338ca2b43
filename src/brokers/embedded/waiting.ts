import type { Clock } from '../../clock.js';
import { BrokerError } from '../../errors.js';

/** A promise and the way to settle it. */
export interface Deferred<T = void> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Resolves at the end of this tick. */
export function endOfTick(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.endOfTick(resolve);
  });
}

/**
 * Waits for `work`, at most `timeoutMs` milliseconds of `clock` (Infinity: for ever). The work itself goes on.
 *
 * @throws BrokerError `retriable`, code TIMED_OUT
 */
export async function within<T>(clock: Clock, timeoutMs: number, what: string, work: Promise<T>): Promise<T> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return work;
  const late = deferred<never>();
  const timer = clock.after(timeoutMs, () => {
    late.reject(
      new BrokerError(`${what} took longer than ${timeoutMs} ms. It goes on; call again.`, 'retriable', 'TIMED_OUT'),
    );
  });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}
