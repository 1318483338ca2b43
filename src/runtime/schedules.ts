import type { Clock, Timer } from '../clock.js';

interface StreamTimeSchedule {
  readonly intervalMs: number;
  next: number | undefined;
  readonly callback: (timestamp: number) => void;
  cancelled: boolean;
}

/**
 * The punctuations of a task. Each runs as a unit of its own: it has a place in the order of the records, passes
 * ordered operators like one, and its state changes belong to the prefix that it is in.
 */
export class Schedules {
  readonly #clock: Clock;
  readonly #run: (work: () => void) => void;
  readonly #byStreamTime: StreamTimeSchedule[] = [];
  readonly #timers = new Set<Timer>();

  /** @param run runs a piece of work as a unit */
  constructor(clock: Clock, run: (work: () => void) => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** Calls back every `intervalMs` milliseconds of the clock, with its time. */
  byWallClock(intervalMs: number, callback: (timestamp: number) => void): Timer {
    let timer: Timer | undefined;
    const next = () => {
      timer = this.#clock.after(intervalMs, () => {
        this.#timers.delete(timer!);
        const now = this.#clock.now();
        next();
        this.#run(() => callback(now));
      });
      this.#timers.add(timer);
    };
    next();
    return {
      cancel: () => {
        timer?.cancel();
        if (timer !== undefined) this.#timers.delete(timer);
      },
    };
  }

  /** Calls back when stream time has advanced by `intervalMs`, first at the first record's time, as Kafka Streams does. */
  byStreamTime(intervalMs: number, callback: (timestamp: number) => void): Timer {
    const schedule: StreamTimeSchedule = { intervalMs, next: undefined, callback, cancelled: false };
    this.#byStreamTime.push(schedule);
    return {
      cancel: () => {
        schedule.cancelled = true;
        const index = this.#byStreamTime.indexOf(schedule);
        if (index >= 0) this.#byStreamTime.splice(index, 1);
      },
    };
  }

  /** Runs what is due. A jump over several intervals runs a schedule once, as Kafka Streams does. */
  streamTimeIs(streamTime: number): void {
    if (this.#byStreamTime.length === 0 || streamTime < 0) return;
    for (const schedule of [...this.#byStreamTime]) {
      if (schedule.cancelled) continue;
      schedule.next ??= streamTime;
      if (streamTime < schedule.next) continue;
      const missed = Math.floor((streamTime - schedule.next) / schedule.intervalMs);
      schedule.next += (missed + 1) * schedule.intervalMs;
      this.#run(() => schedule.callback(streamTime));
    }
  }

  /** The task begins again before records that it has seen: what was due by their time is due again. */
  setBack(): void {
    for (const schedule of this.#byStreamTime) schedule.next = undefined;
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#byStreamTime.length = 0;
  }
}
