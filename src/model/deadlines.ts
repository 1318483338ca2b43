/**
 * Time limits of the questions in one call, with few timers: those with the same limit share one.
 */
import type { Clock, Timer } from '../clock.js';

/** Longest delay that a timer of Node takes; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647;

export class Deadlines<Q extends { readonly timeoutMs: number }> {
  readonly #timers: Timer[] = [];

  /** @param expired called once for each limit, when the time of its questions is up */
  constructor(clock: Clock, questions: readonly Q[], expired: (questions: readonly Q[], limitMs: number) => void) {
    const byLimit = new Map<number, Q[]>();
    for (const question of questions) {
      const same = byLimit.get(question.timeoutMs);
      if (same === undefined) byLimit.set(question.timeoutMs, [question]);
      else same.push(question);
    }
    for (const [limitMs, same] of byLimit) {
      this.#timers.push(clock.after(Math.min(limitMs, LONGEST_DELAY_MS), () => expired(same, limitMs)));
    }
  }

  cancel(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.length = 0;
  }
}
