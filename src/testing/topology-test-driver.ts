/**
 * Runs a topology in a test: the production task code on one partition of each topic, without a broker, with a clock
 * that stands still until it is advanced. Kafka Streams' `TopologyTestDriver`, with `settled()` for what is
 * asynchronous.
 */
import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import { always, type ErrorDecision, type ErrorHandler } from '../error-handler.js';
import type { RecordError } from '../errors.js';
import { type Batcher, batcher } from '../model/batcher.js';
import type { Model, ModelDeclaration, Oracle } from '../model/model.js';
import type { Countable } from '../operators/operator.js';
import { TopicCodec, type TopicSerdes } from '../runtime/codec.js';
import { deadLetter } from '../runtime/dead-letter.js';
import { Task, type TaskPort } from '../runtime/task.js';
import type { Unit } from '../runtime/unit.js';
import { wire } from '../runtime/wiring.js';
import type { Encoding, EncodingName } from '../serde/encoding.js';
import { LayeredStore } from '../state/layered-store.js';
import { memoryEngines } from '../state/memory.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import type { Subtopology, Topology } from '../topology/graph.js';
import { serdesFor, type TopicDeclaration } from '../topology/topic.js';
import { FakeModel } from './fake.js';
import { TestInputTopic } from './test-input-topic.js';
import { TestOutputTopic } from './test-output-topic.js';
import { VirtualClock } from './virtual-clock.js';

export interface TopologyTestDriverOptions {
  /** Models by the names that the topology uses: `fake(…)`, or real ones (open them before). */
  readonly models?: Readonly<Record<string, Model>>;
  /** How topics are encoded, here as in production. Default `connect-json`. */
  readonly encoding?: EncodingName | Encoding;
  /** What happens to a record that fails. Default `fail`: `pipeInput` throws. */
  readonly onError?: ErrorDecision | ErrorHandler;
  /** What the wall clock shows at the start, milliseconds since the epoch. Default 0. */
  readonly initialWallClockTimeMs?: number;
}

interface Running {
  readonly task: Task;
  readonly stores: readonly LayeredStore<unknown, unknown>[];
}

/** Where dead letters go, to be read with `createOutputTopic`. */
export const DEAD_LETTERS = 'dead-letters';

/** Real turns of the event loop that `settled` gives an asynchronous call that is not in virtual time. */
const PATIENCE_MS = 10_000;

/**
 * @example
 * const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': fake(fordPrice, { answer: 9000 }) } });
 * driver.createInputTopic(carChanges).pipeInput({ id: 1 }, created(focus));
 * await driver.settled();
 * expect(driver.createOutputTopic(pricedCars).readRecord()?.value).toMatchObject({ suggestedprice: 9000 });
 */
export class TopologyTestDriver {
  readonly clock: VirtualClock;
  readonly events: Record<Countable, number> = {
    filtered: 0,
    duplicate: 0,
    stale: 0,
    asked: 0,
    remembered: 0,
    dropped: 0,
  };
  /** What failed and was skipped or dead-lettered. */
  readonly dropped: RecordError[] = [];
  readonly #topology: Topology;
  readonly #serdes = new Map<string, TopicSerdes>();
  readonly #running: Running[] = [];
  readonly #bySource = new Map<string, Running>();
  readonly #written = new Map<string, ConsumedRecord[]>();
  readonly #read = new Map<string, number>();
  readonly #batchers = new Map<string, Batcher<unknown, unknown>>();
  /** Models that answer in real time. */
  readonly #real: string[] = [];
  readonly #onError: ErrorHandler;
  #failure: RecordError | undefined;

  private constructor(topology: Topology, options: TopologyTestDriverOptions) {
    this.#topology = topology;
    this.clock = new VirtualClock(options.initialWallClockTimeMs ?? 0);
    const { onError = 'fail', encoding = 'connect-json' } = options;
    this.#onError = typeof onError === 'function' ? onError : always(onError);
    for (const declaration of topology.topics.values()) {
      this.#serdes.set(declaration.name, serdesFor(declaration, encoding) as TopicSerdes);
    }
    for (const [name, model] of Object.entries(options.models ?? {})) {
      if (model instanceof FakeModel) model.runOn(this.clock);
      else this.#real.push(name);
      this.#batchers.set(name, batcher(model, {}, this.clock));
    }
  }

  /** Makes a driver. Asynchronous because stores and models are opened. */
  static async open(topology: Topology, options: TopologyTestDriverOptions = {}): Promise<TopologyTestDriver> {
    for (const model of Object.values(options.models ?? {})) await model.open();
    const driver = new TopologyTestDriver(topology, options);
    for (const subtopology of topology.subtopologies) await driver.#start(subtopology);
    return driver;
  }

