/**
 * Everything that `millrace dev` runs, in one process: PostgreSQL (its own process), schema registry, capture, broker,
 * application and table sink. Started in the order in which they need each other, stopped in the order in which records flow.
 */
import { Application, type ApplicationListener } from '../../app/application.js';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../brokers/embedded/broker.js';
import { type Capture, captureChanges } from '../../cdc/capture/index.js';
import { type RunningPostgres, startPostgres } from '../../cdc/postgres/index.js';
import { awaited, type SinkRecord, type TableSink, tableSink } from '../../cdc/sink/index.js';
import type { Clock } from '../../clock.js';
import { type EmbeddedRegistry, openEmbeddedRegistry } from '../../registry/embedded/index.js';
import { lmdbEngines } from '../../state/lmdb.js';
import type { Topology } from '../../topology/graph.js';
import type { DevSettings } from './dev-settings.js';
import { encodingOf, type Format } from './format.js';
import { type Home, REGISTRY_PORT_SETTING } from './home.js';
import { type PreparedDatabase, prepareDatabase } from './prepare-database.js';
import { stopEach } from './stopping.js';

/** Milliseconds that a drain gives the sink to write the last rows. */
const SINK_DEADLINE_MS = 5_000;

/** What the stack tells. */
export interface StackListener extends ApplicationListener {
  /** Rows are in the sink's table, committed. */
  onWritten(records: readonly SinkRecord[]): void;
  onWarning(text: string): void;
  onInfo(text: string): void;
  /** A part ended that should not have. */
  onFailure(error: Error): void;
}

/** What a stack is made of. */
export interface StackParts {
  readonly topology: Topology;
  readonly settings: DevSettings;
  readonly home: Home;
  /** Of PostgreSQL; 0: any free one. */
  readonly port: number;
  /** Of the schema registry; 0: any free one. */
  readonly registryPort: number;
  /** Undefined: as the configuration says. */
  readonly format: Format | undefined;
  readonly clock: Clock;
  readonly listener: StackListener;
}

export interface EmbeddedStack {
  readonly postgres: RunningPostgres;
  /** As it was found by this start. */
  readonly database: PreparedDatabase;
  readonly application: Application;
  readonly capture: Capture;
  readonly sink: TableSink;
  readonly broker: EmbeddedBroker;
  readonly registry: EmbeddedRegistry;
  /** Finishes what is under way, part by part, and stops everything. */
  drain(): Promise<void>;
  /** Stops everything at once; also while a drain is under way, which ends with it. */
  stop(): Promise<void>;
}

/**
 * Starts everything.
 *
 * @param cancelled ends the start as soon as the part that is being started allows
 * @throws ConfigurationError when a setting, a folder or a port stands in the way; the reason of `cancelled`. Either
 *   way, what was started is stopped again
 */
export async function startStack(parts: StackParts, cancelled: AbortSignal): Promise<EmbeddedStack> {
  const { topology, settings, home, port, registryPort, format, clock, listener } = parts;
  const { database: name, setup, flush = 'process' } = settings.dev;
  const started: (() => Promise<void>)[] = [];
  try {
    const postgres = await startPostgres({ directory: home.folder('postgres'), port, database: name });
    started.push(() => postgres.stop());
    cancelled.throwIfAborted();
    const database = await prepareDatabase(postgres.url, setup);

    const broker = await openEmbeddedBroker({ directory: home.folder('broker'), flush });
    started.push(() => broker.close());
    await createTopics(broker, topology, settings.application['errors.dead.letter.queue.topic.name']);
    cancelled.throwIfAborted();

    const registry = await openEmbeddedRegistry({
      directory: home.folder('registry'),
      port: registryPort,
      portSetting: REGISTRY_PORT_SETTING,
    });
    started.push(() => registry.close());
    const encoding = encodingOf(format, settings.application.encoding, registry.url);
    const serdes = { key: encoding.values<unknown>('key'), value: encoding.values<unknown>('value') };

    const capture = captureChanges(settings.capture(postgres.url), {
      broker,
      clock,
      serdes,
      logger: { info: () => {}, warn: listener.onWarning, error: listener.onWarning },
      onFailure: listener.onFailure,
    });
    started.push(() => capture.stop());
    await capture.start();
    cancelled.throwIfAborted();

    const engines = lmdbEngines(home.folder('state'));
    // One machine, one instance: a restart takes its transaction over at once.
    const configuration = { 'instance.id': '0', ...settings.application, encoding };
    const application = new Application(topology, configuration, { broker, engines, clock }, listener);
    started.push(() => application.stop());
    await startUnlessCancelled(application, cancelled);

    const sink = tableSink(settings.sink(postgres.url), {
      broker,
      clock,
      serdes: () => serdes,
      onWritten: (records) => listener.onWritten(records),
      onRefused: (error) => listener.onWarning(error.message),
      onState: (state, reason, before) => {
        if (state === 'waiting') listener.onWarning(`the table sink waits for ${awaited(reason)}: ${reason?.message}`);
        if (state === 'running' && before === 'waiting') listener.onInfo('the table sink goes on');
      },
    });
    started.push(() => sink.stop());
    await sink.start();
    cancelled.throwIfAborted();

    const stopAll = (stopApplication: () => Promise<void>, sinkDeadlineMs: number) =>
      stopEach([
        () => capture.stop(),
        stopApplication,
        () => sink.drain(sinkDeadlineMs),
        () => broker.close(),
        () => registry.close(),
        () => postgres.stop(),
      ]);
    const stack: EmbeddedStack = {
      postgres,
      database,
      application,
      capture,
      sink,
      broker,
      registry,
      drain: () => stopAll(() => application.drain(), SINK_DEADLINE_MS),
      stop: () => stopAll(() => application.stop(), 0),
    };
    watch(stack, listener);
    return stack;
  } catch (error) {
    // What made the start fail is told, not what failed because of it.
    await stopEach(started.reverse()).catch(() => {});
    throw error;
  }
}

/** Restoring its stores may take long: who cancels does not wait for that. */
async function startUnlessCancelled(application: Application, cancelled: AbortSignal): Promise<void> {
  const stop = () => void application.stop();
  cancelled.addEventListener('abort', stop);
  try {
    await application.start();
  } finally {
    cancelled.removeEventListener('abort', stop);
  }
  cancelled.throwIfAborted();
}

async function createTopics(
  broker: EmbeddedBroker,
  topology: Topology,
  deadLetters: string | undefined,
): Promise<void> {
  const admin = await broker.admin();
  try {
    for (const { name, partitions = 1, cleanup = 'delete' } of topology.topics.values()) {
      await admin.createTopics([{ topic: name, partitions, config: { 'cleanup.policy': cleanup } }]);
    }
    if (deadLetters !== undefined) await admin.createTopics([{ topic: deadLetters, partitions: 1 }]);
  } finally {
    await admin.close();
  }
}

/** A part that ends by itself is a failure of the whole. */
function watch({ application, sink, postgres }: EmbeddedStack, listener: StackListener): void {
  void application.ended().then(() => {
    if (application.failure !== undefined) listener.onFailure(application.failure);
  });
  void sink.ended.then((error) => {
    if (error !== undefined) listener.onFailure(error);
  });
  void postgres.exited.then((how) => {
    if (application.state === 'RUNNING' || application.state === 'REBALANCING') {
      listener.onFailure(new Error(`PostgreSQL ended by itself: ${how}`));
    }
  });
}
