import type { Clock, Timer } from '../clock.js';
import type { ErrorHandler } from '../error-handler.js';
import { TopologyError } from '../errors.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import type { Countable, Forward, OperatorContext, PunctuationType, Ticket } from '../operators/operator.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { Located, located } from './failure.js';
import type { Task } from './task.js';

/** What the operator of one node of a task may use. */
export class TaskContext implements OperatorContext {
  readonly node: string;
  readonly #task: Task;
  /** The node's place in the topology; names the lane behind it when it is asynchronous. */
  readonly #lane: number;
  readonly #stores: ReadonlyMap<string, KeyValueStore>;
  readonly #children: ReadonlyMap<string, Forward>;

  constructor(
    task: Task,
    node: string,
    lane: number,
    stores: ReadonlyMap<string, KeyValueStore>,
    children: ReadonlyMap<string, Forward>,
  ) {
    this.#task = task;
    this.node = node;
    this.#lane = lane;
    this.#stores = stores;
    this.#children = children;
  }

  get clock(): Clock {
    return this.#task.port.clock;
  }

  streamTime(): number {
    return this.#task.streamTime;
  }

  redriven(): boolean {
    return this.#task.redriven;
  }

  store<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V> {
    const store = this.#stores.get(declaration.name);
    if (store === undefined) {
      throw new TopologyError(
        `'${this.node}' uses the store '${declaration.name}' without declaring it: list it in the operator's stores`,
        this.node,
      );
    }
    return store as unknown as KeyValueStore<K, V>;
  }

  oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P> {
    return this.#task.port.oracle(model);
  }

  child(name: string): Forward {
    const child = this.#children.get(name);
    if (child === undefined) throw new TopologyError(`'${this.node}' has no child named '${name}'`, this.node);
    return child;
  }

  hold(): Ticket {
    return this.#task.hold(this.#lane);
  }

  resume(ticket: Ticket, deliver: () => void): void {
    this.#task.resume(ticket, this.node, deliver);
  }

  fail(ticket: Ticket, error: Error, onError?: ErrorHandler): void {
    this.#task.fail(ticket, new Located(error, this.node, 'processing'), onError);
  }

  whenFinished(earlier: Ticket, waiting: Ticket, callback: () => void): void {
    this.#task.whenFinished(earlier, waiting, this.#guarded(callback));
  }

  schedule(intervalMs: number, type: PunctuationType, callback: (timestamp: number) => void): Timer {
    const { schedules } = this.#task;
    const run = (timestamp: number) => this.#guarded(() => callback(timestamp))();
    return type === 'stream-time' ? schedules.byStreamTime(intervalMs, run) : schedules.byWallClock(intervalMs, run);
  }

  count(what: Countable): void {
    this.#task.port.count(what);
  }

  onClose(callback: () => void): void {
    this.#task.onClose(callback);
  }

  #guarded(run: () => void): () => void {
    return () => {
      try {
        run();
      } catch (thrown) {
        throw located(thrown, this.node, 'processing');
      }
    };
  }
}
