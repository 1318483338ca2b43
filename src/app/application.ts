import type { Observable } from 'rxjs';
import type { Broker, ClientStatistics, TopicPartition } from '../brokers/port.js';
import { type Clock, systemClock } from '../clock.js';
import { asError, type BrokerError, ConfigurationError, isRetriable, type RecordError } from '../errors.js';
import type { Availability } from '../model/availability.js';
import type { BatcherStats } from '../model/batcher.js';
import type { Countable } from '../operators/operator.js';
import type { StreamRecord } from '../record.js';
import type { TopicSerdes } from '../runtime/codec.js';
import type { Traffic } from '../runtime/progress.js';
import { withRedriveTopics } from '../runtime/redrive.js';
import type { RestoreListener } from '../runtime/restore.js';
import { type Patience, retrying } from '../runtime/retry.js';
import type { Counts } from '../runtime/tally.js';
import { ASSIGNMENT_LOST, type Worker } from '../runtime/worker.js';
import type { WorkerListener } from '../runtime/worker-settings.js';
import type { StoreEngines } from '../state/store.js';
import type { StoreStatistics } from '../state/task-store.js';
import type { Topology } from '../topology/graph.js';
import type { TopicDeclaration } from '../topology/topic.js';
import { Comeback } from './comeback.js';
import { type ApplicationConfig, type CheckedConfig, checkConfig } from './config.js';
import { openWorker, type Prepared } from './open-worker.js';
import { Oracles } from './oracles.js';
import { renamedTopics } from './renamed-topics.js';
import { type State, type StateListener, StateMachine } from './state.js';
import { NodeTaps } from './taps.js';
import { configuredSerdes } from './topic-serdes.js';
import { prepareTopics } from './topics.js';
import { watchTopic } from './watch-topic.js';
import { added, NOTHING_DONE, type WorkDone } from './work-done.js';

/** Where an application runs: its broker, the disk under its stores, its clock. */
export interface Surroundings {
  readonly broker: Broker;
  readonly engines: StoreEngines;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** Where and how fast a run goes that is not to follow its topics for ever. */
export interface RunLimits {
  /**
   * Where each partition ends, by `topic-partition`: the next offset after the last record. When all have come to theirs
   * and everything is committed the application ends, NOT_RUNNING. A partition without one has no end. Default: none has.
   */
  readonly bounds?: ReadonlyMap<string, number>;
  /** Most records read in a second. Default: as fast as it goes. */
  readonly recordsPerSecond?: number;
}

/** Told of what happens while an application runs; for logs and metrics. Every method is optional. */
export interface ApplicationListener extends RestoreListener {
  onRecordDropped?(error: RecordError, decision: 'skip' | 'dead-letter'): void;
  /** The broker could not be asked just now; it is tried again. */
  onBrokerTrouble?(error: BrokerError): void;
  /**
   * Offsets, outputs and state are committed.
   *
   * @param endToEndMs from the timestamp of a record until the broker had all that came of it: of the first and of the
   *   last record of each task in this commit
   */
  onCommit?(latencyMs: number, endToEndMs: readonly number[]): void;
  /** A model cannot be asked: its records wait until it is back. Told once for each outage. */
  onModelAway?(model: string, away: Availability & { state: 'away' }): void;
  onModelBack?(model: string, afterMs: number): void;
  onAbandoned?(taskId: string, records: number): void;
}

/** What an application has done so far. `read` = all of `finished` + `inFlight`, always. */
export interface ApplicationStatus extends Counts {
  readonly state: State;
  /** What operators counted: questions asked and saved by memory, duplicates dropped … */
  readonly events: Readonly<Record<Countable, number>>;
  readonly traffic: Traffic;
  readonly models: Readonly<Record<string, BatcherStats>>;
  /** By `<task>/<store>`. */
  readonly stores: Readonly<Record<string, StoreStatistics>>;
}

/**
 * A topology that runs: on a broker, with a configuration.
 *
 * States are Kafka Streams': CREATED REBALANCING RUNNING PENDING_SHUTDOWN NOT_RUNNING, or ERROR. One that has ended
 * does not start again; make another.
 *
 * @example
 * const app = new Application(carPrices, { 'application.id': 'car-prices', models }, { broker, engines });
 * await app.start();
 * process.once('SIGTERM', () => app.drain());
 */
export class Application {
  readonly topology: Topology;
  readonly #config: CheckedConfig;
  readonly #around: Required<Surroundings>;
  readonly #listener: ApplicationListener;
  readonly #states = new StateMachine();
  readonly #taps = new NodeTaps();
  readonly #oracles = new Oracles();
  readonly #serdes = new Map<string, TopicSerdes>();
  #worker: Worker | undefined;
  #ended: Promise<void> | undefined;
  #failure: Error | undefined;
  #isPaused = false;
  readonly #comeback: Comeback;
  /** What workers did that had to be replaced. */
  #past: WorkDone = NOTHING_DONE;

