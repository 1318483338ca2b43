import type { ModelBinding } from '../app/config.js';
import { type Batcher, batcher } from '../model/batcher.js';
import type { Model, ModelDeclaration, Oracle } from '../model/model.js';
import { FakeModel } from './fake.js';
import type { VirtualClock } from './virtual-clock.js';

/** How long a model that answers in real time is waited for. */
const PATIENCE_MS = 10_000;

/** The models of a driver: fakes answer in its virtual time, others when they answer. */
export class DriverModels {
  readonly #clock: VirtualClock;
  readonly #models: readonly Model[];
  readonly #batchers = new Map<string, Batcher<unknown, unknown>>();
  /** The batchers of models that answer in real time. */
  readonly #real: Batcher<unknown, unknown>[] = [];

  private constructor(models: Readonly<Record<string, Model | ModelBinding>>, clock: VirtualClock) {
    this.#models = Object.values(models).map(modelOf);
    this.#clock = clock;
    for (const [name, bound] of Object.entries(models)) {
      const { model, ...configured } = 'model' in bound ? bound : { model: bound };
      const asked = batcher(model, { ...model.batching, ...configured }, clock);
      if (model instanceof FakeModel) model.runOn(clock);
      else this.#real.push(asked);
      this.#batchers.set(name, asked);
    }
  }

  /** Opens all of them, or none. */
  static async open(
    models: Readonly<Record<string, Model | ModelBinding>>,
    clock: VirtualClock,
  ): Promise<DriverModels> {
    const opened: Model[] = [];
    try {
      for (const model of Object.values(models).map(modelOf)) {
        await model.open();
        opened.push(model);
      }
    } catch (error) {
      for (const model of opened) await model.close();
      throw error;
    }
    return new DriverModels(models, clock);
  }

  /** @throws Error when the test gave no model of this name */
  oracle<F, P>({ name }: ModelDeclaration<F, P>): Oracle<F, P> {
    const asked = this.#batchers.get(name);
    if (asked === undefined) {
      throw new Error(`the model '${name}' is not bound: give the driver models: { '${name}': fake(…) }`);
    }
    return asked as unknown as Oracle<F, P>;
  }

  /** Resolves when promises have settled and no model computes in real time; virtual time stands still. */
  async quiet(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      await this.#clock.settle();
      if (!this.#real.some(({ stats }) => stats.callsUnderWay > 0)) return;
      if (Date.now() > until) throw new Error(`a model has not answered within ${PATIENCE_MS} ms`);
    }
  }

  async close(): Promise<void> {
    for (const asked of this.#batchers.values()) asked.close();
    for (const model of this.#models) await model.close();
  }
}

function modelOf(bound: Model | ModelBinding): Model {
  return 'model' in bound ? bound.model : bound;
}
