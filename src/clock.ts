/**
 * The clock port. Every timer, linger and end-of-tick flush of millrace goes through it, so that tests run in
 * virtual time and no test needs to sleep.
 */

/** A timer that can be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Tells the time and calls back later. {@link systemClock} is the machine's; tests have a `VirtualClock`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `callback` once, `delayMs` milliseconds from now. */
  after(delayMs: number, callback: () => void): Timer;
  /** Runs `callback` once the work of this tick is done: after promises, before timers. */
  endOfTick(callback: () => void): void;
}

/** The machine's clock. Its timers keep the process alive. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  after(delayMs: number, callback: () => void): Timer {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  endOfTick(callback: () => void): void {
    setImmediate(callback);
  },
});

/** Resolves after `delayMs` milliseconds of `clock`. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
