/**
 * Whether an application whose clients are finished goes on with new ones.
 *
 * A broker that answers nobody for a minute and then works off what it was asked may fence a member, or a transaction, by
 * requests of that very member. Then new clients go on where the old ones were, as another start would. Who is fenced
 * without having been cut off has been replaced by another process of the same `instance.id`, and who stood still
 * (SIGSTOP, a suspended machine) may have been: two that fence each other by turns would never get anywhere, so these end.
 */
import type { Clock, Timer } from '../clock.js';
import { BrokerError, CLIENT_LOST } from '../errors.js';

/** Milliseconds between two looks at the clock. */
const LOOK_EVERY_MS = 1_000;

export class Comeback {
  readonly #clock: Clock;
  /** A shorter pause is no reason to be expelled. */
  readonly #longPauseMs: number;
  #timer: Timer | undefined;
  #lookedAt = 0;
  #wasExpelled = false;
  #stoodStill = false;

  constructor(clock: Clock, sessionTimeoutMs: number) {
    this.#clock = clock;
    this.#longPauseMs = sessionTimeoutMs / 2;
  }

  /** Watches whether the process stands still, until {@link close}. */
  open(): void {
    this.#lookedAt = this.#clock.now();
    this.#watch();
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** The group has taken the partitions away. */
  expelled(): void {
    this.#wasExpelled = true;
  }

  /** It works again: what was before does not count any more. */
  running(): void {
    this.#wasExpelled = false;
    this.#stoodStill = false;
  }

  /**
   * Whether to try with new clients: once for each time that the group has taken the partitions away, and where a client
   * does not find a broker that is there.
   */
  after(failure: Error): boolean {
    this.#look();
    const isFinished = failure instanceof BrokerError && failure.kind === 'fatal';
    const wasCutOff = this.#wasExpelled || (isFinished && failure.code === CLIENT_LOST);
    this.#wasExpelled = false;
    return isFinished && wasCutOff && !this.#stoodStill;
  }

  #watch(): void {
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => {
      this.#look();
      this.#watch();
    });
  }

  #look(): void {
    const now = this.#clock.now();
    if (now - this.#lookedAt > LOOK_EVERY_MS + this.#longPauseMs) this.#stoodStill = true;
    this.#lookedAt = now;
  }
}
