/** The command `millrace`: reads arguments, says what went wrong, gives the exit code. */
import { inspect } from 'node:util';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { asError, ConfigurationError, TopologyError } from '../errors.js';
import { addCompareCommand } from './compare-command.js';
import { addDlqCommand } from './dlq-command.js';
import { ExitStatus } from './exit-status.js';
import { addRecordCommand } from './record-command.js';
import { addReplayCommand } from './replay-command.js';
import { addResetCommand } from './reset-command.js';
import { addRunCommand } from './run-command.js';
import { addSchemasCommand } from './schemas-command.js';
import { addTopicsCommand } from './topics-command.js';
import { versionOfMillrace } from './version.js';

/** What was asked for cannot be done as asked: a setting, a topology, an argument. */
const EXIT_USAGE = 2;
/** It was begun, and failed. */
const EXIT_FAILURE = 1;

/** Runs the command line and ends the process. */
export async function main(argv: readonly string[]): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) ignoreClosedReader(stream);
  process.exitCode = await exitCodeOf(argv);
  await Promise.all([process.stdout, process.stderr].map(written));
  // A call of the user's code that nobody waits for any more would keep the process.
  process.exit();
}

async function exitCodeOf(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  const millrace = program(json);
  try {
    await millrace.parseAsync([...argv]);
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // A person was told by the commander.
      if (json && thrown.exitCode !== 0) tellProgram(thrown.message.replace(/^error: /, ''));
      return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
    }
    const error = asError(thrown);
    const text = millrace.opts().trace === true ? inspect(error) : error.message;
    if (json) tellProgram(text);
    else process.stderr.write(`millrace: ${text}\n`);
    if (error instanceof ExitStatus) return error.code;
    return error instanceof ConfigurationError || error instanceof TopologyError ? EXIT_USAGE : EXIT_FAILURE;
  }
}

function program(json: boolean): Command {
  const millrace = new Command('millrace')
    .description('Kafka Streams-style topologies for Node, with models in the stream')
    .version(versionOfMillrace())
    .option('--config <file>', 'the configuration (default: millrace.config.ts)')
    .option('--trace', 'show where an error was thrown')
    .showHelpAfterError('(millrace --help says more)')
    .addHelpText('after', '\nAn error in what was asked for gives exit code 2, one while running 1.')
    .exitOverride();

  millrace
    .command('dev')
    .summary('run a topology on this machine alone')
    .description(
      'Run a topology on this machine alone: PostgreSQL, capture, broker and table sink are started with it.\n' +
        'Ctrl-C finishes what is in flight and stops everything; again, it stops at once.',
    )
    .argument('<topology>', 'a TypeScript file whose default export is a topology')
    .option('--rows <n>', 'sample rows to insert (default: a few at the first start)', wholeNumber)
    .option('--rate <n>', 'sample rows per second (default: all at once)', positiveNumber)
    .option('--seed <n>', 'another seed gives other sample rows', wholeNumber)
    .option('--metrics-port <port>', 'serve /metrics, /health/live and /health/ready', wholeNumber)
    .addOption(
      new Option(
        '--format <format>',
        'how topics are encoded (default: as the configuration says, connect-json)',
      ).choices(['connect-json', 'avro']),
    )
    .option('--json', 'one JSON object a line, for machines')
    .addHelpText(
      'after',
      `
Environment:
  MILLRACE_HOME     the folder that keeps everything (default: .millrace)
  MILLRACE_PG_PORT  the port of PostgreSQL (default: 5433; 0: any free one)
  MILLRACE_REGISTRY_PORT  the port of the schema registry (default: 8081; 0: any free one)

Example:
  millrace dev topology/car-prices.ts --rows 1000 --rate 50`,
    )
    .action(async (file, options) => {
      const { dev } = await import('./dev/dev.js');
      await dev(file, { ...options, config: millrace.opts().config });
    });

  addRunCommand(millrace);
  addReplayCommand(millrace);

  millrace
    .command('describe')
    .summary("print a topology as Kafka Streams' Topology.describe() does")
    .description(
      "Print a topology as Kafka Streams' Topology.describe() does; its viewers read it. Nothing is started.",
    )
    .argument('<topology>', 'a TypeScript file whose default export is a topology')
    .option('--mermaid', 'a flowchart of Mermaid instead')
    .option('--json', 'print { "topology": name, "description": text }')
    .action(async (file, { mermaid }) => {
      const { loadTopology } = await import('./topology-file.js');
      const topology = await loadTopology(file);
      const description = mermaid === true ? topology.toMermaid() : topology.describe();
      process.stdout.write(json ? `${JSON.stringify({ topology: topology.name, description })}\n` : description);
    });

  addTopicsCommand(millrace);
  addCompareCommand(millrace);
  addResetCommand(millrace);
  addDlqCommand(millrace);
  addRecordCommand(millrace);
  addSchemasCommand(millrace, json);

  for (const command of millrace.commands) command.exitOverride().copyInheritedSettings(millrace);
  if (json) for (const command of [millrace, ...millrace.commands]) command.configureOutput({ writeErr: () => {} });
  return millrace;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return value;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function tellProgram(message: string): void {
  process.stdout.write(`${JSON.stringify({ event: 'error', message })}\n`);
}

/** `millrace … | head` ends the reader, not us, and is no error. */
function ignoreClosedReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Resolves when all that was written has been taken, or nobody takes it any more. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  if (!stream.writable) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
