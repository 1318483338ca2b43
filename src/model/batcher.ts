/**
 * Gathers the questions of all tasks into batches.
 *
 * B1. Every question is answered exactly once: by the model, by its timeout, or by `close`. Late answers are dropped.
 * B2. A call carries its rows in the order in which they were asked, and calls start in that order.
 * B3. At most `maxConcurrent` calls are under way. Meanwhile questions gather, so batches grow with the load.
 * B4. A call that nobody waits for any more is aborted and gives its place back, so that a model that hangs holds up
 *     nobody longer than the timeout.
 * B5. There is no promise and no timer per question.
 */
import type { Clock, Timer } from '../clock.js';
import { asError, ConfigurationError } from '../errors.js';
import { BatcherCounts, type BatcherStats } from './batcher-stats.js';
import { type Deadline, Deadlines } from './deadlines.js';
import type { Answered, BatchingOptions, Model, ModelIdentity, Oracle } from './model.js';
import { asModelError, ModelError, nameOf } from './model-error.js';
import { refusalOf } from './refusal.js';

export type { BatcherStats };

/** A model that is asked one row at a time by many, and called with batches. */
export interface Batcher<F, P> extends Oracle<F, P> {
  /** Aborts what is under way; every question still open gets an error. The model itself stays open. */
  close(): void;
  /** A snapshot. */
  readonly stats: BatcherStats;
}

/**
 * Makes the batcher of a model: one for each model of an application.
 *
 * An `Error` in the place of a prediction is the error of that row alone.
 *
 * @param model opened
 * @throws {ConfigurationError} for an option that is not a whole number in its range
 * @example
 * const prices = batcher(model, { maxRows: 256 }, systemClock);
 * prices.ask(features, 2_000, (error, price) => …);
 */
export function batcher<F, P>(model: Model<F, P>, options: BatchingOptions, clock: Clock): Batcher<F, P> {
  return new ModelBatcher(model, options, clock);
}

interface Question<F, P> {
  readonly features: F;
  readonly answered: Answered<P>;
  readonly deadline: Deadline<Question<F, P>>;
  call: Call<F, P> | undefined;
  open: boolean;
}

/** A batch on its way. */
interface Call<F, P> {
  readonly questions: readonly Question<F, P>[];
  readonly controller: AbortController;
  readonly startedAt: number;
  /** Questions that still wait for it. */
  open: number;
  underWay: boolean;
}

class ModelBatcher<F, P> implements Batcher<F, P> {
  readonly #model: Model<F, P>;
  readonly #clock: Clock;
  readonly #maxRows: number;
  readonly #maxWaitMs: number;
  readonly #maxConcurrent: number;
  readonly #deadlines: Deadlines<Question<F, P>>;
  readonly #counts = new BatcherCounts();
  readonly #underWay = new Set<Call<F, P>>();
  /** In the order of asking; among them may be some that timed out, `#waitingOpen` counts the others. */
  #waiting: Question<F, P>[] = [];
  #waitingOpen = 0;
  /** What waits has waited long enough: it goes as soon as a call may start. */
  #due = false;
  #linger: Timer | undefined;
  #closed = false;

  constructor(model: Model<F, P>, options: BatchingOptions, clock: Clock) {
    this.#model = model;
    this.#clock = clock;
    this.#maxRows = wholeNumber('maxRows', options.maxRows ?? 1_024, 1);
    this.#maxWaitMs = wholeNumber('maxWaitMs', options.maxWaitMs ?? 0, 0);
    this.#maxConcurrent = wholeNumber('maxConcurrent', options.maxConcurrent ?? 2, 1);
    this.#deadlines = new Deadlines(clock, (questions, limitMs) => this.#expire(questions, limitMs));
  }

  get identity(): ModelIdentity {
    return this.#model.identity;
  }

  get stats(): BatcherStats {
    return this.#counts.snapshot(this.#waitingOpen, this.#underWay.size);
  }

  ask(features: F, timeoutMs: number, answered: Answered<P>): void {
    if (!(timeoutMs > 0)) {
      throw new ConfigurationError(`timeout: ${timeoutMs} is not a time; give milliseconds above 0`, 'timeout');
    }
    if (this.#closed) {
      this.#clock.endOfTick(() => answered(this.#closedError(), undefined));
      return;
    }
    const deadline = this.#deadlines.of(timeoutMs);
    const question: Question<F, P> = { features, answered, deadline, call: undefined, open: true };
    deadline.add(question);
    this.#waiting.push(question);
    this.#waitingOpen += 1;
    this.#send();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#linger?.cancel();
    const error = this.#closedError();
    const calls = [...this.#underWay];
    const questions = [...calls.flatMap((call) => call.questions), ...this.#waiting];
    this.#waiting = [];
    this.#waitingOpen = 0;
    for (const call of calls) this.#abandon(call, error);
    this.#answerAll(questions, error);
  }

  /** Starts what may start. Whatever stays behind goes later: when a call ends, its tick ends or its wait is over. */
  #send(): void {
    while (this.#waitingOpen > 0 && this.#underWay.size < this.#maxConcurrent) {
      if (!this.#due && this.#waitingOpen < this.#maxRows) break;
      this.#call(this.#take());
    }
    if (this.#waitingOpen === 0) {
      this.#due = false;
      this.#linger?.cancel();
      this.#linger = undefined;
    } else if (!this.#due && this.#linger === undefined) {
      this.#linger = this.#afterWait(() => {
        this.#linger = undefined;
        this.#due = true;
        this.#send();
      });
    }
  }

