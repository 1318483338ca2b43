import { Application, type ApplicationListener } from '../app/application.js';
import { together } from '../app/together.js';
import { systemClock } from '../clock.js';
import { humanConsole, type Log, logConsole } from '../console/index.js';
import { lmdbEngines } from '../state/lmdb.js';
import type { Topology } from '../topology/graph.js';
import { loadConfig } from './config-file.js';
import { keepHeapSmall } from './run/heap.js';
import { type Instance, takeInstance } from './run/instance.js';
import { runListener } from './run/run-listener.js';
import { type RunSettings, runSettings } from './run/run-settings.js';
import { fromEnvironment, fromSetFlag, type GivenText, layered, withOrigin } from './run/setting-layers.js';
import { supervise } from './run/supervise.js';
import { Watching } from './run/watching.js';
import { onSignals } from './signals.js';
import { StatusReports } from './status-reports.js';
import { loadTopology } from './topology-file.js';
import { versionOfMillrace } from './version.js';

export interface RunOptions {
  readonly config?: string;
  /** Settings that have a flag of their own. */
  readonly flags: readonly GivenText[];
  /** `--set`, each `setting=value`. */
  readonly sets: readonly string[];
  readonly instances?: number | undefined;
  readonly json?: boolean | undefined;
  /** Which of several processes of one run this is, and how often it was started again. */
  readonly slot?: number | undefined;
  readonly restarts?: number | undefined;
}

/**
 * Runs a topology on Kafka until a signal or a failure ends it.
 *
 * @throws ConfigurationError when it cannot start; what made it fail when it fails later
 */
export async function run(file: string, options: RunOptions): Promise<void> {
  const warnings: string[] = [];
  const texts = [
    ...fromEnvironment(process.env, (warning) => warnings.push(warning)),
    ...options.flags,
    ...options.sets.map(fromSetFlag),
  ];
  const layers = layered(await loadConfig(options.config), options.config ?? 'millrace.config.ts', texts);
  try {
    const settings = runSettings(layers.config);
    const { instances, json = false } = options;
    if (instances !== undefined) {
      await supervise({ instances, args: withoutInstances(process.argv.slice(2)), json, clock: systemClock });
    } else {
      keepHeapSmall();
      await runOne(await loadTopology(file), settings, options, warnings);
    }
  } catch (thrown) {
    throw withOrigin(thrown, layers);
  }
}

async function runOne(
  topology: Topology,
  settings: RunSettings,
  options: RunOptions,
  warnings: readonly string[],
): Promise<void> {
  const { 'application.id': applicationId, 'instance.id': instanceId } = settings.application;
  const { 'state.dir': stateDir } = settings;
  const instance = await takeInstance({ stateDir, applicationId, instanceId, slot: options.slot });
  const log = logOf(options.json === true, applicationId, instance);
  try {
    for (const warning of warnings) log.message('warn', warning);
    await runOnKafka(topology, settings, options, instance, log);
  } finally {
    log.close();
    await instance.release();
  }
}

function logOf(json: boolean, applicationId: string, instance: Instance): Log {
  if (!json) return humanConsole({ out: process.stdout, clock: systemClock });
  return logConsole({
    out: process.stdout,
    bound: { pid: process.pid, 'application.id': applicationId, 'instance.id': instance.id },
  });
}

async function runOnKafka(
  topology: Topology,
  settings: RunSettings,
  { slot, restarts = 0 }: RunOptions,
  instance: Instance,
  log: Log,
): Promise<void> {
  const { 'metrics.port': port, 'metrics.host': host } = settings;
  const { kafkaBroker } = await import('../brokers/kafka/index.js');
  const applicationId = settings.application['application.id'];
  const { librdkafka, producer } = settings;
  const broker = kafkaBroker({
    'bootstrap.servers': settings['bootstrap.servers'],
    clientId: settings['client.id'] ?? `${applicationId}-${instance.id}`,
    librdkafka,
    consumer: { 'statistics.interval.ms': STATISTICS_MS, ...settings.consumer },
    producer,
    oauthBearerToken: settings['oauthbearer.token'],
    onLog: ({ client, severity, message }) => log.message(severity <= 3 ? 'warn' : 'info', `${client}: ${message}`),
  });
  const identity = {
    applicationId,
    instanceId: instance.id,
    topology: topology.name,
    version: versionOfMillrace(),
    restarts,
  };
  const address = port === undefined ? undefined : { host, port: portOf(port, slot) };
  const watching = address && new Watching(identity, systemClock);
  const application = new Application(
    topology,
    { ...settings.application, 'instance.id': instance.id },
    { broker, engines: lmdbEngines(instance.folder, { warn: (text) => log.message('warn', text) }) },
    together(runListener(log), watching?.listener ?? {}, progressToSupervisor()),
  );
  application.onStateChange((state, before) => log.message('info', `${before} -> ${state}`, { state }));
  const drain = () => void application.drain();
  const quiet = onSignals({ drain, stop: () => void application.stop() });
  // The supervisor is gone: nobody would start this one again or read what it says.
  process.once('disconnect', drain);
  let reports: StatusReports | undefined;
  try {
    // Before the start: a probe is to hear what it is waiting for.
    if (watching !== undefined) {
      const url = await watching.serve(application, broker, address!);
      log.message('info', `metrics and health on ${url}`, { url });
    }
    await application.start();
    if (application.state === 'RUNNING') {
      reports = await StatusReports.start({ application, broker, walKept: () => undefined }, log, systemClock);
    }
    await application.ended();
    if (application.failure !== undefined) throw application.failure;
  } finally {
    quiet();
    process.off('disconnect', drain);
    await reports?.stop();
    reports?.last();
    await watching?.close();
    await broker.close();
  }
}

/** Milliseconds between two statistics of the client: lag and round trips are as old at most. */
const STATISTICS_MS = 5_000;

/** Each process of `--instances` serves its own. */
function portOf(port: number, slot = 0): number {
  return port === 0 ? 0 : port + slot;
}

/** The supervisor counts starts that were in vain; one that has committed was not. */
function progressToSupervisor(): ApplicationListener {
  let told = process.send === undefined;
  return {
    onCommit() {
      if (told) return;
      told = true;
      process.send?.('committed');
    },
  };
}

function withoutInstances(args: readonly string[]): readonly string[] {
  return args.filter((arg, at) => !/^--instances(=|$)/.test(arg) && args[at - 1] !== '--instances');
}
