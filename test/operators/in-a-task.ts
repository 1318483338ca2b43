/**
 * Runs operators as the runtime does: in a task, wired behind a source and before a sink. Records go in and come out as
 * they are, without serdes, so that what a table says of an Observable can be said of a task.
 */
import type { ConsumedRecord, ProduceRequest } from '../../src/brokers/port.js';
import type { Clock } from '../../src/clock.js';
import type { ErrorDecision } from '../../src/error-handler.js';
import type { RecordError } from '../../src/errors.js';
import { type Batcher, batcher } from '../../src/model/batcher.js';
import type { ModelDeclaration, Oracle } from '../../src/model/model.js';
import type { Operator } from '../../src/operators/operator.js';
import { NO_HEADERS, type StreamRecord } from '../../src/record.js';
import { Task } from '../../src/runtime/task.js';
import type { Unit } from '../../src/runtime/unit.js';
import { type Codec, wire } from '../../src/runtime/wiring.js';
import { json } from '../../src/serde/json.js';
import { HotCaches } from '../../src/state/hot-cache.js';
import { LayeredStore } from '../../src/state/layered-store.js';
import { memoryEngines } from '../../src/state/memory.js';
import type { KeyValueStore, StoreDeclaration } from '../../src/state/store.js';
import { FakeModel } from '../../src/testing/fake.js';
import type { Happening } from '../../src/testing/happenings.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';

const input = topic('in', { key: json(), value: json() });
const output = topic('out', { key: json(), value: json() });
const deadLetters = 'dead-letters';

export class OneTask {
  /** What was let go of, by the frames of the clock. */
  readonly released: Happening[] = [];
  /** Why records were skipped or dead-lettered, in order. */
  readonly dropped: RecordError[] = [];
  /** The records that became dead letters. */
  readonly deadLetters: StreamRecord[] = [];
  /** Why the task stopped, if it did. */
  stopped: RecordError | undefined;
  readonly #clock: Clock;
  readonly #decision: ErrorDecision;
  readonly #task: Task;
  readonly #stores: LayeredStore<unknown, unknown>[] = [];
  readonly #batchers = new Map<string, Batcher<unknown, unknown>>();
  readonly #taken: StreamRecord[] = [];
  readonly #written = new WeakMap<ProduceRequest, StreamRecord>();

  /** @param decision what becomes of records that fail */
  static async open(
    operator: Operator<never, StreamRecord>,
    clock: Clock,
    decision: ErrorDecision = 'skip',
  ): Promise<OneTask> {
    const task = new OneTask(clock, decision);
    await task.#wire(operator as unknown as Operator<StreamRecord, StreamRecord>);
    return task;
  }

  private constructor(clock: Clock, decision: ErrorDecision) {
    this.#clock = clock;
    this.#decision = decision;
    this.#task = new Task('0_0', 0, {
      clock,
      oracle: (model) => this.#oracle(model),
      handler: () => () => this.#decision,
      deadLetter: (raw) => {
        const request = this.#request(deadLetters);
        this.#written.set(request, this.#taken[raw.offset]!);
        return request;
      },
      finished: (unit) => this.#finished(unit),
      stopped: (error) => {
        this.stopped = error;
      },
      count: () => undefined,
      dropped: (error) => this.dropped.push(error),
    });
  }

  /** Records that are not finished. */
  get inFlight(): number {
    return this.#task.inFlight;
  }

  process(record: StreamRecord): void {
    this.#taken.push(record);
    this.#task.process({ ...this.#request(input.name), partition: 0, offset: this.#taken.length - 1 });
  }

  store<K, V>({ name }: StoreDeclaration<K, V>): KeyValueStore<K, V> {
    const store = this.#stores.find((each) => each.name === name);
    if (store === undefined) throw new Error(`no operator of the case has the store '${name}'`);
    return store as unknown as KeyValueStore<K, V>;
  }

  close(): void {
    this.#task.close();
    for (const asked of this.#batchers.values()) asked.close();
  }

  async #wire(operator: Operator<StreamRecord, StreamRecord>): Promise<void> {
    const { subtopologies } = topology('one-task', ({ stream }) => {
      // Nothing follows a foreach, whatever the type says.
      stream(input).pipe(operator)?.to(output);
    });
    const [subtopology] = subtopologies;
    const engines = memoryEngines();
    for (const declaration of subtopology!.stores) {
      const engine = await engines.open(declaration.name);
      const options = { caches: new HotCaches(100), now: () => this.#clock.now() };
      this.#stores.push(new LayeredStore(declaration, engine, this.#task, options));
    }
    const codec: Codec = {
      read: (_source, raw: ConsumedRecord) => this.#taken[raw.offset]!,
      write: (_node, to, record) => {
        const request = this.#request(to.name);
        this.#written.set(request, record);
        return request;
      },
    };
    wire(this.#task, subtopology!, this.#stores, codec, { tap: () => ({ listener: undefined }) });
  }

  #finished(unit: Unit): void {
    for (const { request } of unit.orderedOutputs()) {
      const record = this.#written.get(request)!;
      if (request.topic === deadLetters) this.deadLetters.push(record);
      else this.released.push({ frame: this.#clock.now(), kind: 'record', record });
    }
    for (const store of this.#stores) {
      store.takeUpTo(unit.sequence);
      void store.committed(unit.sequence);
    }
  }

  #request(name: string): Omit<ConsumedRecord, 'partition' | 'offset'> & { partition: undefined } {
    return { topic: name, partition: undefined, key: null, value: null, timestamp: 0, headers: NO_HEADERS };
  }

  #oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P> {
    if (!(model instanceof FakeModel)) throw new Error(`the case asks '${model.name}', which is no fake`);
    const known = this.#batchers.get(model.name) ?? batcher(model, {}, this.#clock);
    this.#batchers.set(model.name, known);
    return known as Oracle<F, P>;
  }
}
