import type { Application } from '../app/application.js';
import type { Broker, Consumer } from '../brokers/port.js';
import type { Clock, Timer } from '../clock.js';
import type { Console } from '../console/index.js';
import { asError } from '../errors.js';
import { modelsAway, OutsideWarnings } from './model-messages.js';

const EVERY_MS = 1_000;

/** What is reported on. */
export interface Reported {
  readonly application: Application;
  readonly broker: Broker;
  /** Bytes of log that the captured database keeps; undefined where it is not ours, or not known. */
  walKept(): number | undefined;
}

/** Says once a second how the application is doing. */
export class StatusReports {
  readonly #about: Reported;
  readonly #screen: Pick<Console, 'status' | 'message'>;
  readonly #clock: Clock;
  readonly #consumer: Consumer;
  readonly #outside = new OutsideWarnings();
  #timer: Timer | undefined;
  #finishedBefore = 0;
  #reporting: Promise<void> = Promise.resolve();

  private constructor(about: Reported, screen: Pick<Console, 'status' | 'message'>, clock: Clock, consumer: Consumer) {
    this.#about = about;
    this.#screen = screen;
    this.#clock = clock;
    this.#consumer = consumer;
  }

  /** @throws BrokerError when the consumer that looks at the lag cannot be opened */
  static async start(
    about: Reported,
    screen: Pick<Console, 'status' | 'message'>,
    clock: Clock,
  ): Promise<StatusReports> {
    const consumer = await about.broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    const reports = new StatusReports(about, screen, clock, consumer);
    reports.#next();
    return reports;
  }

  /** Says no more until `last`. Call it before the application ends. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#reporting;
    await this.#consumer.close();
  }

  /** Says how it has ended, when it has. */
  last(): void {
    this.#say(undefined);
  }

  #next(): void {
    this.#timer = this.#clock.after(EVERY_MS, () => {
      this.#next();
      this.#reporting = this.#reporting.then(() => this.#report());
    });
  }

  async #report(): Promise<void> {
    let lag: number | undefined;
    try {
      lag = await this.#lag();
    } catch (thrown) {
      // The broker is away, which others report; the counts are known all the same.
      if (asError(thrown).name !== 'BrokerError') throw thrown;
    }
    this.#say(lag);
  }

  #say(lag: number | undefined): void {
    const status = this.#about.application.status;
    const { read, inFlight, finished, events, state } = status;
    this.#outside.look(status, this.#screen);
    const done = finished.delivered + finished.filtered + finished.skipped + finished.deadLettered;
    this.#screen.status({
      read,
      inFlight,
      finished,
      lag,
      modelCalls: events.asked,
      modelCallsSaved: events.remembered,
      modelsAway: modelsAway(status),
      rate: Math.max(0, done - this.#finishedBefore),
      walKeptBytes: this.#about.walKept(),
      state,
    });
    this.#finishedBefore = done;
  }

  /** What was written to the source topics beyond what has been read. */
  async #lag(): Promise<number> {
    const { application } = this.#about;
    let written = 0;
    for (const partition of application.partitions) written += (await this.#consumer.watermarks(partition)).high;
    return Math.max(0, written - application.position);
  }
}
