import { resolve } from 'node:path';
import { Application } from '../app/application.js';
import { systemClock } from '../clock.js';
import { type Console, humanConsole, jsonConsole } from '../console/index.js';
import { ConfigurationError } from '../errors.js';
import { lmdbEngines } from '../state/lmdb.js';
import { loadConfig } from './config-file.js';
import { onSignals } from './signals.js';
import { StatusReports } from './status-reports.js';
import { loadTopology } from './topology-file.js';

export interface RunOptions {
  readonly config?: string;
  readonly bootstrapServers?: string;
  readonly json?: boolean;
}

/**
 * Runs a topology on Kafka until a signal or a failure ends it.
 *
 * @throws ConfigurationError when it cannot start; what made it fail when it fails later
 */
export async function run(file: string, options: RunOptions): Promise<void> {
  const topology = await loadTopology(file);
  const {
    'bootstrap.servers': configured,
    'state.dir': stateDir = '.millrace/state',
    librdkafka = {},
    source: _source,
    sink: _sink,
    dev: _dev,
    ...app
  } = await loadConfig(options.config);
  const servers = options.bootstrapServers ?? configured;
  if (servers === undefined) {
    throw new ConfigurationError(
      'bootstrap.servers: where is Kafka? Give --bootstrap-servers, or set it in the configuration',
      'bootstrap.servers',
    );
  }
  const screen: Console = (options.json === true ? jsonConsole : humanConsole)({
    out: process.stdout,
    clock: systemClock,
  });
  const { kafkaBroker } = await import('../brokers/kafka/index.js');
  const broker = kafkaBroker({ 'bootstrap.servers': servers, librdkafka });
  const application = new Application(
    topology,
    app,
    { broker, engines: lmdbEngines(resolve(stateDir, app['application.id'])) },
    {
      onRecordDropped: (error, decision) => screen.message('warn', `${decision}: ${error.message}`),
      onBrokerTrouble: (error) => screen.message('warn', error.message),
      onAbandoned: (task, records) =>
        screen.message('warn', `${records} records of task ${task} were not finished in time; they are read again`),
    },
  );
  application.onStateChange((state, before) => screen.message('info', `${before} -> ${state}`));
  const quiet = onSignals({ drain: () => void application.drain(), stop: () => void application.stop() });
  let reports: StatusReports | undefined;
  try {
    await application.start();
    if (application.state === 'RUNNING') {
      reports = await StatusReports.start({ application, broker, walKept: () => undefined }, screen, systemClock);
    }
    await application.ended();
    if (application.failure !== undefined) throw application.failure;
  } finally {
    quiet();
    await reports?.stop();
    reports?.last();
    screen.close();
    await broker.close();
  }
}
