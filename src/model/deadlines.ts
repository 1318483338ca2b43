/**
 * Time limits of the questions in one call, with few timers: those with the same limit share one.
 *
 * A timer that comes late says that this process stood still: it was stopped, its machine was suspended, or it was too
 * busy. The answer may be there, and nobody has looked. So the time is not held against the model: the limit begins again.
 */
import type { Clock, Timer } from '../clock.js';

/** Longest delay that a timer of Node takes; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647;
/** A timer that is later than this (ms) was held up by more than the work of a tick. */
const STOOD_STILL_MS = 50;

export class Deadlines<Q extends { readonly timeoutMs: number }> {
  readonly #clock: Clock;
  readonly #expired: (questions: readonly Q[], limitMs: number) => void;
  readonly #timers = new Map<number, Timer>();

  /** @param expired called once for each limit, when the time of its questions is up */
  constructor(clock: Clock, questions: readonly Q[], expired: (questions: readonly Q[], limitMs: number) => void) {
    this.#clock = clock;
    this.#expired = expired;
    const byLimit = new Map<number, Q[]>();
    for (const question of questions) {
      const same = byLimit.get(question.timeoutMs);
      if (same === undefined) byLimit.set(question.timeoutMs, [question]);
      else same.push(question);
    }
    for (const [limitMs, same] of byLimit) this.#begin(limitMs, same);
  }

  cancel(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #begin(limitMs: number, questions: readonly Q[]): void {
    const delayMs = Math.min(limitMs, LONGEST_DELAY_MS);
    const due = this.#clock.now() + delayMs;
    const over = () => {
      if (this.#clock.now() - due > STOOD_STILL_MS) this.#begin(limitMs, questions);
      else this.#expired(questions, limitMs);
    };
    this.#timers.set(limitMs, this.#clock.after(delayMs, over));
  }
}
