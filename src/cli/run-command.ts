/** The command `millrace run`. */
import type { Command } from 'commander';
import { positiveInteger, repeatable } from './flag-values.js';
import type { GivenText } from './run/setting-layers.js';

interface RunFlags {
  readonly set: readonly string[];
  readonly instances?: number;
  readonly json?: boolean;
  readonly slot?: number;
  readonly restarts?: number;
  readonly [flag: string]: unknown;
}

/** Settings that have a flag of their own. */
const NAMED: Readonly<Record<string, readonly [setting: string, argument: string, text: string]>> = {
  bootstrapServers: ['bootstrap.servers', 'host:port,…', 'the brokers of Kafka'],
  applicationId: ['application.id', 'id', 'names the group, the internal topics and the state'],
  processingGuarantee: ['processing.guarantee', 'guarantee', 'at_least_once or exactly_once_v2'],
  commitIntervalMs: ['commit.interval.ms', 'ms', 'longest time between commits'],
  instanceId: ['instance.id', 'id', 'names this member (default: <host>-<slot>)'],
  stateDir: ['state.dir', 'folder', 'where stores keep their files'],
  metricsPort: ['metrics.port', 'port', 'serve /metrics, /health/live and /health/ready'],
  metricsHost: ['metrics.host', 'address', 'where they are served (default: 127.0.0.1)'],
};

/** Adds `run`. */
export function addRunCommand(millrace: Command): void {
  const run = millrace
    .command('run')
    .summary('run a topology on Kafka')
    .description(
      'Run a topology on Kafka. Processes with the same application.id share the partitions.\n' +
        'SIGTERM finishes what is in flight and leaves the group; again, it stops at once.',
    )
    .argument('<topology>', 'a TypeScript file whose default export is a topology');
  for (const [setting, argument, text] of Object.values(NAMED)) {
    run.option(`--${setting.replaceAll('.', '-')} <${argument}>`, text);
  }
  run
    .addOption(repeatable('--set <setting=value>', 'any setting by its name'))
    .option('--instances <n>', 'processes of the group to run and keep running', positiveInteger)
    .option('--json', 'one JSON object a line, for machines')
    .addOption(run.createOption('--slot <n>').argParser(Number).hideHelp())
    .addOption(run.createOption('--restarts <n>').argParser(Number).hideHelp())
    .addHelpText(
      'after',
      `
Settings, later ones first: flags, environment, configuration, defaults. The variable of a setting is MILLRACE_ and its
name in capitals with _ for . and -: MILLRACE_COMMIT_INTERVAL_MS. docs/configuration.md has them all.

Kafka needs the package node-rdkafka, which is an optional dependency.

Examples:
  millrace run topology/car-prices.ts --bootstrap-servers kafka:9092 --instances 2 --metrics-port 9464
  millrace run topology/car-prices.ts --set librdkafka.security.protocol=ssl --set topics.car_data_predicted=trial`,
    )
    .action(async (file: string, flags: RunFlags) => {
      const { run: start } = await import('./run.js');
      await start(file, {
        flags: given(flags),
        sets: flags.set,
        instances: flags.instances,
        slot: flags.slot,
        restarts: flags.restarts,
        json: flags.json,
        config: millrace.opts().config,
      });
    });
}

function given(flags: RunFlags): readonly GivenText[] {
  return Object.entries(NAMED).flatMap(([flag, [setting]]) => {
    const text = flags[flag];
    return typeof text === 'string' ? [{ setting, text, from: `the flag --${setting.replaceAll('.', '-')}` }] : [];
  });
}
