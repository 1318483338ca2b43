/**
 * Time limits of many questions with few timers: those asked in the same millisecond with the same limit share one.
 */
import type { Clock, Timer } from '../clock.js';

/** Longest delay that a timer of Node takes; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** The questions that expire together. */
export class Deadline<Q> {
  readonly askedAt: number;
  readonly limitMs: number;
  #questions: Q[] = [];
  #open = 0;
  #timer: Timer;

  constructor(clock: Clock, limitMs: number, expired: (questions: readonly Q[]) => void) {
    this.askedAt = clock.now();
    this.limitMs = limitMs;
    this.#timer = clock.after(Math.min(limitMs, LONGEST_DELAY_MS), () => expired(this.#questions));
  }

  /** Whether a question is left that waits for this deadline. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  add(question: Q): void {
    this.#questions.push(question);
    this.#open += 1;
  }

  /** One of the questions has its answer. With the last one the timer ends. */
  settle(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#timer.cancel();
    this.#questions = [];
  }
}

export class Deadlines<Q> {
  readonly #clock: Clock;
  readonly #expired: (questions: readonly Q[], limitMs: number) => void;
  #latest: Deadline<Q> | undefined;

  /** @param expired called with questions whose time is up; some of them may have been settled */
  constructor(clock: Clock, expired: (questions: readonly Q[], limitMs: number) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** The deadline for a question that is asked now. */
  of(limitMs: number): Deadline<Q> {
    const latest = this.#latest;
    if (latest?.isOpen && latest.limitMs === limitMs && latest.askedAt === this.#clock.now()) return latest;
    const deadline = new Deadline<Q>(this.#clock, limitMs, (questions) => this.#expired(questions, limitMs));
    this.#latest = deadline;
    return deadline;
  }
}