  createInputTopic<K, V>(topic: TopicDeclaration<K, V>): TestInputTopic<K, V> {
    return new TestInputTopic(topic, this.#serdes.get(topic.name)!, this.clock, (record) => this.#pipe(record));
  }

  createOutputTopic<K, V>(topic: TopicDeclaration<K, V>): TestOutputTopic<K, V> {
    return new TestOutputTopic(topic.name, this.#serdes.get(topic.name)!, this.#writtenTo(topic.name));
  }

  /** The dead letters so far, as they would lie in the dead-letter topic. */
  get deadLetters(): readonly ConsumedRecord[] {
    return this.#writtenTo(DEAD_LETTERS);
  }

  getStateStore<K, V>(declaration: StoreDeclaration<K, V>): Pick<KeyValueStore<K, V>, 'get' | 'has' | 'entries'> {
    const stores = this.#running.flatMap((running) => running.stores);
    const store = stores.find(({ name }) => name === declaration.name);
    if (store === undefined)
      throw new Error(`the topology '${this.#topology.name}' has no store '${declaration.name}'`);
    return store as unknown as KeyValueStore<K, V>;
  }

  /** Advances the wall clock; punctuations, timeouts and lingers that come due run. */
  advanceWallClockTime(ms: number): void {
    this.clock.advance(ms);
    this.#throwFailure();
  }

  /**
   * Waits until nothing more happens without the clock: promises and models that answer at once have answered.
   *
   * @throws RecordError when a record failed and its handler said `fail`
   */
  async settled(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      await this.clock.settle();
      this.#throwFailure();
      if (!this.#real.some((name) => this.#batchers.get(name)!.stats.callsUnderWay > 0)) return;
      if (Date.now() > until) throw new Error(`a model has not answered within ${PATIENCE_MS} ms`);
    }
  }

  /** Records piped in that are not finished. */
  get inFlight(): number {
    return this.#running.reduce((sum, { task }) => sum + task.inFlight, 0);
  }

  close(): void {
    for (const { task } of this.#running) task.close();
    for (const asked of this.#batchers.values()) asked.close();
  }

  async #start(subtopology: Subtopology): Promise<void> {
    const task = new Task(`${subtopology.id}_0`, 0, this.#taskPort());
    const engines = memoryEngines();
    const stores: LayeredStore<unknown, unknown>[] = [];
    for (const declaration of subtopology.stores) {
      const engine = await engines.open(`${task.id}/${declaration.name}`);
      const now = () => this.clock.now();
      stores.push(new LayeredStore(declaration, engine, task, { cache: { maxEntries: 10_000 }, now }));
    }
    const tap = { listener: undefined };
    wire(task, subtopology, stores, new TopicCodec(this.#serdes, Number.POSITIVE_INFINITY), { tap: () => tap });
    const running = { task, stores };
    this.#running.push(running);
    for (const topic of subtopology.sourceTopics) this.#bySource.set(topic, running);
  }

  #pipe(record: ProduceRequest): void {
    const running = this.#bySource.get(record.topic);
    if (running === undefined) throw new Error(`'${record.topic}' is not a source of '${this.#topology.name}'`);
    const offset = this.#read.get(record.topic) ?? 0;
    this.#read.set(record.topic, offset + 1);
    running.task.process({ ...record, partition: 0, offset });
    this.#throwFailure();
  }

  #finished(unit: Unit, task: Task): void {
    for (const { request } of unit.orderedOutputs()) {
      const lines = this.#writtenTo(request.topic);
      lines.push({ ...request, partition: 0, offset: lines.length });
      if (this.#bySource.has(request.topic)) this.#pipe(request);
    }
    for (const store of task.stores) {
      store.takeUpTo(unit.sequence);
      void store.committed(unit.sequence);
    }
  }

  #writtenTo(topic: string): ConsumedRecord[] {
    const known = this.#written.get(topic);
    if (known !== undefined) return known;
    const lines: ConsumedRecord[] = [];
    this.#written.set(topic, lines);
    return lines;
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #taskPort(): TaskPort {
    return {
      clock: this.clock,
      oracle: <F, P>({ name }: ModelDeclaration<F, P>): Oracle<F, P> => {
        const bound = this.#batchers.get(name);
        if (bound === undefined) {
          throw new Error(`the model '${name}' is not bound: give the driver models: { '${name}': fake(…) }`);
        }
        return bound as unknown as Oracle<F, P>;
      },
      handler: () => this.#onError,
      deadLetter: (raw, error) => deadLetter(DEAD_LETTERS, raw, error),
      finished: (unit, task) => this.#finished(unit, task),
      stopped: (error) => {
        this.#failure = error;
      },
      count: (what) => {
        this.events[what] += 1;
      },
      dropped: (error) => {
        this.dropped.push(error);
      },
    };
  }
}
