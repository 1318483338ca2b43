import { together } from '../../app/together.js';
import { type Clock, systemClock } from '../../clock.js';
import { bytes } from '../../console/human-format.js';
import { type Console, humanConsole, jsonConsole } from '../../console/index.js';
import { asError } from '../../errors.js';
import type { Topology } from '../../topology/graph.js';
import { loadConfig } from '../config-file.js';
import { tellOfOutages } from '../model-messages.js';
import { Watching } from '../run/watching.js';
import { onSignals } from '../signals.js';
import { StatusReports } from '../status-reports.js';
import { loadTopology } from '../topology-file.js';
import { versionOfMillrace } from '../version.js';
import { CommitTimes } from './commit-times.js';
import { type DevSettings, devSettings } from './dev-settings.js';
import { type EmbeddedStack, type StackListener, startStack } from './embedded-stack.js';
import { Ending } from './ending.js';
import type { Format } from './format.js';
import { openHome, postgresPort, registryPort } from './home.js';
import { SampleRowInserts } from './sample-rows.js';

export interface DevOptions {
  readonly config?: string;
  /** Sample rows to insert. Default: a few at the first start. */
  readonly rows?: number;
  /** Sample rows per second. Default: all at once. */
  readonly rate?: number;
  readonly seed?: number;
  /** How topics are encoded. Default: as the configuration says, JSON with schema. */
  readonly format?: Format;
  readonly json?: boolean;
  /** Where metrics and health are served; 0: any free port. Default: they are not. */
  readonly metricsPort?: number;
}

/** Rows inserted at the first start, so that something is seen. */
const FIRST_ROWS = 5;
const DEFAULT_SEED = 1;
/** Bytes of log kept for an application that stood still, from which on it is said. */
const MUCH_WAL = 64 * 1024 * 1024;

/**
 * Runs a topology on this machine alone until a signal or a failure ends it.
 *
 * @throws ConfigurationError when it cannot start; what made it fail when it fails later
 */
export async function dev(file: string, options: DevOptions): Promise<void> {
  const clock = systemClock;
  const screen: Console = (options.json === true ? jsonConsole : humanConsole)({ out: process.stdout, clock });
  const ending = new Ending();
  let stack: EmbeddedStack | undefined;
  const quiet = onSignals({
    drain() {
      const what = stack === undefined ? 'stopping …' : 'finishing what is in flight …';
      screen.message('info', `${what} (again to stop at once)`);
      ending.ask();
    },
    stop: () => void stack?.stop().catch((thrown) => ending.fail(asError(thrown))),
  });

  try {
    const topology = await loadTopology(file);
    const settings = devSettings(await loadConfig(options.config));
    const ports = { port: postgresPort(), registryPort: registryPort() };
    const home = await openHome();
    try {
      const times = new CommitTimes();
      const { format, metricsPort } = options;
      const watching = metricsPort === undefined ? undefined : watchingOf(topology, settings, clock);
      const told = tellOn(screen, clock, times, ending);
      const listener = watching === undefined ? told : { ...told, ...together(told, watching.listener) };
      stack = await startStack({ topology, settings, home, ...ports, format, clock, listener }, ending.signal);
      watchCommitTimes(stack, topology, times);
      if (watching !== undefined) {
        const address = { host: '127.0.0.1', port: metricsPort! };
        const url = await watching.serve(stack.application, stack.broker, address);
        screen.message('info', `metrics and health on ${url}`, { url });
      }
      const { postgres, database, capture, registry } = stack;
      const walKept = () => capture.status.walKeptBytes ?? database.walKeptBytes;
      const reports = await StatusReports.start({ ...stack, walKept }, screen, clock);
      screen.ready({ postgres: postgres.url, home: home.path, registry: registry.url });
      if (database.walKeptBytes !== undefined && database.walKeptBytes >= MUCH_WAL) {
        screen.message(
          'info',
          `PostgreSQL has kept ${bytes(database.walKeptBytes)} of its log while nothing read it; it is given free as its changes are read`,
        );
      }
      const rows = options.rows ?? (database.isNew ? FIRST_ROWS : 0);
      const plan = { rows, rate: options.rate, seed: options.seed ?? DEFAULT_SEED };
      const inserts = new SampleRowInserts(postgres.url, settings.dev.sample, plan, clock, screen);

      await ending.come();
      await inserts.stop();
      await reports.stop();
      await watching?.close();
      await stack.drain();
      reports.last();
      if (ending.failure !== undefined) throw ending.failure;
    } finally {
      await home.release();
    }
  } catch (thrown) {
    // Who ends a start wants it to end; what fails because of that is no failure. The terminal's Ctrl-C, for one,
    // reaches the programs that a start runs too.
    if (stack !== undefined || !ending.wasAsked) throw thrown;
  } finally {
    quiet();
    screen.close();
  }
}

function watchingOf({ name }: Topology, { application }: DevSettings, clock: Clock): Watching {
  const applicationId = application['application.id'];
  return new Watching(
    { applicationId, instanceId: '0', topology: name, version: versionOfMillrace(), restarts: 0 },
    clock,
  );
}

function tellOn(screen: Console, clock: Clock, times: CommitTimes, ending: Ending): StackListener {
  return {
    onWritten(records) {
      const now = clock.now();
      for (const { key, value } of records) screen.priced({ key, value, latencyMs: times.arrived(key, now) });
    },
    onWarning: (text) => screen.message('warn', text),
    onInfo: (text) => screen.message('info', text),
    onRecordDropped: (error, decision) => screen.message('warn', `${decision}: ${error.message}`),
    onBrokerTrouble: (error) => screen.message('warn', error.message),
    ...tellOfOutages(screen),
    onAbandoned: (task, records) =>
      screen.message(
        'warn',
        `${records} records of task ${task} were not finished in time; they are read again at the next start`,
      ),
    onFailure: (error) => ending.fail(error),
  };
}

function watchCommitTimes({ application }: EmbeddedStack, topology: Topology, times: CommitTimes): void {
  for (const { nodes } of topology.subtopologies) {
    for (const node of nodes) {
      if (node.role === 'sink') application.observe(node.name).subscribe((record) => times.passed(record));
    }
  }
}
