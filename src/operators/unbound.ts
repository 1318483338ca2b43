/**
 * Runs one node by hand: as the plain RxJS operator function that it is, with in-memory state.
 *
 * Order is kept as in a task: a ticket holds the stream open until it is given back. An error errors the stream, as
 * RxJS has it; there are no handlers, transactions or re-runs here.
 */
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { Timer } from '../clock.js';
import { RecordError, TopologyError } from '../errors.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import type { StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { currentEnvironment, type Environment, taskAtWork } from './environment.js';
import type { Forward, OperatorContext, OperatorNode, Ticket } from './operator.js';

interface HeldRecord extends Ticket {
  readonly record: StreamRecord;
  finished: boolean;
  failed: boolean;
  waiting: (() => void)[];
}

class UnboundContext implements OperatorContext {
  readonly node: string;
  readonly #environment: Environment;
  readonly #declared: readonly StoreDeclaration[];
  readonly #out: Subscriber<StreamRecord>;
  readonly #closing: (() => void)[] = [];
  #sequence = 0;
  #working: StreamRecord | undefined;
  #held = 0;
  #sourceCompleted = false;
  #streamTime = -1;

  constructor(node: OperatorNode, environment: Environment, out: Subscriber<StreamRecord>) {
    this.node = node.name ?? node.kind;
    this.#declared = node.stores;
    this.#environment = environment;
    this.#out = out;
  }

  get clock() {
    return this.#environment.clock;
  }

  work(record: StreamRecord, process: Forward): void {
    this.#sequence += 1;
    this.#working = record;
    this.#streamTime = Math.max(this.#streamTime, record.timestamp);
    this.#guard(() => process(record));
  }

  sourceCompleted(): void {
    this.#sourceCompleted = true;
    this.#completeWhenIdle();
  }

  close(): void {
    for (const callback of this.#closing) callback();
  }

  streamTime(): number {
    return this.#streamTime;
  }

  redriven(): boolean {
    return false;
  }

  store<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V> {
    if (!this.#declared.some((declared) => declared.name === declaration.name)) {
      throw new TopologyError(`'${this.node}' uses the store '${declaration.name}' without declaring it`, this.node);
    }
    return this.#environment.store(declaration);
  }

  oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P> {
    return this.#environment.oracle(model);
  }

  child(name: string): Forward {
    throw new TopologyError(`'${name}' is a branch: split() works in a topology, not on an Observable`, name);
  }

  hold(): Ticket {
    if (this.#working === undefined) throw new TopologyError(`'${this.node}' holds a record while none is worked on`);
    this.#held += 1;
    const held: HeldRecord = {
      sequence: this.#sequence,
      record: this.#working,
      stale: false,
      finished: false,
      failed: false,
      kept: undefined,
      waiting: [],
    };
    return held;
  }

  resume(ticket: Ticket, deliver: () => void): void {
    this.#working = (ticket as HeldRecord).record;
    this.#guard(deliver);
    this.#giveBack(ticket as HeldRecord);
  }

  fail(ticket: Ticket, error: Error, onError?: (error: RecordError) => string): void {
    const { record } = ticket as HeldRecord;
    const failure = new RecordError(error.message, 'processing', record, this.node, { cause: error });
    (ticket as HeldRecord).failed = true;
    if (onError?.(failure) !== 'skip') this.#out.error(error);
    this.#giveBack(ticket as HeldRecord);
  }

  whenFinished(earlier: Ticket, waiting: Ticket, callback: () => void): void {
    const held = earlier as HeldRecord;
    const run = () => {
      this.#working = (waiting as HeldRecord).record;
      callback();
    };
    if (held.finished) run();
    else held.waiting.push(run);
  }

  schedule(intervalMs: number, type: 'stream-time' | 'wall-clock-time', callback: (timestamp: number) => void): Timer {
    if (type === 'stream-time') {
      throw new TopologyError(`'${this.node}' schedules by stream time: that needs a task; use TopologyTestDriver`);
    }
    let timer: Timer | undefined;
    const next = () => {
      timer = this.clock.after(intervalMs, () => {
        this.#guard(() => callback(this.clock.now()));
        next();
      });
    };
    next();
    const cancel = () => timer?.cancel();
    this.onClose(cancel);
    return { cancel };
  }

  count(): void {
    // Counts belong to an application.
  }

  onClose(callback: () => void): void {
    this.#closing.push(callback);
  }

  #giveBack(held: HeldRecord): void {
    held.finished = true;
    this.#held -= 1;
    for (const callback of held.waiting) this.#guard(callback);
    this.#completeWhenIdle();
  }

  #guard(run: () => void): void {
    if (this.#out.closed) return;
    try {
      run();
    } catch (error) {
      this.#out.error(error);
    }
  }

  #completeWhenIdle(): void {
    if (this.#sourceCompleted && this.#held === 0) this.#out.complete();
  }
}

/** The operator function of a node called by hand. */
export function runUnbound(node: OperatorNode): OperatorFunction<StreamRecord, StreamRecord> {
  return (source) => {
    const environment = currentEnvironment();
    return new Observable<StreamRecord>((out) => {
      const task = taskAtWork();
      if (task !== undefined) {
        throw new TopologyError(
          `an operator of millrace (${node.kind}) was subscribed by hand while task ${task} is working on a record: ` +
            `inside a topology join operators with compose(a, b), so that the task can bind them`,
        );
      }
      const context = new UnboundContext(node, environment, out);
      const process = node.bind(context, (record) => out.next(record));
      const subscription = source.subscribe({
        next: (record) => context.work(record, process),
        error: (error) => out.error(error),
        complete: () => context.sourceCompleted(),
      });
      return () => {
        subscription.unsubscribe();
        context.close();
      };
    });
  };
}
