/**
 * Runs a topology in a test: the production task code on one partition of each topic, without a broker, with a clock
 * that stands still until it is advanced. Kafka Streams' `TopologyTestDriver`, with `settled()` for what is
 * asynchronous.
 */
import type { ModelBinding } from '../app/config.js';
import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import { always, type ErrorDecision, type ErrorHandler } from '../error-handler.js';
import type { RecordError } from '../errors.js';
import type { Model } from '../model/model.js';
import { type Countable, noEvents } from '../operators/operator.js';
import { TopicCodec, type TopicSerdes } from '../runtime/codec.js';
import { deadLetter } from '../runtime/dead-letter.js';
import { Task, type TaskPort } from '../runtime/task.js';
import type { Unit } from '../runtime/unit.js';
import { wire } from '../runtime/wiring.js';
import type { Encoding, EncodingName } from '../serde/encoding.js';
import { HotCaches } from '../state/hot-cache.js';
import { LayeredStore } from '../state/layered-store.js';
import { memoryEngines } from '../state/memory.js';
import type { KeyValueStore, StoreDeclaration, StoreEngines } from '../state/store.js';
import type { Writer } from '../state/writer.js';
import type { Subtopology, Topology } from '../topology/graph.js';
import { serdesFor, type TopicDeclaration } from '../topology/topic.js';
import { DriverModels } from './driver-models.js';
import { TestInputTopic } from './test-input-topic.js';
import { TestOutputTopic } from './test-output-topic.js';
import { VirtualClock } from './virtual-clock.js';

/** What {@link TopologyTestDriver.open} may be told. */
export interface TopologyTestDriverOptions {
  /**
   * Models by the names that the topology uses: `fake(…)`, or real ones; with how they are asked, as in a configuration:
   * `{ model, maxRows: 64, maxWaitMs: 5 }`. That wait is of virtual time. The driver opens and closes them.
   */
  readonly models?: Readonly<Record<string, Model | ModelBinding>>;
  /** How topics are encoded, here as in production. Default `connect-json`. For Avro: `new MemoryRegistry().encoding()`. */
  readonly encoding?: EncodingName | Encoding;
  /** Encodings of single topics, by their names. */
  readonly encodings?: Readonly<Record<string, EncodingName | Encoding>>;
  /** What happens to a record that fails. Default `fail`: `pipeInput` throws. */
  readonly onError?: ErrorDecision | ErrorHandler;
  /** What the wall clock shows at the start, milliseconds since the epoch. Default 0. */
  readonly initialWallClockTimeMs?: number;
  /**
   * Where stores keep what they hold. Default: memory, empty. Given to a second driver, which runs the next version of the
   * topology, its stores find what the first one left (`memoryEngines()`, `lmdbEngines(folder)`).
   */
  readonly engines?: StoreEngines;
}

/** A store as a test sees it: what finished records have left in it. */
export type ReadableStore<K, V> = Pick<KeyValueStore<K, V>, 'name' | 'get' | 'has' | 'entries'>;

interface Running {
  readonly task: Task;
  readonly stores: readonly ReadableStore<unknown, unknown>[];
  readonly written: readonly LayeredStore<unknown, unknown>[];
}

/** Nobody writes through a test's view of a store, and what is committed is read without asking. */
/** What tests read is what was committed. */
const NO_CACHES = new HotCaches(0);

const READER: Writer = {
  sequence: () => {
    throw new Error('a test reads stores; what is in them is written by the topology');
  },
  wrote: () => undefined,
  read: () => undefined,
};

/** Where dead letters go; {@link TopologyTestDriver.createOutputTopic} reads it through any declaration of this name. */
export const DEAD_LETTERS = 'dead-letters';

/**
 * @example
 * const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': fake(fordPrice, { answer: 9000 }) } });
 * driver.createInputTopic(carChanges).pipeInput({ id: 1 }, created(focus));
 * await driver.settled();
 * expect(driver.createOutputTopic(pricedCars).readRecord()?.value).toMatchObject({ suggestedprice: 9000 });
 * await driver.close();
 */
