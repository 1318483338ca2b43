import { type Clock, delay } from '../clock.js';
import { asError, ConfigurationError } from '../errors.js';
import type { Model, ModelDeclaration, ModelIdentity } from '../model/model.js';

/** How a {@link fake} answers. */
export interface FakeOptions<F, P> {
  /**
   * What it answers, or how: called with the features of each row. An `Error`, returned or thrown, is the failure of
   * that row alone; the other rows of the batch are answered.
   */
  readonly answer: P | Error | ((features: F) => P | Error);
  /**
   * Milliseconds of virtual time until it answers, for all rows or by the features of each; `Infinity`: never. Default
   * 0: at the end of the tick. A batch is answered when its slowest row is, as a real model answers; so what is asked
   * in different frames overtakes, and what is asked in one frame does not.
   */
  readonly delay?: number | ((features: F) => number);
  /** Default: `fake`. What another version said is not remembered. */
  readonly version?: string;
}

/**
 * A model for tests: answers or fails as it is told, after a virtual delay, and counts its questions. It stands for the
 * declared model wherever one is wanted, in `predict` and in the `models` of a driver.
 */
export class FakeModel<F, P> implements Model<F, P>, ModelDeclaration<F, P> {
  readonly name: string;
  readonly identity: ModelIdentity;
  /** Every question, in the order of asking. */
  readonly questions: F[] = [];
  /** Rows of each call. */
  readonly batches: number[] = [];
  readonly #options: FakeOptions<F, P>;
  #clock: Clock | undefined;

  constructor(declaration: ModelDeclaration<F, P>, options: FakeOptions<F, P>) {
    this.name = declaration.name;
    this.identity = Object.freeze({ name: declaration.name, version: options.version ?? 'fake' });
    this.#options = options;
  }

  /** Number of questions so far. */
  get asked(): number {
    return this.questions.length;
  }

  /** The clock in which its delay passes; a driver or a marble test sets its own. */
  runOn(clock: Clock): void {
    this.#clock = clock;
  }

  async open(): Promise<void> {
    // Nothing to load.
  }

  /** Answers a batch; an `Error` in the place of a prediction is the failure of that row. */
  async predict(rows: readonly F[], signal?: AbortSignal): Promise<readonly P[]> {
    this.questions.push(...rows);
    this.batches.push(rows.length);
    await this.#wait(Math.max(...rows.map((row) => this.#delayOf(row))), signal);
    return rows.map((row) => this.#answerTo(row) as P);
  }

  async close(): Promise<void> {
    // Nothing to release.
  }

  async #wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (delayMs === 0) return;
    if (delayMs === Number.POSITIVE_INFINITY) {
      await new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(asError(signal.reason))));
      return;
    }
    if (this.#clock === undefined) {
      throw new Error(`fake('${this.name}') has a delay and no clock: call runOn(clock)`);
    }
    await delay(this.#clock, delayMs);
  }

  #delayOf(row: F): number {
    const { delay: given = 0 } = this.#options;
    const delayMs = typeof given === 'function' ? given(row) : given;
    if (delayMs >= 0) return delayMs;
    throw new ConfigurationError(
      `the delay of fake('${this.name}') is ${delayMs} for ${JSON.stringify(row)}: it takes milliseconds, 0 or more`,
      'delay',
    );
  }

  #answerTo(row: F): P | Error {
    const { answer } = this.#options;
    if (typeof answer !== 'function') return answer;
    try {
      return (answer as (features: F) => P | Error)(row);
    } catch (thrown) {
      return asError(thrown);
    }
  }
}

/**
 * Makes a fake of a declared model.
 *
 * @example
 * const slow = fake(fordPrice, { delay: 200, answer: (car) => car.year * 10 });
 * const picky = fake(fordPrice, { answer: (car) => (car.year === null ? new Error('no year') : 9000) });
 * const overtaken = fake(fordPrice, { delay: (car) => (car.model === 'Focus' ? 5 : 1), answer: 9000 });
 */
export function fake<F, P>(
  declaration: ModelDeclaration<F, P>,
  options: FakeOptions<NoInfer<F>, NoInfer<P>>,
): FakeModel<F, P> {
  return new FakeModel(declaration, options);
}
