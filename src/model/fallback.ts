/**
 * Two models as one: when the main one fails or is away, the other stands in.
 *
 * F1. An answer of the stand-in carries its name and version, so it is never taken for one of the main model.
 * F2. What is the row's own fault (`invalid-question`) stays it: the stand-in is not asked.
 * F3. While the main model is away it is tried again now and then, by one call at a time; all others go to the stand-in at
 *     once. Only when both are away do rows wait.
 */
import { type Clock, systemClock, type Timer } from '../clock.js';
import { asError, ConfigurationError } from '../errors.js';
import { AnsweredBy } from './answered-by.js';
import { AVAILABLE, type Availability, foundAway } from './availability.js';
import { BatchRefused } from './batch-refused.js';
import type { BatchingOptions, Model, ModelFigures, ModelIdentity } from './model.js';
import { ModelAway } from './model-away.js';
import { ModelError, nameOf } from './model-error.js';
import { refusalOf } from './refusal.js';

/** What {@link fallback} is told. */
export interface FallbackOptions {
  /** Milliseconds after which the main model counts as too slow, and the stand-in is asked. Default 5,000. */
  readonly after?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A model with another that stands in for it.
 *
 * What the stand-in answers is remembered under its own name and version, so that it is asked for again, and never served
 * from memory once the main model is back.
 *
 * @throws {ConfigurationError} when `after` is no time
 * @example
 * models: { 'ford-price': fallback(bentoml('http://127.0.0.1:3000', …), onnx('models/ford/ford_price.onnx')) }
 */
export function fallback<F, P>(main: Model<F, P>, standIn: Model<F, P>, options: FallbackOptions = {}): Model<F, P> {
  return new FallbackModel(main, standIn, options);
}

class FallbackModel<F, P> implements Model<F, P> {
  readonly #main: Model<F, P>;
  readonly #standIn: Model<F, P>;
  readonly #afterMs: number;
  readonly #clock: Clock;
  #availability: Availability = AVAILABLE;
  #trying = false;
  #stoodIn = 0;

  constructor(main: Model<F, P>, standIn: Model<F, P>, { after = 5_000, clock = systemClock }: FallbackOptions) {
    if (!(after > 0)) throw new ConfigurationError(`after: ${after} is not a time; give milliseconds above 0`, 'after');
    this.#main = main;
    this.#standIn = standIn;
    this.#afterMs = after;
    this.#clock = clock;
  }

  get identity(): ModelIdentity {
    return this.#main.identity;
  }

  get batching(): BatchingOptions {
    return this.#main.batching ?? {};
  }

  get figures(): ModelFigures {
    return {
      ...this.#main.figures,
      main: this.#availability,
      standIn: { identity: this.#standIn.identity, rows: this.#stoodIn, ...this.#standIn.figures },
    };
  }

  async open(): Promise<void> {
    await this.#main.open();
    await this.#standIn.open();
  }

  async predict(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    const missing = this.#leftAlone();
    if (missing !== undefined) return this.#insteadOf(missing, rows, signal);
    let answers: readonly P[];
    try {
      answers = await this.#askMain(rows, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof ConfigurationError) throw thrown;
      if (thrown instanceof BatchRefused && thrown.error.kind === 'invalid-question') throw thrown;
      return this.#insteadOf(asError(thrown), rows, signal);
    }
    return this.#completed(rows, answers, signal);
  }

  /** There is somebody to ask as long as one of the two is there. */
  async probe(signal: AbortSignal): Promise<void> {
    try {
      await this.#main.probe?.(signal);
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      await this.#standIn.probe?.(signal);
    }
  }

  async close(): Promise<void> {
    await this.#main.close();
    await this.#standIn.close();
  }

  /** Calls that were under way when it went away say nothing of it any more. */
  #found(availability: Availability, isTrial: boolean): void {
    if (isTrial || this.#availability.state === 'available') this.#availability = availability;
  }

  /** Why the main model is not asked now; undefined when it is. */
  #leftAlone(): ModelAway | undefined {
    const { state } = this.#availability;
    if (state !== 'away') return undefined;
    const { nextTryAt, because } = this.#availability;
    return this.#trying || this.#clock.now() < nextTryAt ? new ModelAway(because) : undefined;
  }

  async #askMain(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    const isTrial = this.#availability.state === 'away';
    if (isTrial) this.#trying = true;
    try {
      const answers = await this.#inTime(rows, signal);
      this.#found(AVAILABLE, isTrial);
      return answers;
    } catch (thrown) {
      const isAway = thrown instanceof ModelAway;
      const found = isAway ? foundAway(this.#availability, thrown, this.#clock.now()) : AVAILABLE;
      if (!signal.aborted) this.#found(found, isTrial);
      throw thrown;
    } finally {
      if (isTrial) this.#trying = false;
    }
  }

  async #inTime(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    let timer: Timer | undefined;
    const tooSlow = new Promise<never>((_, reject) => {
      timer = this.#clock.after(this.#afterMs, () => {
        // Whether it is away or only slow makes no difference to those who wait: it is left alone for a while.
        const error = new ModelAway(`the model ${nameOf(this.identity)} gave no answer within ${this.#afterMs} ms`);
        reject(error);
        controller.abort(error);
      });
    });
    try {
      return await Promise.race([this.#main.predict(rows, controller.signal), tooSlow]);
    } finally {
      timer?.cancel();
      signal.removeEventListener('abort', abort);
    }
  }

  /** Asks the stand-in for the rows that the main model gave no prediction for. */
  async #completed(rows: readonly F[], answers: readonly P[], signal: AbortSignal): Promise<readonly P[]> {
    const missing = answers.flatMap((answer, row) => {
      const error = answer instanceof AnsweredBy ? null : refusalOf(answer, this.identity);
      return error === null || error.kind === 'invalid-question' ? [] : [{ row, error }];
    });
    const [first] = missing;
    if (first === undefined || answers.length !== rows.length) return answers;
    const others = await this.#insteadOf(
      first.error,
      missing.map(({ row }) => rows[row]!),
      signal,
    );
    const completed = [...answers];
    missing.forEach(({ row }, index) => {
      completed[row] = others[index]!;
    });
    return completed;
  }

  async #insteadOf(error: Error, rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    let answers: readonly P[];
    try {
      answers = await this.#standIn.predict(rows, signal);
    } catch (thrown) {
      if (thrown instanceof ModelAway && !(error instanceof ModelAway)) throw error;
      if (!(thrown instanceof ModelAway)) throw thrown;
      const message = `${error.message}; and the model that stands in: ${thrown.message}`;
      throw new ModelAway(message, thrown.retryAfterMs, { cause: thrown });
    }
    const { identity } = this.#standIn;
    if (answers.length !== rows.length) {
      const message = `the model ${nameOf(identity)} was asked ${rows.length} rows and answered ${answers.length}`;
      throw new ModelError(message, 'invalid-answer', identity);
    }
    this.#stoodIn += rows.length;
    return answers.map((answer) => {
      if (answer instanceof Error || answer instanceof AnsweredBy) return answer;
      return (refusalOf(answer, identity) ?? new AnsweredBy(identity, answer)) as P;
    });
  }
}