  #afterWait(callback: () => void): Timer {
    if (this.#maxWaitMs > 0) return this.#clock.after(this.#maxWaitMs, callback);
    let cancelled = false;
    this.#clock.endOfTick(() => {
      if (!cancelled) callback();
    });
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  /** The next rows, at most `maxRows`. */
  #take(): Question<F, P>[] {
    const taken: Question<F, P>[] = [];
    let end = 0;
    for (const question of this.#waiting) {
      if (taken.length === this.#maxRows) break;
      end += 1;
      if (question.open) taken.push(question);
    }
    this.#waiting.splice(0, end);
    this.#waitingOpen -= taken.length;
    return taken;
  }

  #call(questions: readonly Question<F, P>[]): void {
    const call: Call<F, P> = {
      questions,
      controller: new AbortController(),
      startedAt: this.#clock.now(),
      open: questions.length,
      underWay: true,
    };
    for (const question of questions) question.call = call;
    this.#underWay.add(call);
    this.#counts.started(questions.length);
    this.#predict(call).then(
      (predictions) => this.#succeeded(call, predictions),
      (error) => this.#failed(call, asError(error)),
    );
  }

  /** Asynchronous also for a model that throws at once: no answer may come before `ask` has returned. */
  async #predict(call: Call<F, P>): Promise<readonly P[]> {
    const rows = call.questions.map((question) => question.features);
    return this.#model.predict(rows, call.controller.signal);
  }

  #succeeded(call: Call<F, P>, predictions: readonly P[]): void {
    const { questions } = call;
    if (predictions?.length !== questions.length) {
      const message = `the model ${nameOf(this.identity)} was asked ${questions.length} rows and answered ${predictions?.length}`;
      this.#failed(call, new ModelError(message, 'invalid-answer', this.identity));
      return;
    }
    if (!this.#ended(call)) return;
    questions.forEach((question, row) => {
      if (!this.#settle(question)) return;
      const prediction = predictions[row];
      const error = refusalOf(prediction, this.identity);
      this.#deliver(question, error, error === null ? prediction : undefined);
    });
    this.#send();
  }

  #failed(call: Call<F, P>, thrown: Error): void {
    if (!this.#ended(call)) return;
    this.#counts.failed();
    this.#answerAll(call.questions, asModelError(thrown, this.identity));
    this.#send();
  }

  #closedError(): ModelError {
    const message = `the model ${nameOf(this.identity)} was not asked: the application is stopping`;
    return new ModelError(message, 'failed', this.identity);
  }

  /** Gives the call's place back. False when that was done before: nobody waited for it any more. */
  #ended(call: Call<F, P>): boolean {
    if (!call.underWay) return false;
    call.underWay = false;
    this.#underWay.delete(call);
    this.#counts.ended(this.#clock.now() - call.startedAt);
    return true;
  }

  #abandon(call: Call<F, P>, reason: Error): void {
    if (this.#ended(call)) call.controller.abort(reason);
  }

  #expire(questions: readonly Question<F, P>[], limitMs: number): void {
    const message = `the model ${nameOf(this.identity)} gave no answer within ${limitMs} ms`;
    const error = new ModelError(message, 'timeout', this.identity);
    const expired = questions.filter((question) => question.open);
    this.#counts.timedOut(expired.length);
    const abandoned: Call<F, P>[] = [];
    for (const { call } of expired) {
      if (call === undefined) {
        this.#waitingOpen -= 1;
      } else {
        call.open -= 1;
        if (call.open === 0) abandoned.push(call);
      }
    }
    this.#answerAll(expired, error);
    this.#waiting.splice(0, firstOpen(this.#waiting));
    for (const call of abandoned) this.#abandon(call, error);
    this.#send();
  }

  /** Settles all before it calls anybody back: a callback may ask again. */
  #answerAll(questions: readonly Question<F, P>[], error: Error): void {
    const open = questions.filter((question) => this.#settle(question));
    for (const question of open) this.#deliver(question, error, undefined);
  }

  /** False when the question had its answer before. */
  #settle(question: Question<F, P>): boolean {
    if (!question.open) return false;
    question.open = false;
    question.deadline.settle();
    return true;
  }

  #deliver(question: Question<F, P>, error: Error | null, prediction: P | undefined): void {
    try {
      question.answered(error, prediction);
    } catch (thrown) {
      // The other rows of the batch get their answers first. Then it is thrown where nobody catches it, as RxJS does.
      this.#clock.after(0, () => {
        throw thrown;
      });
    }
  }
}

function firstOpen(questions: readonly { open: boolean }[]): number {
  const index = questions.findIndex((question) => question.open);
  return index === -1 ? questions.length : index;
}

function wholeNumber(setting: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ConfigurationError(`${setting}: ${value} is not a whole number of at least ${least}`, setting);
}
