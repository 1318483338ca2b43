/**
 * A model on trial beside the one that answers.
 *
 * S1. The main model answers; nothing that the experimental one does, or fails to do, is waited for.
 * S2. It is asked the same rows while it has room: no more than `maxOutstanding` batches, none before it is open.
 * S3. What it leaves out or fails is counted, and in the figures.
 */
import { type Clock, systemClock } from '../clock.js';
import { asError, ConfigurationError } from '../errors.js';
import { AnsweredBy } from './answered-by.js';
import type { BatchingOptions, Model, ModelFigures, ModelIdentity } from './model.js';
import { refusalOf } from './refusal.js';

/** Two models said different things of the same row. */
export interface Difference<F, P> {
  readonly features: F;
  readonly main: { readonly model: ModelIdentity; readonly prediction: P };
  readonly experimental: { readonly model: ModelIdentity; readonly prediction: P };
}

/** What {@link shadow} is told. */
export interface ShadowOptions<P> {
  /** What counts as a difference. Default: predictions that are not the same (`Object.is`). */
  readonly differs?: (main: P, experimental: P) => boolean;
  /** Most batches that the experimental model has open; it is not asked what comes meanwhile. Default 2. */
  readonly maxOutstanding?: number;
  /** Milliseconds after which a batch of the experimental model is given up. Default 10,000. */
  readonly timeout?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * The main model, with an experimental one beside it that is asked the same.
 *
 * @param onDifference told of each row that they price differently; what it throws is counted, and goes no further
 * @throws {ConfigurationError} when `maxOutstanding` or `timeout` is not above 0
 * @example
 * shadow(onnx('ford_price.onnx'), onnx('ford_price_2.onnx'), ({ features, main, experimental }) => …,
 *   { differs: (a, b) => Math.abs(a - b) > 100 })
 */
export function shadow<F, P>(
  main: Model<F, P>,
  experimental: Model<F, P>,
  onDifference: (difference: Difference<F, P>) => void,
  options: ShadowOptions<P> = {},
): Model<F, P> {
  return new ShadowedModel(main, experimental, onDifference, options);
}

class ShadowedModel<F, P> implements Model<F, P> {
  readonly #main: Model<F, P>;
  readonly #experimental: Model<F, P>;
  readonly #onDifference: (difference: Difference<F, P>) => void;
  readonly #options: Required<ShadowOptions<P>>;
  readonly #counts = { compared: 0, different: 0, leftOut: 0, failed: 0 };
  readonly #underWay = new Set<AbortController>();
  #isOpen = false;
  #opening: Promise<void> = Promise.resolve();
  #lastError: string | undefined;

  constructor(
    main: Model<F, P>,
    experimental: Model<F, P>,
    onDifference: (difference: Difference<F, P>) => void,
    options: ShadowOptions<P>,
  ) {
    this.#main = main;
    this.#experimental = experimental;
    this.#onDifference = onDifference;
    const differs = (one: P, other: P) => !Object.is(one, other);
    this.#options = { differs, maxOutstanding: 2, timeout: 10_000, clock: systemClock, ...options };
    for (const setting of ['maxOutstanding', 'timeout'] as const) {
      if (this.#options[setting] > 0) continue;
      throw new ConfigurationError(`${setting}: ${this.#options[setting]} is not above 0`, setting);
    }
    // The batcher looks before a late answer counts only where there is something to look at.
    if (main.probe !== undefined) this.probe = (signal) => main.probe!(signal);
  }

  readonly probe?: (signal: AbortSignal) => Promise<void>;

  get identity(): ModelIdentity {
    return this.#main.identity;
  }

  get batching(): BatchingOptions {
    return this.#main.batching ?? {};
  }

  get figures(): ModelFigures {
    const lastError = this.#lastError === undefined ? {} : { lastError: this.#lastError };
    return { ...this.#main.figures, experimental: { ...this.#counts, ...lastError } };
  }

  async open(): Promise<void> {
    await this.#main.open();
    this.#opening = this.#experimental.open().then(
      () => {
        this.#isOpen = true;
      },
      (error) => this.#failed(1, error),
    );
  }

  async predict(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    const answering = this.#main.predict(rows, signal);
    if (this.#isOpen && this.#underWay.size < this.#options.maxOutstanding) void this.#compare(rows, answering);
    else this.#counts.leftOut += rows.length;
    return answering;
  }

  async close(): Promise<void> {
    for (const controller of this.#underWay) controller.abort(new Error('the application is stopping'));
    await this.#main.close();
    await this.#opening;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#experimental.close();
    } catch (error) {
      this.#failed(1, error);
    }
  }

  /** Never throws. */
  async #compare(rows: readonly F[], answering: Promise<readonly P[]>): Promise<void> {
    const controller = new AbortController();
    this.#underWay.add(controller);
    const aborted = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(asError(controller.signal.reason)));
    });
    const timer = this.#options.clock.after(this.#options.timeout, () => {
      controller.abort(new Error(`no answer within ${this.#options.timeout} ms`));
    });
    try {
      const asked = this.#experimental.predict(rows, controller.signal);
      const main = answering.catch(() => undefined);
      const [answers, experimental] = await Promise.race([Promise.all([main, asked]), aborted]);
      if (experimental.length !== rows.length) {
        throw new Error(`was asked ${rows.length} rows and answered ${experimental.length}`);
      }
      if (answers === undefined) {
        this.#counts.leftOut += rows.length;
        return;
      }
      rows.forEach((features, row) => {
        this.#compareRow(features, answers[row]!, experimental[row]!);
      });
    } catch (error) {
      this.#failed(rows.length, error);
    } finally {
      timer.cancel();
      this.#underWay.delete(controller);
    }
  }

  #compareRow(features: F, answered: P, tried: P): void {
    const main = said(answered, this.#main.identity);
    const experimental = said(tried, this.#experimental.identity);
    // What the main model cannot answer has its own error already.
    if (refusalOf(main.prediction, main.model) !== null) return;
    const refusal = refusalOf(experimental.prediction, experimental.model);
    if (refusal !== null) {
      this.#failed(1, refusal);
      return;
    }
    this.#counts.compared += 1;
    try {
      if (!this.#options.differs(main.prediction, experimental.prediction)) return;
      this.#counts.different += 1;
      this.#onDifference({ features, main, experimental });
    } catch (error) {
      this.#failed(1, error);
    }
  }

  #failed(rows: number, thrown: unknown): void {
    this.#counts.failed += rows;
    this.#lastError = asError(thrown).message;
  }
}

function said<P>(answer: P, asked: ModelIdentity): { readonly model: ModelIdentity; readonly prediction: P } {
  if (answer instanceof AnsweredBy) return { model: answer.identity, prediction: answer.prediction as P };
  return { model: asked, prediction: answer };
}
