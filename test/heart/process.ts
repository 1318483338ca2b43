/** One process on the stage: an application with its own disk, on the common broker, that can die at any call. */
import { Application, type ApplicationListener } from '../../src/app/application.js';
import type { ApplicationConfig } from '../../src/app/config.js';
import type { Broker } from '../../src/brokers/port.js';
import { memoryEngines } from '../../src/state/memory.js';
import type { StoreEngine, StoreEngines } from '../../src/state/store.js';
import type { VirtualClock } from '../../src/testing/virtual-clock.js';
import type { Topology } from '../../src/topology/graph.js';
import { type Fault, Faults, faultyBroker, mortalClock } from './faults.js';
import { type Delay, SlowModel } from './slow-model.js';

export const DEAD = 'dead';

export interface ProcessOptions {
  readonly guarantee: 'at_least_once' | 'exactly_once_v2';
  readonly topology: Topology;
  /** Milliseconds until the model answers. Default 20. */
  readonly delay?: Delay;
  /** Questions that the model takes at once. Default 1,000. */
  readonly concurrency?: number;
  readonly config?: Partial<ApplicationConfig>;
  /** Puts something between the processes and the broker. */
  readonly around?: (broker: Broker) => Broker;
  readonly listener?: ApplicationListener;
}

export class Process {
  /** `instance.id`. */
  readonly name: string;
  /** What the model was asked by this process, in order. */
  readonly asked: number[] = [];
  /** Its disk, which outlives it. */
  readonly disk: StoreEngines;
  readonly #clock: VirtualClock;
  readonly #broker: Broker;
  readonly #options: ProcessOptions;
  #opened: StoreEngine[] = [];
  faults = new Faults();
  app!: Application;
  /** Changes between runs in tests of versions. */
  modelVersion = 'v1';

  constructor(name: string, clock: VirtualClock, broker: Broker, options: ProcessOptions, disk = memoryEngines()) {
    this.name = name;
    this.disk = disk;
    this.#clock = clock;
    this.#broker = broker;
    this.#options = options;
  }

  /** Starts it, or another in its place; the one before is dead or has ended. */
  async start(...faultsOfRun: readonly Fault[]): Promise<void> {
    this.faults = new Faults(...faultsOfRun);
    const { faults } = this;
    const { guarantee, topology, delay = 20, concurrency = 1_000, config, around, listener } = this.#options;
    const clock = mortalClock(this.#clock, faults);
    const model = new SlowModel(clock, delay, this.modelVersion, (feature) => {
      if (!faults.dead) this.asked.push(feature);
    });
    const broker = around === undefined ? this.#broker : around(this.#broker);
    this.app = new Application(
      topology,
      {
        'application.id': 'stage',
        'instance.id': this.name,
        'processing.guarantee': guarantee,
        'commit.interval.ms': 100,
        'processing.exception.handler': 'dead-letter',
        'errors.dead.letter.queue.topic.name': DEAD,
        models: { oracle: { model, maxRows: 1, maxConcurrent: concurrency } },
        ...config,
      },
      { broker: faultyBroker(broker, faults), engines: this.#mortalDisk(faults), clock },
      listener,
    );
    // A start that dies on the way never resolves; one that fails is seen by its state.
    this.app.start().catch(() => {});
    await this.#clock.run(50);
  }

  /** What `kill -9` leaves: the broker with what it has, the disk with what it has. */
  async kill(): Promise<void> {
    this.faults.die();
    await this.bury();
  }

  /** Lets go of the disk of a dead process, as the operating system does. */
  async bury(): Promise<void> {
    for (const engine of this.#opened.splice(0)) await engine.close();
  }

  #mortalDisk(faults: Faults): StoreEngines {
    return {
      open: async (path) => {
        const engine = await this.disk.open(path);
        this.#opened.push(engine);
        const apply = engine.apply.bind(engine);
        engine.apply = (changes, position) => (faults.dead ? new Promise<never>(() => {}) : apply(changes, position));
        return engine;
      },
      remove: (path) => this.disk.remove(path),
    };
  }
}
