import type { Clock } from '../../clock.js';
import type { Deferred } from './waiting.js';
import { deferred } from './waiting.js';

/** Something that gathers what is to be written and writes it when the cycle comes round. */
export interface Writer {
  /** Writes what was gathered. Never throws: a failure is told to those who asked. */
  write(now: number): void;
  /** Waits until what was written is on the disk itself. Never rejects, for the same reason. */
  sync(): Promise<void>;
  /** Makes visible what was written, and acknowledges it. */
  publish(): void;
}

/** What an acknowledged write has survived: the death of the process, or that of the machine. */
export type Flush = 'process' | 'disk';

/**
 * Group commit. All that is asked for in one tick is written together at the end of it; what is asked for while the
 * disk is waited for goes into the next cycle.
 *
 *  1. Nothing is acknowledged or visible before it is written (and on the disk, with `flush: 'disk'`).
 *  2. Nothing is acknowledged in the tick that asked for it.
 *  3. Everything of one cycle becomes visible in one synchronous step: a transaction's markers appear together.
 */
export class WriteCycle {
  readonly #clock: Clock;
  readonly #flush: Flush;
  #waiting = new Set<Writer>();
  #next: Deferred | undefined;
  #running = false;

  constructor(clock: Clock, flush: Flush) {
    this.#clock = clock;
    this.#flush = flush;
  }

  /** The writer has something to write. */
  request(writer: Writer): void {
    this.#waiting.add(writer);
    this.#schedule();
  }

  /** Resolves once everything requested so far has been written and acknowledged, or has failed. */
  settled(): Promise<void> {
    return this.#schedule().promise;
  }

  /** Resolves once nothing is left to write, what the acknowledgements asked for included. */
  async drained(): Promise<void> {
    do await this.settled();
    while (this.#waiting.size > 0);
  }

  #schedule(): Deferred {
    if (this.#next === undefined) {
      this.#next = deferred();
      if (!this.#running) this.#clock.endOfTick(() => void this.#run());
    }
    return this.#next;
  }

  async #run(): Promise<void> {
    this.#running = true;
    const done = this.#next!;
    const writers = [...this.#waiting];
    this.#next = undefined;
    this.#waiting = new Set();

    const now = this.#clock.now();
    for (const writer of writers) writer.write(now);
    if (this.#flush === 'disk') await Promise.all(writers.map((writer) => writer.sync()));
    for (const writer of writers) writer.publish();

    done.resolve();
    this.#running = false;
    if (this.#next !== undefined) this.#clock.endOfTick(() => void this.#run());
  }
}
