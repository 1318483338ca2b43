import type { Clock } from '../clock.js';

/** Tells those who wait that something may have changed; they look for themselves. */
export class Signal {
  #waiting: (() => void)[] = [];

  tell(): void {
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves at the next `tell`, or after `ms` milliseconds of `clock`. */
  wait(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(ms, resolve);
      this.#waiting.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