export class TopologyTestDriver {
  /** The wall clock. Only {@link advanceWallClockTime} moves it. */
  readonly clock: VirtualClock;
  /** How often operators did what they count. */
  readonly events: Record<Countable, number> = noEvents();
  /** What failed and was skipped or dead-lettered. */
  readonly dropped: RecordError[] = [];
  readonly #topology: Topology;
  readonly #encodingOf: (topic: string) => EncodingName | Encoding;
  readonly #serdes = new Map<string, TopicSerdes>();
  readonly #running: Running[] = [];
  readonly #bySource = new Map<string, Running>();
  readonly #written = new Map<string, ConsumedRecord[]>();
  readonly #read = new Map<string, number>();
  readonly #caches = new HotCaches(10_000);
  readonly #models: DriverModels;
  readonly #onError: ErrorHandler;
  #stopped: RecordError | undefined;
  #failure: RecordError | undefined;

  private constructor(
    topology: Topology,
    clock: VirtualClock,
    models: DriverModels,
    { onError = 'fail', encoding = 'connect-json', encodings = {} }: TopologyTestDriverOptions,
  ) {
    this.#topology = topology;
    this.clock = clock;
    this.#models = models;
    this.#encodingOf = (name) => encodings[name] ?? encoding;
    this.#onError = typeof onError === 'function' ? onError : always(onError);
    for (const declaration of topology.topics.values()) {
      this.#serdes.set(declaration.name, this.#serdesOf(declaration));
    }
  }

  /**
   * Makes a driver. Asynchronous because models and stores are opened.
   *
   * @throws Error when a model of the topology is not among `models`, or cannot be opened; TopologyError when a store of
   *   `engines` was written in a way that the topology does not read
   */
  static async open(topology: Topology, options: TopologyTestDriverOptions = {}): Promise<TopologyTestDriver> {
    const clock = new VirtualClock(options.initialWallClockTimeMs ?? 0);
    const models = await DriverModels.open(options.models ?? {}, clock);
    let driver: TopologyTestDriver | undefined;
    try {
      driver = new TopologyTestDriver(topology, clock, models, options);
      const engines = options.engines ?? memoryEngines();
      for (const subtopology of topology.subtopologies) await driver.#start(subtopology, engines);
      return driver;
    } catch (error) {
      await (driver ?? models).close();
      throw error;
    }
  }

