/**
 * The heart on a stage: applications on an in-memory broker in virtual time, with a slow model, branches and a memory,
 * that can be killed at any call and started again.
 */
import type { Application } from '../../src/app/application.js';
import {
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
  openEmbeddedBroker,
} from '../../src/brokers/embedded/broker.js';
import type { ConsumedRecord } from '../../src/brokers/port.js';
import { isFormatRecord } from '../../src/state/format-record.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import type { Fault, Faults } from './faults.js';
import { DEAD, Process, type ProcessOptions } from './process.js';
import { questions, twoBranches } from './topologies.js';

export * from './slow-model.js';
export * from './topologies.js';
export { DEAD, Process };

export interface StageOptions extends Omit<ProcessOptions, 'topology'> {
  readonly partitions?: number;
  /** Default: {@link twoBranches}. */
  readonly topology?: ProcessOptions['topology'];
  readonly broker?: EmbeddedBrokerOptions;
  /** Settings of single topics. */
  readonly topics?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * A record to put into a topic: its key, and its value as JSON; null is a tombstone, a Buffer goes as it is. Its time is
 * now, or the one given, milliseconds.
 */
export type Put = readonly [key: string, value: unknown, timestamp?: number];

/** One broker, one clock; processes come and go. */
export class Stage {
  readonly clock: VirtualClock;
  readonly broker: EmbeddedBroker;
  readonly options: StageOptions & { readonly topology: ProcessOptions['topology'] };
  /** The process of tests that need only one. */
  readonly process: Process;
  readonly #processes: Process[] = [];

  private constructor(broker: EmbeddedBroker, clock: VirtualClock, options: StageOptions) {
    this.broker = broker;
    this.clock = clock;
    this.options = { ...options, topology: options.topology ?? twoBranches() };
    this.process = this.another('only');
  }

  static async open(options: StageOptions): Promise<Stage> {
    const clock = new VirtualClock(1_000_000);
    const broker = await openEmbeddedBroker({ clock, ...options.broker });
    const stage = new Stage(broker, clock, options);
    const admin = await broker.admin();
    const { partitions = 1, topics = {} } = options;
    const names = [...stage.options.topology.topics.keys(), DEAD];
    const specs = names.map((topic) => ({ topic, partitions, config: topics[topic] ?? {} }));
    await stage.patiently(admin.createTopics(specs));
    return stage;
  }

  /** One more process, not started. */
  another(name: string, options: Partial<ProcessOptions> = {}): Process {
    const process = new Process(name, this.clock, this.broker, { ...this.options, ...options });
    this.#processes.push(process);
    return process;
  }

  get app(): Application {
    return this.process.app;
  }

  get faults(): Faults {
    return this.process.faults;
  }

  /** Questions that the model was asked, over all processes. */
  get asked(): readonly number[] {
    return this.#processes.flatMap(({ asked }) => asked);
  }

  async start(...faults: readonly Fault[]): Promise<void> {
    await this.process.start(...faults);
  }

  /** Lets time pass, unless the process dies meanwhile. */
  async work(ms = 2_000): Promise<void> {
    for (let passed = 0; passed < ms && !this.faults.dead; passed += 50) await this.clock.run(50);
    if (this.faults.dead) await this.process.bury();
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  async drain(process = this.process): Promise<void> {
    await this.patiently(process.app.drain());
  }

  async put(records: readonly Put[], topic: string = questions.name): Promise<void> {
    const producer = await this.broker.producer({});
    for (const [key, value, timestamp = this.clock.now()] of records) {
      producer.produce({
        topic,
        partition: undefined,
        key: Buffer.from(key),
        value: value === null || Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)),
        timestamp,
        headers: [],
      });
    }
    await this.patiently(producer.flush(1_000));
    await this.patiently(producer.close());
  }

  /** What a read_committed reader finds in a topic, partition by partition. */
  async read(
    name: string,
    isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
  ): Promise<readonly ConsumedRecord[]> {
    const consumer = await this.broker.consumer({ offsetReset: 'earliest', isolation });
    const records: ConsumedRecord[] = [];
    for (let partition = 0; partition < (this.options.partitions ?? 1); partition += 1) {
      const { low, high } = await this.patiently(consumer.watermarks({ topic: name, partition }));
      consumer.assign([{ topic: name, partition, offset: low }]);
      while ((consumer.position({ topic: name, partition }) ?? low) < high) {
        records.push(...(await this.patiently(consumer.poll(1_000, 10))));
      }
    }
    await this.patiently(consumer.close());
    // What a changelog says of its store's formats is no change.
    return records.filter(({ key }) => key === null || !isFormatRecord(key));
  }

  async values<V>(name: string): Promise<readonly V[]> {
    return (await this.read(name)).map(({ value }) => (value === null ? null : JSON.parse(value.toString()))) as V[];
  }

  /** Key and value of what a read_committed reader finds. */
  async keyed<V>(name: string): Promise<readonly (readonly [string, V])[]> {
    const parsed = ({ value }: ConsumedRecord) => (value === null ? null : JSON.parse(value.toString())) as V;
    return (await this.read(name)).map((record) => [String(record.key), parsed(record)] as const);
  }

  /** The offset that the group has committed for a partition of the source. */
  async committedOffset(
    partition = 0,
    topic = this.options.topology.subtopologies[0]!.sourceTopics[0]!,
  ): Promise<number> {
    const consumer = await this.broker.consumer({
      groupId: 'stage',
      offsetReset: 'earliest',
      isolation: 'read_committed',
    });
    const [offset] = await this.patiently(consumer.committed([{ topic, partition }]));
    await this.patiently(consumer.close());
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
    if (!settled) throw new Error('waited for 50 virtual seconds in vain');
    return promise;
  }
}
