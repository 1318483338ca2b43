/**
 * The heart on a stage: an application on an in-memory broker in virtual time, with a slow fake model, two branches
 * and a memory, that can be killed at any call and started again.
 */
import { Application } from '../../src/app/application.js';
import type { ApplicationConfig } from '../../src/app/config.js';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../src/brokers/embedded/broker.js';
import type { ConsumedRecord } from '../../src/brokers/port.js';
import { model } from '../../src/model/model.js';
import { compose } from '../../src/operators/compose.js';
import { enrich } from '../../src/operators/enrich.js';
import { predict } from '../../src/operators/predict.js';
import { predictionMemory } from '../../src/operators/prediction-memory.js';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import type { StreamRecord } from '../../src/record.js';
import { json } from '../../src/serde/json.js';
import { string } from '../../src/serde/primitives.js';
import { nullable } from '../../src/serde/shape.js';
import { keyValueStore } from '../../src/state/declare.js';
import { memoryEngines } from '../../src/state/memory.js';
import type { StoreEngine, StoreEngines } from '../../src/state/store.js';
import { fake } from '../../src/testing/fake.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import type { Topology } from '../../src/topology/graph.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';
import { type Fault, Faults, faultyBroker, mortalClock } from './faults.js';

export interface Question {
  /** What the model is asked about. */
  readonly feature: number;
  readonly id: number;
  /** The model throws for it. */
  readonly poison?: boolean;
}

export interface Answer {
  readonly id: number;
  readonly feature: number;
  readonly prediction: number;
}

export interface Seen {
  readonly id: number;
  /** How many records of the key came before, by the store. */
  readonly before: number;
}

export const questions = topic('questions', { key: string(), value: nullable(json<Question>()) });
export const answers = topic('answers', { key: string(), value: nullable(json<Answer>()) });
export const seen = topic('seen', { key: string(), value: json<Seen>() });
export const DEAD = 'dead';

export const oracle = model<number, number>('oracle');
export const memory = predictionMemory<string, number>('memory');
export const counts = keyValueStore<string, number>('counts');

/** What the model answers; a poisoned feature is negative. */
export function answerTo(feature: number): number {
  if (feature < 0) throw new Error(`the model cannot answer ${feature}`);
  return feature * 10;
}

/** Two branches of one source: a slow model with a memory, and a counter in a store. */
export function twoBranches(): Topology {
  return topology('two-branches', ({ stream }) => {
    const source = stream(questions);
    source
      .pipe(
        compose(
          predict(oracle, {
            features: (question: Question) => (question.poison ? -1 - question.feature : question.feature),
            remember: memory,
          }),
          enrich(({ id, feature }: Question, prediction: number) => ({ id, feature, prediction })),
        ),
      )
      .to(answers);
    source
      .pipe(
        processValues({
          stores: [counts],
          process(record: StreamRecord<Question | null, string>, context: ValueProcessorContext<string, Seen>) {
            const store = context.store(counts);
            const before = store.get(record.key) ?? 0;
            store.put(record.key, before + 1);
            context.forward({ id: record.value?.id ?? -1, before });
          },
        }),
      )
      .to(seen);
  });
}

export interface StageOptions {
  readonly guarantee: 'at_least_once' | 'exactly_once_v2';
  /** Milliseconds until the model answers. */
  readonly delay?: number;
  readonly partitions?: number;
  readonly topology?: Topology;
  readonly config?: Partial<ApplicationConfig>;
}

/** One broker, one disk, one clock; processes come and go. */
export class Stage {
  readonly clock = new VirtualClock(1_000_000);
  readonly broker: EmbeddedBroker;
  readonly options: StageOptions;
  /** Questions that the model was asked, over all processes. */
  readonly asked: number[] = [];
  readonly #engines = memoryEngines();
  readonly #topology: Topology;
  faults = new Faults();
  app!: Application;
  #opened: StoreEngine[] = [];

  private constructor(broker: EmbeddedBroker, clock: VirtualClock, options: StageOptions) {
    this.broker = broker;
    this.clock = clock;
    this.options = options;
    this.#topology = options.topology ?? twoBranches();
  }

