/**
 * Everything that `millrace dev` runs, in one process: PostgreSQL (its own process), capture, broker, application and
 * table sink. Started in the order in which they need each other, stopped in the order in which records flow.
 */
import { Client } from 'pg';
import { Application, type ApplicationListener } from '../../app/application.js';
import type { MillraceConfig } from '../../app/millrace-config.js';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../brokers/embedded/broker.js';
import { type Capture, captureChanges } from '../../cdc/capture/index.js';
import { type RunningPostgres, startPostgres } from '../../cdc/postgres/index.js';
import { type SinkRecord, type TableSink, tableSink } from '../../cdc/sink/index.js';
import type { Clock } from '../../clock.js';
import { ConfigurationError } from '../../errors.js';
import { connectJson } from '../../serde/connect-json.js';
import { lmdbEngines } from '../../state/lmdb.js';
import type { Topology } from '../../topology/graph.js';
import { type Home, postgresPort } from './home.js';

/** Milliseconds that a drain gives the sink to write the last rows. */
const SINK_DEADLINE_MS = 5_000;

/** What the stack tells. */
export interface StackListener extends ApplicationListener {
  /** Rows are in the sink's table, committed. */
  onWritten(records: readonly SinkRecord[]): void;
  onWarning(text: string): void;
  /** A part ended that should not have. */
  onFailure(error: Error): void;
}

export interface EmbeddedStack {
  readonly postgres: RunningPostgres;
  readonly application: Application;
  readonly capture: Capture;
  readonly sink: TableSink;
  readonly broker: EmbeddedBroker;
  /** True when the database was made by this start. */
  readonly firstStart: boolean;
  /** Finishes what is under way, part by part, and stops everything. */
  drain(): Promise<void>;
  /** Stops everything at once. */
  stop(): Promise<void>;
}

/**
 * Starts everything.
 *
 * @throws ConfigurationError when a setting, a folder or a port stands in the way; what was started is stopped again
 */
export async function startStack(
  topology: Topology,
  config: MillraceConfig,
  home: Home,
  clock: Clock,
  listener: StackListener,
): Promise<EmbeddedStack> {
  const { dev, source, sink: sinkConfig, 'bootstrap.servers': _, librdkafka: __, 'state.dir': ___, ...app } = config;
  if (dev === undefined || source === undefined || sinkConfig === undefined) {
    throw new ConfigurationError('millrace dev needs dev, source and sink in the configuration', 'dev');
  }
  const started: (() => Promise<void>)[] = [];
  try {
    const postgres = await startPostgres({
      directory: home.folder('postgres'),
      port: postgresPort(),
      database: dev.database,
    });
    started.push(() => postgres.stop());
    const firstStart = await setUp(postgres.url, dev.setup);

    const broker = await openEmbeddedBroker({ directory: home.folder('broker') });
    started.push(() => broker.close());
    await createTopics(broker, topology, config['errors.dead.letter.queue.topic.name']);

    const connection = new URL(postgres.url);
    const capture = captureChanges(
      {
        ...source,
        'database.hostname': connection.hostname,
        'database.port': Number(connection.port),
        'database.user': decodeURIComponent(connection.username),
        'database.password': decodeURIComponent(connection.password),
        'database.dbname': dev.database,
      },
      {
        broker,
        clock,
        serdes: { key: connectJson(), value: connectJson() },
        logger: { info: () => {}, warn: listener.onWarning, error: listener.onWarning },
        onFailure: listener.onFailure,
      },
    );
    await capture.start();
    started.push(() => capture.stop());

    const engines = lmdbEngines(home.folder('state'));
    const application = new Application(topology, app, { broker, engines, clock }, listener);
    await application.start();
    started.push(() => application.drain());

    const sink = tableSink(
      { ...sinkConfig, 'connection.url': postgres.url },
      {
        broker,
        clock,
        serdes: () => ({ key: connectJson(), value: connectJson() }),
        onWritten: (records) => listener.onWritten(records),
      },
    );
    await sink.start();
    started.push(() => sink.stop());

    const stopAll = async (stopApplication: () => Promise<void>, sinkDeadlineMs: number) => {
      await capture.stop();
      await stopApplication();
      await sink.drain(sinkDeadlineMs);
      await sink.stop();
      await broker.close();
      await postgres.stop();
    };
    watch(application, sink, postgres, listener);
    return {
      postgres,
      application,
      capture,
      sink,
      broker,
      firstStart,
      drain: () => stopAll(() => application.drain(), SINK_DEADLINE_MS),
      stop: () => stopAll(() => application.stop(), 0),
    };
  } catch (error) {
    for (const stop of started.reverse()) await stop();
    throw error;
  }
}

/** @returns true when the setup made something: the database is new */
async function setUp(url: string, sql: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables =
      "select count(*)::int as n from pg_catalog.pg_tables where schemaname not in ('pg_catalog', 'information_schema')";
    const before = await client.query<{ n: number }>(tables);
    await client.query(sql);
    return before.rows[0]?.n === 0;
  } finally {
    await client.end();
  }
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
function watch(
  application: Application,
  sink: TableSink,
  postgres: RunningPostgres,
  listener: StackListener,
): void {
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
