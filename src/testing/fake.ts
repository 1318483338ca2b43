import { type Clock, delay } from '../clock.js';
import type { Model, ModelDeclaration, ModelIdentity } from '../model/model.js';

export interface FakeOptions<F, P> {
  /** What it answers, or how: called with the features. What it throws is that row's batch's error. */
  readonly answer: P | ((features: F) => P);
  /** Milliseconds of virtual time until it answers. Default 0: at the end of the tick. */
  readonly delay?: number;
  readonly version?: string;
}

/**
 * A model for tests: answers as it is told, after a virtual delay, and counts its questions. It stands for the declared
 * model wherever one is wanted, in `predict` and in the `models` of a driver.
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
    this.identity = { name: declaration.name, version: options.version ?? 'fake' };
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

  async predict(rows: readonly F[]): Promise<readonly P[]> {
    this.questions.push(...rows);
    this.batches.push(rows.length);
    const { answer, delay: delayMs = 0 } = this.#options;
    if (delayMs > 0) {
      if (this.#clock === undefined)
        throw new Error(`fake('${this.name}') has a delay and no clock: call runOn(clock)`);
      await delay(this.#clock, delayMs);
    }
    return rows.map((row) => (typeof answer === 'function' ? (answer as (features: F) => P)(row) : answer));
  }

  async close(): Promise<void> {
    // Nothing to release.
  }
}

/**
 * Makes a fake of a declared model.
 *
 * @example
 * const model = fake(fordPrice, { delay: 200, answer: (car) => car.year * 10 });
 */
export function fake<F, P>(declaration: ModelDeclaration<F, P>, options: FakeOptions<F, P>): FakeModel<F, P> {
  return new FakeModel(declaration, options);
}
