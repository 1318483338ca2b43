import { systemClock } from '../../clock.js';
import { type Console, humanConsole, jsonConsole } from '../../console/index.js';
import { asError } from '../../errors.js';
import { loadConfig } from '../config-file.js';
import { onSignals } from '../signals.js';
import { loadTopology } from '../topology-file.js';
import { CommitTimes } from './commit-times.js';
import { type EmbeddedStack, startStack } from './embedded-stack.js';
import { openHome } from './home.js';
import { insertSampleRows } from './sample-rows.js';
import { StatusReports } from './status-reports.js';

export interface DevOptions {
  readonly config?: string;
  readonly rows?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Rows inserted at the first start, so that something is seen. */
const FIRST_ROWS = 5;
const DEFAULT_SEED = 1;

/**
 * Runs a topology on this machine alone until a signal or a failure ends it.
 *
 * @throws ConfigurationError when it cannot start; what made it fail when it fails later
 */
export async function dev(file: string, options: DevOptions): Promise<void> {
  const clock = systemClock;
  const screen: Console = (options.json === true ? jsonConsole : humanConsole)({ out: process.stdout, clock });
  const topology = await loadTopology(file);
  const config = await loadConfig(options.config);
  const home = await openHome();
  const times = new CommitTimes();
  let failure: Error | undefined;
  let end: () => void = () => {};
  const ending = new Promise<void>((resolve) => {
    end = resolve;
  });
  let stack: EmbeddedStack | undefined;
  let stopAtOnce = false;
  let signalled = false;
  const quiet = onSignals({
    drain: () => {
      signalled = true;
      screen.message('info', 'finishing what is in flight … (again to stop at once)');
      end();
    },
    stop: () => {
      stopAtOnce = true;
      void stack?.stop();
    },
  });

  try {
    stack = await startStack(topology, config, home, clock, {
      onWritten: (records) => {
        const now = clock.now();
        for (const { key, value } of records) {
          screen.priced({ key, value, latencyMs: times.arrived(key, now) });
        }
      },
      onWarning: (text) => screen.message('warn', text),
      onRecordDropped: (error, decision) => screen.message('warn', `${decision}: ${error.message}`),
      onBrokerTrouble: (error) => screen.message('warn', error.message),
      onAbandoned: (task, records) =>
        screen.message(
          'warn',
          `${records} records of task ${task} were not finished in time; they are read again at the next start`,
        ),
      onFailure: (error) => {
        failure ??= error;
        end();
      },
    });
    const { application, postgres } = stack;
    for (const { nodes } of topology.subtopologies) {
      for (const node of nodes) {
        if (node.role === 'sink') application.observe(node.name).subscribe((record) => times.passed(record));
      }
    }
    const reports = await StatusReports.start(stack, screen, clock);
    screen.ready({ postgres: postgres.url, home: home.path });

    const rows = options.rows ?? (stack.firstStart ? FIRST_ROWS : 0);
    const sample = config.dev?.sample;
    if (rows > 0 && sample !== undefined && !signalled) {
      const plan = { rows, rate: options.rate, seed: options.seed ?? DEFAULT_SEED };
      insertSampleRows(postgres.url, sample, plan, clock, () => signalled).catch((thrown) =>
        screen.message('error', `the sample rows could not be inserted: ${asError(thrown).message}`),
      );
    }
    await ending;
    await reports.stop();
    await (stopAtOnce ? stack.stop() : stack.drain());
    if (failure !== undefined) throw failure;
  } finally {
    quiet();
    screen.close();
    await home.release();
  }
}