  /**
   * @param topic the topology's declaration; another one of its name writes as that says: what a program of another
   *   version sends
   * @throws Error when the topology does not read the topic
   */
  createInputTopic<K, V>(topic: TopicDeclaration<K, V>): TestInputTopic<K, V> {
    this.#sourceNamed(topic.name);
    return new TestInputTopic(topic, this.#serdesOf(topic), this.clock, (record) => this.#pipe(record));
  }

  /**
   * Reads from its beginning what the topology has written to a topic, or {@link DEAD_LETTERS}.
   *
   * @param topic any declaration of its name: what a program that declares it so would read
   * @throws Error when the topology has no such topic
   */
  createOutputTopic<K, V>(topic: TopicDeclaration<K, V>): TestOutputTopic<K, V> {
    const { name } = topic;
    if (name !== DEAD_LETTERS && !this.#serdes.has(name)) {
      const known = [...this.#serdes.keys(), DEAD_LETTERS].join(', ');
      throw new Error(`'${name}' is no topic of the topology '${this.#topology.name}'; there are ${known}`);
    }
    return new TestOutputTopic(name, this.#serdesOf(topic), this.#writtenTo(name));
  }

  /** The dead letters so far, as they would lie in the dead-letter topic. */
  get deadLetters(): readonly ConsumedRecord[] {
    return this.#writtenTo(DEAD_LETTERS);
  }

  /**
   * A store of the topology, to read: what finished records have left in it. What a record writes that is still in
   * flight is not there yet.
   *
   * @throws Error when the topology has no such store
   */
  getStateStore<K, V>(declaration: StoreDeclaration<K, V>): ReadableStore<K, V> {
    const stores = this.#running.flatMap((running) => running.stores);
    const store = stores.find(({ name }) => name === declaration.name);
    if (store === undefined) {
      const known = stores.map(({ name }) => name).join(', ') || 'none';
      throw new Error(
        `the topology '${this.#topology.name}' has no store '${declaration.name}'; its stores are: ${known}`,
      );
    }
    return store as ReadableStore<K, V>;
  }

  /**
   * Advances the wall clock; punctuations, timeouts and answers of fakes that come due run on the way. While records
   * are in flight, time moves on only when promises and real models have nothing more to say: await it. Without any,
   * everything has run when it returns.
   *
   * @throws RecordError when a record failed and its handler said `fail`
   */
  async advanceWallClockTime(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    do {
      this.clock.flush();
      if (this.inFlight > 0) await this.#models.quiet();
      this.#throwFailure();
    } while (this.clock.step(until));
    await this.settled();
  }

  /**
   * Waits until nothing more happens without the clock: promises have settled, models that answer at once, or in real
   * time, have answered. A call of `mapAsync` that waits for the world outside is not waited for: give it a stand-in.
   *
   * @throws RecordError when a record failed and its handler said `fail`
   */
  async settled(): Promise<void> {
    await this.#models.quiet();
    this.#throwFailure();
  }

  /** Records piped in that are not finished. */
  get inFlight(): number {
    return this.#running.reduce((sum, { task }) => sum + task.inFlight, 0);
  }

  /** Drops what is in flight and closes the models and stores. */
  async close(): Promise<void> {
    for (const { task } of this.#running) task.close();
    for (const store of this.#running.flatMap(({ written }) => written)) await store.close();
    await this.#models.close();
  }

  async #start(subtopology: Subtopology, engines: StoreEngines): Promise<void> {
    const task = new Task(`${subtopology.id}_0`, 0, this.#taskPort());
    const now = () => this.clock.now();
    const stores: LayeredStore<unknown, unknown>[] = [];
    const readable: ReadableStore<unknown, unknown>[] = [];
    const running = { task, stores: readable, written: stores };
    this.#running.push(running);
    for (const declaration of subtopology.stores) {
      const engine = await engines.open(`${task.id}/${declaration.name}`);
      const store = new LayeredStore(declaration, engine, task, { caches: this.#caches, now });
      const view = new LayeredStore(declaration, engine, READER, { caches: NO_CACHES, now });
      stores.push(store);
      readable.push(view);
      if (store.mustBeRebuilt) throw noChangelog(declaration);
      for (const one of [store, view]) one.mustBeReadable();
    }
    const tap = { listener: undefined };
    wire(task, subtopology, stores, new TopicCodec(this.#serdes, Number.POSITIVE_INFINITY), { tap: () => tap });
    for (const topic of subtopology.sourceTopics) this.#bySource.set(topic, running);
  }

  #serdesOf<K, V>(topic: TopicDeclaration<K, V>): TopicSerdes {
    return serdesFor(topic, this.#encodingOf(topic.name)) as TopicSerdes;
  }

  #sourceNamed(topic: string): Running {
    const running = this.#bySource.get(topic);
    if (running !== undefined) return running;
    const known = [...this.#bySource.keys()].join(', ');
    throw new Error(`'${topic}' is not read by the topology '${this.#topology.name}'; it reads ${known}`);
  }

  #pipe(record: ProduceRequest): void {
    if (this.#stopped !== undefined) {
      const why = `the topology '${this.#topology.name}' has stopped, as an application would: ${this.#stopped.message}`;
      throw new Error(`${why}. Open another driver, or decide otherwise with onError`, { cause: this.#stopped });
    }
    this.#deliver(record);
    this.#throwFailure();
  }

  /** Appends a record to a topic that is read. */
  #deliver(record: ProduceRequest): void {
    const offset = this.#read.get(record.topic) ?? 0;
    this.#read.set(record.topic, offset + 1);
    this.#sourceNamed(record.topic).task.process({ ...record, partition: 0, offset });
  }

  #finished(unit: Unit, task: Task): void {
    for (const store of task.stores) {
      store.takeUpTo(unit.sequence);
      void store.committed(unit.sequence);
    }
    for (const { request } of unit.orderedOutputs()) {
      const lines = this.#writtenTo(request.topic);
      lines.push({ ...request, partition: 0, offset: lines.length });
      if (this.#bySource.has(request.topic)) this.#deliver(request);
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
      oracle: (model) => this.#models.oracle(model),
      handler: () => this.#onError,
      deadLetter: (raw, error) => deadLetter(DEAD_LETTERS, raw, error),
      finished: (unit, task) => this.#finished(unit, task),
      stopped: (error) => {
        this.#stopped ??= error;
        this.#failure ??= error;
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

function noChangelog({ name }: StoreDeclaration): Error {
  return new Error(
    `the store '${name}' has its first retention: an application rebuilds it from its changelog, which a driver has not`,
  );
}