  /**
   * @param limits where this run ends, and how fast it reads; default: never, and as fast as it goes
   * @throws ConfigurationError naming the setting that is wrong
   */
  constructor(
    topology: Topology,
    config: ApplicationConfig,
    around: Surroundings,
    listener: ApplicationListener = {},
    readonly limits: RunLimits = {},
  ) {
    this.#config = checkConfig(config);
    this.topology = renamedTopics(topology, this.#config.topics);
    this.#around = { clock: systemClock, ...around };
    this.#listener = listener;
    this.#comeback = new Comeback(this.#around.clock, this.#config['session.timeout.ms']);
    for (const declaration of this.topology.topics.values())
      this.#serdes.set(declaration.name, configuredSerdes(declaration, this.#config));
  }

  get state(): State {
    return this.#states.state;
  }

  /** What made it go to ERROR. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** @returns stops listening */
  onStateChange(listener: StateListener): () => void {
    return this.#states.onChange(listener);
  }

  get status(): ApplicationStatus {
    const models = [...this.#oracles.all].map(([name, oracle]) => [name, oracle.stats] as const);
    const stores = (this.#worker?.tasks ?? []).flatMap((owned) =>
      owned.stores.map((store) => [`${owned.task.id}/${store.name}`, store.statistics] as const),
    );
    const { counts, events, traffic } = added(this.#past, this.#worker);
    return {
      ...counts,
      state: this.state,
      events,
      traffic,
      models: Object.fromEntries(models),
      stores: Object.fromEntries(stores),
    };
  }

  /** The source partitions that this application has now. */
  get partitions(): readonly TopicPartition[] {
    const tasks = this.#worker?.tasks ?? [];
    return tasks.flatMap(({ partitions, subtopology: { redriveTopics } }) =>
      partitions.filter(({ topic }) => redriveTopics?.has(topic) !== true),
    );
  }

  /**
   * The next offset of one of its partitions that is not committed: what has been written from there on is its lag.
   * Undefined while nothing is known of it.
   */
  finishedUpTo(partition: TopicPartition): number | undefined {
    return this.#worker?.finishedUpTo(partition);
  }

  /** What the client measures of the source partitions and the brokers; undefined where it does not. */
  get clientStatistics(): ClientStatistics | undefined {
    return this.#worker?.clientStatistics;
  }

  /** The next offsets that it reads, summed over its partitions: what has been written beyond is its lag. */
  get position(): number {
    return this.partitions.reduce((sum, partition) => sum + (this.positionOf(partition) ?? 0), 0);
  }

  /** The next offset that it reads of one of its partitions; undefined while it has read nothing of it. */
  positionOf(partition: TopicPartition): number | undefined {
    return this.#worker?.position(partition);
  }

  /**
   * Opens models, clients and topics, and joins the group.
   *
   * @returns resolves when the application runs for the first time
   * @throws (rejects) what it failed with; the application is then in ERROR
   */
  async start(): Promise<void> {
    if (this.state !== 'CREATED') throw new Error(`an application starts once; this one is ${this.state}`);
    this.#states.to('REBALANCING');
    const running = new Promise<void>((resolve, reject) => {
      const stop = this.onStateChange((state) => {
        if (state === 'REBALANCING') return;
        stop();
        if (state === 'ERROR') reject(this.#failure);
        else resolve();
      });
    });
    this.#ended = this.#run();
    return running;
  }

  /** Finishes what is in flight within `shutdown.timeout.ms`, commits, leaves the group. */
  async drain(): Promise<void> {
    this.#states.to('PENDING_SHUTDOWN');
    this.#worker?.drain();
    await this.ended();
  }

  /** Leaves at once; what is not committed is read again by whoever takes over. As safe as `drain`, and quicker. */
  async stop(): Promise<void> {
    this.#states.to('PENDING_SHUTDOWN');
    this.#worker?.stop();
    await this.ended();
  }

  /** Resolves when the application has ended, by `drain`, `stop`, its bounds, or a failure (see `failure`). */
  async ended(): Promise<void> {
    if (this.#ended === undefined) this.#states.to('NOT_RUNNING');
    await this.#ended;
  }

  /** Stops processing records; membership is kept, and what is in flight finishes. */
  pause(): void {
    this.#isPaused = true;
    this.#worker?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#worker?.resume();
  }

  /**
   * Removes local state, which is then rebuilt from the changelogs at the next start.
   *
   * @throws Error while the application runs
   */
  async cleanUp(): Promise<void> {
    if (this.state !== 'CREATED' && this.state !== 'NOT_RUNNING' && this.state !== 'ERROR') {
      throw new Error(`cleanUp() removes the state of an application that does not run; this one is ${this.state}`);
    }
    await this.#around.engines.remove();
  }

  /**
   * Watches a topic (what is committed to it) or a node (what reaches it) as an ordinary Observable, from the
   * subscription on. To look at, with all of RxJS: without guarantees.
   *
   * @throws ConfigurationError when the topology has neither a topic nor a node of the name
   */
  observe(topicOrNode: string | TopicDeclaration): Observable<StreamRecord> {
    const name = typeof topicOrNode === 'string' ? topicOrNode : topicOrNode.name;
    const actual = this.#config.topics[name] ?? name;
    const serdes = this.#serdes.get(actual);
    if (serdes !== undefined) return watchTopic(this.#around.broker, actual, serdes);
    if (this.topology.subtopologies.some(({ nodes }) => nodes.some((node) => node.name === name))) {
      return this.#taps.watch(name);
    }
    throw new ConfigurationError(`observe: the topology '${this.topology.name}' has no topic or node '${name}'`, name);
  }

  async #run(): Promise<void> {
    this.#comeback.open();
    try {
      await this.#work(await this.#prepare());
      if (this.#failure !== undefined) throw this.#failure;
      await this.#close('NOT_RUNNING');
    } catch (thrown) {
      if (this.#isToldToEnd && isRetriable(thrown)) {
        await this.#close('NOT_RUNNING');
      } else {
        this.#failure = asError(thrown);
        await this.#close('ERROR');
      }
    } finally {
      this.#comeback.close();
    }
  }

  get #isToldToEnd(): boolean {
    return this.state === 'PENDING_SHUTDOWN';
  }

  /** Works until it is told to end; with new clients where an outage has finished the old ones. */
  async #work(prepared: Prepared): Promise<void> {
    const patience: Patience = {
      clock: this.#around.clock,
      over: () => this.#isToldToEnd,
      again: (error) => this.#listener.onBrokerTrouble?.(error),
    };
    for (let worker = await this.#open(prepared); ; worker = await retrying(patience, () => this.#open(prepared))) {
      this.#worker = worker;
      // Told to end while it was still opening: what is open is closed, and nothing is read.
      if (this.state !== 'REBALANCING') worker.stop();
      if (this.#isPaused) worker.pause();
      worker.start();
      try {
        return await worker.ended;
      } catch (thrown) {
        const failure = asError(thrown);
        if (this.#failure !== undefined || !this.#comeback.after(failure)) throw failure;
        this.#past = added(this.#past, worker);
        this.#worker = undefined;
        this.#listener.onBrokerTrouble?.(failure as BrokerError);
        this.#states.to('REBALANCING');
      }
    }
  }

  async #prepare(): Promise<Prepared> {
    const config = this.#config;
    const applicationId = config['application.id'];
    const deadLetterTopic = config['errors.dead.letter.queue.topic.name'];
    await this.#oracles.open(this.topology, config.models, this.#around.clock, {
      wentAway: (model, away) => this.#listener.onModelAway?.(model, away),
      cameBack: (model, afterMs) => this.#listener.onModelBack?.(model, afterMs),
      refused: (_model, error) => this.#fail(error),
    });
    // A run that ends at its bounds would wait for the end of a topic that has none.
    const redrivable = deadLetterTopic !== undefined && this.limits.bounds === undefined;
    const topology = redrivable ? withRedriveTopics(this.topology, applicationId) : this.topology;
    const admin = await this.#around.broker.admin();
    const changelogs = await prepareTopics(
      admin,
      topology,
      applicationId,
      deadLetterTopic,
      config['replication.factor'],
    ).finally(() => admin.close());
    return { topology, changelogs };
  }

  #open(prepared: Prepared): Promise<Worker> {
    return openWorker(prepared, {
      config: this.#config,
      around: this.#around,
      limits: this.limits,
      serdes: this.#serdes,
      taps: this.#taps,
      oracles: this.#oracles,
      listener: this.#workerListener(),
      restoreListener: this.#listener,
    });
  }

  #workerListener(): WorkerListener {
    return {
      rebalancing: () => this.#states.to('REBALANCING'),
      running: () => {
        // A member without partitions has shown nothing.
        if (this.#worker !== undefined && this.#worker.tasks.length > 0) this.#comeback.running();
        this.#states.to('RUNNING');
      },
      dropped: (error, decision) => this.#listener.onRecordDropped?.(error, decision),
      abandoned: (taskId, records) => this.#listener.onAbandoned?.(taskId, records),
      retrying: (error) => {
        if (error.code === ASSIGNMENT_LOST) this.#comeback.expelled();
        this.#listener.onBrokerTrouble?.(error);
      },
      committed: (latencyMs, endToEndMs) => this.#listener.onCommit?.(latencyMs, endToEndMs),
    };
  }

  /** Stops at once: nothing that is in flight is committed, so a restart meets it again. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#worker?.stop();
  }

  async #close(state: 'NOT_RUNNING' | 'ERROR'): Promise<void> {
    await this.#oracles.close();
    if (state === 'NOT_RUNNING') this.#states.to('PENDING_SHUTDOWN');
    this.#states.to(state);
  }
}
