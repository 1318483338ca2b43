/**
 * What operators use when they are called by hand: a clock, in-memory stores, and models if the caller has some.
 *
 * A test kit puts its own environment in place for the length of a test, so that the test can look into the stores.
 */
import { type Clock, systemClock } from '../clock.js';
import { TopologyError } from '../errors.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import { inMemoryStore } from '../state/in-memory-store.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';

export interface Environment {
  readonly clock: Clock;
  store<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V>;
  oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P>;
}

/** A fresh environment: the machine's clock, empty stores, no models. */
export function plainEnvironment(clock: Clock = systemClock): Environment {
  const stores = new Map<string, KeyValueStore<never, never>>();
  return {
    clock,
    store<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V> {
      const known = stores.get(declaration.name) as KeyValueStore<K, V> | undefined;
      if (known !== undefined) return known;
      const store: KeyValueStore<K, V> = inMemoryStore(declaration, () => clock.now());
      stores.set(declaration.name, store as unknown as KeyValueStore<never, never>);
      return store;
    },
    oracle(model) {
      throw new TopologyError(
        `the model '${model.name}' is not bound: called by hand, predict() needs a model that can answer. ` +
          `In a test use fake(model, { answer }) of millrace/testing.`,
        model.name,
      );
    },
  };
}

let current: Environment | undefined;

/** The environment of the running test, or a fresh one. */
export function currentEnvironment(): Environment {
  return current ?? plainEnvironment();
}

/** Puts an environment in place until the returned function is called. */
export function enterEnvironment(environment: Environment): () => void {
  const before = current;
  current = environment;
  return () => {
    current = before;
  };
}

let workingTask: string | undefined;

/** The task whose record is being worked on, if any: no operator may be subscribed by hand meanwhile. */
export function taskAtWork(): string | undefined {
  return workingTask;
}

/** Says which task is at work. Set by the runtime around every piece of work on a record. */
export function setTaskAtWork(task: string | undefined): void {
  workingTask = task;
}