  static async open(options: StageOptions): Promise<Stage> {
    const clock = new VirtualClock(1_000_000);
    const broker = await openEmbeddedBroker({ clock });
    const stage = new Stage(broker, clock, options);
    const admin = await broker.admin();
    const partitions = options.partitions ?? 1;
    const names = [...stage.#topology.topics.keys(), DEAD];
    await stage.patiently(admin.createTopics(names.map((name) => ({ topic: name, partitions }))));
    return stage;
  }

  /** Starts a process. The one before is dead or has ended. */
  async start(fault?: Fault): Promise<void> {
    this.faults = new Faults(fault);
    const { faults } = this;
    const asked = fake(oracle, { delay: this.options.delay ?? 20, answer: answerTo });
    const clock = mortalClock(this.clock, faults);
    asked.runOn(clock);
    const predictRows = asked.predict.bind(asked);
    asked.predict = (rows) => {
      if (!faults.dead) this.asked.push(...rows);
      return predictRows(rows);
    };
    this.app = new Application(
      this.#topology,
      {
        'application.id': 'stage',
        'instance.id': 'only',
        'processing.guarantee': this.options.guarantee,
        'commit.interval.ms': 100,
        'processing.exception.handler': 'dead-letter',
        'errors.dead.letter.queue.topic.name': DEAD,
        models: { oracle: { model: asked, maxRows: 4 } },
        ...this.options.config,
      },
      { broker: faultyBroker(this.broker, faults), engines: this.#mortalEngines(faults), clock },
    );
    // A start that dies on the way never resolves; one that fails is seen by its state.
    this.app.start().catch(() => {});
    await this.clock.run(50);
  }

  /** Lets time pass until everything read is finished, or the process is dead. */
  async work(ms = 2_000): Promise<void> {
    for (let passed = 0; passed < ms && !this.faults.dead; passed += 50) await this.clock.run(50);
    if (this.faults.dead) await this.bury();
  }

  /** What `kill -9` leaves: the broker with what it has, the disk with what it has. */
  async kill(): Promise<void> {
    this.faults.die();
    await this.bury();
  }

  async drain(): Promise<void> {
    await this.patiently(this.app.drain());
  }

  async put(records: readonly (readonly [string, Question | null])[]): Promise<void> {
    const producer = await this.broker.producer({});
    for (const [key, value] of records) {
      producer.produce({
        topic: questions.name,
        partition: undefined,
        key: Buffer.from(key),
        value: value === null ? null : Buffer.from(JSON.stringify(value)),
        timestamp: this.clock.now(),
        headers: [],
      });
    }
    await this.patiently(producer.flush(1_000));
    await this.patiently(producer.close());
  }

  /** What a read_committed reader finds in a topic. */
  async read(name: string): Promise<readonly ConsumedRecord[]> {
    const consumer = await this.broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    const records: ConsumedRecord[] = [];
    for (let partition = 0; partition < (this.options.partitions ?? 1); partition += 1) {
      const { low, high } = await this.patiently(consumer.watermarks({ topic: name, partition }));
      consumer.assign([{ topic: name, partition, offset: low }]);
      while ((consumer.position({ topic: name, partition }) ?? low) < high) {
        records.push(...(await this.patiently(consumer.poll(1_000, 10))));
      }
    }
    await this.patiently(consumer.close());
    return records;
  }

  async values<V>(name: string): Promise<readonly V[]> {
    return (await this.read(name)).map(({ value }) => (value === null ? null : JSON.parse(value.toString()))) as V[];
  }

  /** Key and value of what a read_committed reader finds. */
  async keyed<V>(name: string): Promise<readonly (readonly [string, V])[]> {
    const values = await this.values<V>(name);
    return (await this.read(name)).map(({ key }, index) => [String(key), values[index]!] as const);
  }

  /** The offset that the group has committed for the first partition of the questions. */
  async committedOffset(): Promise<number> {
    const consumer = await this.broker.consumer({ groupId: 'stage', offsetReset: 'earliest', isolation: 'read_committed' });
    const [offset] = await consumer.committed([{ topic: questions.name, partition: 0 }]);
    await consumer.close();
    return offset ?? 0;
  }

  /** Awaits something that needs the clock to move. */
  async patiently<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (let turn = 0; !settled && turn < 10_000; turn += 1) await this.clock.run(5);
    return promise;
  }

  async bury(): Promise<void> {
    for (const engine of this.#opened.splice(0)) await engine.close();
  }

  #mortalEngines(faults: Faults): StoreEngines {
    return {
      open: async (path) => {
        const engine = await this.#engines.open(path);
        this.#opened.push(engine);
        const apply = engine.apply.bind(engine);
        engine.apply = (changes, position) => (faults.dead ? new Promise<never>(() => {}) : apply(changes, position));
        return engine;
      },
      remove: (path) => this.#engines.remove(path),
    };
  }
}
