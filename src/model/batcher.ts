/**
 * Gathers the questions of all tasks into batches, and keeps them while the model is away.
 *
 * B1. Every question is answered exactly once: by the model, by its timeout, or by `close`. Late answers are dropped.
 * B2. A call carries its rows in the order in which they were asked, and calls start in that order. Questions that come
 *     back unanswered go before all that were asked later.
 * B3. At most `maxConcurrent` calls are under way. Meanwhile questions gather, so batches grow with the load.
 * B4. A call that nobody waits for any more is aborted and gives its place back, so that a model that hangs holds up
 *     nobody longer than the timeout.
 * B5. There is no promise and no timer per question.
 * B6. A question's time runs only while a call with it is under way, and a model that can be looked at is looked at
 *     before the time counts as up. So a timeout says: the model was there, and its answer took too long.
 * B7. A model that is away answers nothing: questions wait, for as long as it takes, and nobody's handler is asked. How
 *     many wait is bounded by whoever asks.
 * B8. A batch that is refused as a whole is asked by halves: only the guilty row gets the error.
 */
import type { Clock, Timer } from '../clock.js';
import { asError, ConfigurationError } from '../errors.js';
import { AnsweredBy } from './answered-by.js';
import { BatchRefused } from './batch-refused.js';
import { BatcherCounts, type BatcherStats } from './batcher-stats.js';
import { Deadlines } from './deadlines.js';
import type { Answered, BatchingOptions, Model, ModelIdentity, Oracle } from './model.js';
import { ModelAway } from './model-away.js';
import { asModelError, ModelError, nameOf } from './model-error.js';
import { Presence, type PresenceListener } from './presence.js';
import { QuestionQueue } from './question-queue.js';
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
 * @param listener told when the model goes away, comes back, or needs another setting
 * @throws {ConfigurationError} for an option that is not a whole number in its range
 * @example
 * const prices = batcher(model, { maxRows: 256 }, systemClock);
 * prices.ask(features, 2_000, (error, price) => …);
 */
export function batcher<F, P>(
  model: Model<F, P>,
  options: BatchingOptions,
  clock: Clock,
  listener: PresenceListener = {},
): Batcher<F, P> {
  return new ModelBatcher(model, options, clock, listener);
}

interface Question<F, P> {
  readonly sequence: number;
  readonly features: F;
  readonly timeoutMs: number;
  readonly answered: Answered<P>;
  open: boolean;
}

/** A batch on its way. */
interface Call<F, P> {
  readonly questions: readonly Question<F, P>[];
  readonly controller: AbortController;
  readonly startedAt: number;
  /** It is to say whether a model that was away is back. */
  readonly isTrial: boolean;
  readonly deadlines: Deadlines<Question<F, P>>;
  underWay: boolean;
}

class ModelBatcher<F, P> implements Batcher<F, P> {
  readonly #model: Model<F, P>;
  readonly #clock: Clock;
  readonly #maxRows: number;
  readonly #maxWaitMs: number;
  readonly #maxConcurrent: number;
  readonly #presence: Presence;
  readonly #counts = new BatcherCounts();
  readonly #underWay = new Set<Call<F, P>>();
  readonly #queue = new QuestionQueue<Question<F, P>>();
  #asked = 0;
  /** What waits has waited long enough: it goes as soon as a call may start. */
  #due = false;
  #linger: Timer | undefined;
  #closed = false;

  constructor(model: Model<F, P>, options: BatchingOptions, clock: Clock, listener: PresenceListener) {
    this.#model = model;
    this.#clock = clock;
    this.#maxRows = wholeNumber('maxRows', options.maxRows ?? 1_024, 1);
    this.#maxWaitMs = wholeNumber('maxWaitMs', options.maxWaitMs ?? 0, 0);
    this.#maxConcurrent = wholeNumber('maxConcurrent', options.maxConcurrent ?? 2, 1);
    const counting: PresenceListener = {
      wentAway: (away) => {
        this.#counts.wentAway();
        listener.wentAway?.(away);
      },
      cameBack: (afterMs) => {
        this.#counts.cameBack(afterMs);
        listener.cameBack?.(afterMs);
      },
      refused: (error) => listener.refused?.(error),
    };
    this.#presence = new Presence(model, clock, counting, () => this.#backAgain());
  }

  get identity(): ModelIdentity {
    return this.#model.identity;
  }

