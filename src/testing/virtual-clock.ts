import type { Clock, Timer } from '../clock.js';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is told to advance. Timers due at the same time run in the order in which they
 * were made.
 *
 * @example
 * const clock = new VirtualClock();
 * clock.after(100, () => console.log('a tenth of a second later'));
 * clock.advance(100);
 */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Set<Entry>();
  #endOfTick: (() => void)[] = [];

  /** @param startMs the time that it shows first, milliseconds since the epoch */
  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Timer {
    this.#order += 1;
    const entry = { at: this.#now + Math.max(0, delayMs), order: this.#order, callback };
    this.#timers.add(entry);
    return { cancel: () => this.#timers.delete(entry) };
  }

  endOfTick(callback: () => void): void {
    this.#endOfTick.push(callback);
  }

  /** Runs what waits for the end of the tick, and what that asks for in turn. Returns false when nothing did. */
  flush(): boolean {
    let ran = false;
    while (this.#endOfTick.length > 0) {
      const callbacks = this.#endOfTick;
      this.#endOfTick = [];
      for (const callback of callbacks) callback();
      ran = true;
    }
    return ran;
  }

  /** Advances by `ms` milliseconds, running what comes due on the way. Promises do not get a turn in between. */
  advance(ms: number): void {
    const until = this.#now + ms;
    do this.flush();
    while (this.step(until));
  }

  /** As `advance`, and promises settle before time moves on. */
  async run(ms: number): Promise<void> {
    const until = this.#now + ms;
    do await this.settle();
    while (this.step(until));
  }

  /** Advances to the next timer that is due by `until`, and runs it; without one, to `until`, and returns false. */
  step(until: number): boolean {
    const next = this.#next(until);
    if (next === undefined) {
      this.#now = Math.max(this.#now, until);
      return false;
    }
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.callback();
    return true;
  }

  /** Lets promises and the ends of ticks run until nothing more happens; time stands still. */
  async settle(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.flush());
  }

  #next(until: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#timers) {
      if (entry.at > until) continue;
      if (first === undefined || entry.at < first.at || (entry.at === first.at && entry.order < first.order)) {
        first = entry;
      }
    }
    return first;
  }
}
