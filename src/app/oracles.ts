import type { Clock } from '../clock.js';
import { ConfigurationError } from '../errors.js';
import type { Availability } from '../model/availability.js';
import { type Batcher, batcher } from '../model/batcher.js';
import type { Model, ModelDeclaration, Oracle } from '../model/model.js';
import type { Topology } from '../topology/graph.js';
import type { ModelBinding } from './config.js';

/** Told how the models of an application are, by their names. */
export interface OraclesListener {
  wentAway(model: string, away: Availability & { state: 'away' }): void;
  cameBack(model: string, afterMs: number): void;
  /** It will not answer before a setting is changed; what it was asked stays open. */
  refused(model: string, error: ConfigurationError): void;
}

/** The models of an application, opened once and shared by its tasks. */
export class Oracles {
  readonly #batchers = new Map<string, Batcher<never, never>>();
  readonly #models: Model[] = [];

  /**
   * Opens the models that the topology names.
   *
   * @throws ConfigurationError when one is not bound
   */
  async open(
    topology: Topology,
    models: Readonly<Record<string, Model | ModelBinding>>,
    clock: Clock,
    listener: OraclesListener,
  ): Promise<void> {
    for (const { name } of declaredModels(topology)) {
      const bound = models[name];
      if (bound === undefined) {
        throw new ConfigurationError(
          `models.${name}: the topology '${topology.name}' asks the model '${name}', and nothing is bound to it: ` +
            `bind one, e.g. models: { '${name}': onnx('model.onnx') }`,
          `models.${name}`,
        );
      }
      const { model, ...configured } = 'model' in bound ? bound : { model: bound };
      await model.open();
      this.#models.push(model);
      const asked = batcher(model, { ...model.batching, ...configured }, clock, {
        wentAway: (away) => listener.wentAway(name, away),
        cameBack: (afterMs) => listener.cameBack(name, afterMs),
        refused: (error) => listener.refused(name, error),
      });
      this.#batchers.set(name, asked as Batcher<never, never>);
    }
  }

  of<F, P>({ name }: ModelDeclaration<F, P>): Oracle<F, P> {
    return this.#batchers.get(name) as unknown as Oracle<F, P>;
  }

  /** Batchers by the model's name, for the metrics. */
  get all(): ReadonlyMap<string, Batcher<never, never>> {
    return this.#batchers;
  }

  async close(): Promise<void> {
    for (const asked of this.#batchers.values()) asked.close();
    for (const model of this.#models) await model.close();
    this.#batchers.clear();
    this.#models.length = 0;
  }
}

function declaredModels(topology: Topology): readonly ModelDeclaration[] {
  const byName = new Map<string, ModelDeclaration>();
  for (const { nodes } of topology.subtopologies) {
    for (const node of nodes) {
      if (node.role !== 'processor') continue;
      for (const model of node.operator.models) byName.set(model.name, model);
    }
  }
  return [...byName.values()];
}