  get stats(): BatcherStats {
    const { availability } = this.#presence;
    const now = { waiting: this.#queue.size, callsUnderWay: this.#underWay.size, availability };
    return this.#counts.snapshot(now, this.#model.figures);
  }

  ask(features: F, timeoutMs: number, answered: Answered<P>): void {
    if (!(timeoutMs > 0)) {
      throw new ConfigurationError(`timeout: ${timeoutMs} is not a time; give milliseconds above 0`, 'timeout');
    }
    if (this.#closed) {
      this.#clock.endOfTick(() => answered(this.#closedError(), undefined));
      return;
    }
    this.#asked += 1;
    this.#queue.push({ sequence: this.#asked, features, timeoutMs, answered, open: true });
    this.#send();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#linger?.cancel();
    this.#presence.close();
    const error = this.#closedError();
    const calls = [...this.#underWay];
    const questions = [...calls.flatMap((call) => call.questions), ...this.#queue.clear()];
    for (const call of calls) this.#abandon(call, error);
    this.#answerAll(questions, error);
  }

  /** Starts what may start. Whatever stays behind goes later: when a call ends, its tick ends or its wait is over. */
  #send(): void {
    while (this.#queue.size > 0 && this.#underWay.size < this.#maxConcurrent && this.#presence.mayStart) {
      if (!this.#due && !this.#queue.hasPart && this.#queue.size < this.#maxRows) break;
      this.#call(this.#queue.take(this.#maxRows));
    }
    if (this.#queue.size === 0) {
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

  /** The model was away, and may be asked one call. */
  #backAgain(): void {
    if (this.#closed) return;
    if (this.#queue.size === 0) {
      this.#presence.answered();
      return;
    }
    this.#due = true;
    this.#send();
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

  #call(questions: readonly Question<F, P>[]): void {
    const call: Call<F, P> = {
      questions,
      controller: new AbortController(),
      startedAt: this.#clock.now(),
      isTrial: this.#presence.starts(),
      deadlines: new Deadlines(this.#clock, questions, (expired, limitMs) => this.#expire(call, expired, limitMs)),
      underWay: true,
    };
    this.#underWay.add(call);
    this.#counts.started(questions.length, this.#queue.size);
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
    if (call.isTrial) this.#presence.answered();
    questions.forEach((question, row) => {
      if (question.open) this.#answer(question, predictions[row]);
    });
    this.#send();
  }

  #answer(question: Question<F, P>, answer: P | AnsweredBy<P> | undefined): void {
    question.open = false;
    const other = answer instanceof AnsweredBy ? answer.identity : undefined;
    const prediction = answer instanceof AnsweredBy ? (answer.prediction as P) : answer;
    const error = refusalOf(prediction, other ?? this.identity);
    this.#deliver(question, error, error === null ? prediction : undefined, other);
  }

  #failed(call: Call<F, P>, thrown: Error): void {
    if (!call.underWay) return;
    const open = call.questions.filter((question) => question.open);
    if (thrown instanceof ModelAway || thrown instanceof ConfigurationError) {
      this.#ended(call);
      this.#queue.putBack(open);
      this.#presence.missed(thrown, call.isTrial);
      this.#send();
      return;
    }
    const error = thrown instanceof BatchRefused ? thrown.error : asModelError(thrown, this.identity);
    if (error.kind === 'timeout' && this.#model.probe !== undefined) {
      this.#judge(call, open, error);
      return;
    }
    this.#ended(call);
    if (call.isTrial) this.#presence.answered();
    if (thrown instanceof BatchRefused && open.length > 1) {
      this.#counts.halved();
      this.#queue.halve(open);
    } else {
      this.#counts.failed();
      this.#answerAll(open, error);
    }
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
    call.deadlines.cancel();
    this.#underWay.delete(call);
    this.#counts.ended(this.#clock.now() - call.startedAt);
    return true;
  }

  #abandon(call: Call<F, P>, reason: Error): void {
    if (this.#ended(call)) call.controller.abort(reason);
  }

  #expire(call: Call<F, P>, questions: readonly Question<F, P>[], limitMs: number): void {
    const message = `the model ${nameOf(this.identity)} gave no answer within ${limitMs} ms`;
    const error = new ModelError(message, 'timeout', this.identity);
    if (this.#model.probe === undefined) this.#timeOut(call, questions, error);
    else this.#judge(call, questions, error);
  }

  /** Time is up for these questions, if the model is there. If it is not, they wait for it with the rest of the call. */
  #judge(call: Call<F, P>, questions: readonly Question<F, P>[], error: ModelError): void {
    const isKnownAway = () => this.#presence.availability.state !== 'available' && !call.isTrial;
    const judge = (there: boolean) => {
      if (there && !isKnownAway()) {
        this.#timeOut(call, questions, error);
      } else if (call.underWay) {
        this.#queue.putBack(call.questions.filter((question) => question.open));
        this.#abandon(call, error);
      }
      this.#send();
    };
    if (isKnownAway()) judge(false);
    else this.#presence.doubt(judge);
  }

  #timeOut(call: Call<F, P>, questions: readonly Question<F, P>[], error: ModelError): void {
    const expired = questions.filter((question) => question.open);
    this.#counts.timedOut(expired.length);
    for (const question of expired) question.open = false;
    const isOver = !call.questions.some((question) => question.open);
    for (const question of expired) this.#deliver(question, error, undefined);
    if (isOver && call.underWay) {
      this.#abandon(call, error);
      if (call.isTrial) this.#presence.answered();
    }
    this.#send();
  }

  /** Settles all before it calls anybody back: a callback may ask again. */
  #answerAll(questions: readonly Question<F, P>[], error: Error): void {
    const open = questions.filter((question) => question.open);
    for (const question of open) question.open = false;
    for (const question of open) this.#deliver(question, error, undefined);
  }

  #deliver(question: Question<F, P>, error: Error | null, prediction: P | undefined, identity?: ModelIdentity): void {
    try {
      question.answered(error, prediction, identity);
    } catch (thrown) {
      // The other rows of the batch get their answers first. Then it is thrown where nobody catches it, as RxJS does.
      this.#clock.after(0, () => {
        throw thrown;
      });
    }
  }
}

function wholeNumber(setting: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ConfigurationError(`${setting}: ${value} is not a whole number of at least ${least}`, setting);
}
