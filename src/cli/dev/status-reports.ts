import type { Consumer } from '../../brokers/port.js';
import type { Clock, Timer } from '../../clock.js';
import type { Console } from '../../console/index.js';
import type { EmbeddedStack } from './embedded-stack.js';

const EVERY_MS = 1_000;

/** Says once a second how the application is doing. */
export class StatusReports {
  readonly #stack: EmbeddedStack;
  readonly #screen: Console;
  readonly #clock: Clock;
  readonly #consumer: Consumer;
  #timer: Timer | undefined;
  #finishedBefore = 0;
  #reporting: Promise<void> = Promise.resolve();

  private constructor(stack: EmbeddedStack, screen: Console, clock: Clock, consumer: Consumer) {
    this.#stack = stack;
    this.#screen = screen;
    this.#clock = clock;
    this.#consumer = consumer;
  }

  static async start(stack: EmbeddedStack, screen: Console, clock: Clock): Promise<StatusReports> {
    const consumer = await stack.broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    const reports = new StatusReports(stack, screen, clock, consumer);
    reports.#next();
    return reports;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#reporting;
    await this.#report();
    await this.#consumer.close();
  }

  #next(): void {
    this.#timer = this.#clock.after(EVERY_MS, () => {
      this.#reporting = this.#report();
      this.#next();
    });
  }

  async #report(): Promise<void> {
    const written = await this.#endOfSources();
    const { read, inFlight, finished, events, state } = this.#stack.application.status;
    const done = finished.delivered + finished.filtered + finished.skipped + finished.deadLettered;
    this.#screen.status({
      read,
      inFlight,
      finished,
      lag: Math.max(0, written - this.#stack.application.position),
      modelCalls: events.asked,
      modelCallsSaved: events.remembered,
      rate: Math.max(0, done - this.#finishedBefore),
      walKeptBytes: this.#stack.capture.status.walKeptBytes,
      state,
    });
    this.#finishedBefore = done;
  }

  /** End offsets of the source topics, summed. */
  async #endOfSources(): Promise<number> {
    let sum = 0;
    for (const partition of this.#stack.application.partitions)
      sum += (await this.#consumer.watermarks(partition)).high;
    return sum;
  }
}
