import type { Clock, Timer } from '../../../src/clock.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';

/** Time that a test moves on, while ticks end by themselves: files and promises go on at their own pace. */
export class SteppedClock implements Clock {
  readonly #virtual = new VirtualClock(1_000_000);

  now(): number {
    return this.#virtual.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#virtual.after(delayMs, callback);
  }

  endOfTick(callback: () => void): void {
    setImmediate(callback);
  }

  /** Moves on, firing what comes due. */
  advance(ms: number): void {
    this.#virtual.advance(ms);
  }
}
