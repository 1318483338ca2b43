/** The command `millrace`: reads arguments, says what went wrong, gives the exit code. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { asError, ConfigurationError, TopologyError } from '../errors.js';

/** What was asked for cannot be done as asked: a setting, a topology, an argument. */
const EXIT_USAGE = 2;
/** It was begun, and failed. */
const EXIT_FAILURE = 1;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return value;
}

function program(): Command {
  const millrace = new Command('millrace')
    .description('Kafka Streams-style topologies for Node')
    .option('--config <file>', 'the configuration (default: millrace.config.ts)')
    .option('--trace', 'show where an error was thrown')
    .showHelpAfterError('(millrace --help says more)')
    .exitOverride();

  millrace
    .command('dev')
    .description('run a topology on this machine alone: PostgreSQL, capture, broker and sink are started with it')
    .argument('<topology>', 'a TypeScript file whose default export is a topology')
    .option('--rows <n>', 'sample rows to insert (default: a few at the first start)', wholeNumber)
    .option('--rate <n>', 'sample rows per second (default: all at once)', wholeNumber)
    .option('--seed <n>', 'another seed gives other sample rows', wholeNumber)
    .option('--json', 'one JSON object a line, for machines')
    .action(async (file, options) => {
      const { dev } = await import('./dev/dev.js');
      await dev(file, { ...options, config: millrace.opts().config });
    });

  millrace
    .command('run')
    .description('run a topology on Kafka')
    .argument('<topology>', 'a TypeScript file whose default export is a topology')
    .option('--bootstrap-servers <list>', 'host:port,host:port (default: bootstrap.servers of the configuration)')
    .option('--json', 'one JSON object a line, for machines')
    .action(async (file, options) => {
      const { run } = await import('./run.js');
      await run(file, { ...options, config: millrace.opts().config });
    });

  millrace
    .command('describe')
    .description("print a topology as Kafka Streams' Topology.describe() does")
    .argument('<topology>', 'a TypeScript file whose default export is a topology')
    .option('--json', 'print { "topology": name, "description": text }')
    .action(async (file, options: { json?: boolean }) => {
      const { loadTopology } = await import('./topology-file.js');
      const topology = await loadTopology(file);
      const text = topology.describe();
      process.stdout.write(
        options.json === true ? `${JSON.stringify({ topology: topology.name, description: text })}\n` : text,
      );
    });

  for (const command of millrace.commands) command.exitOverride();
  return millrace;
}

/** Runs the command line. Sets the exit code; never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const millrace = program();
  try {
    await millrace.parseAsync([...argv]);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? 0 : EXIT_USAGE;
      return;
    }
    const error = asError(thrown);
    const usage = error instanceof ConfigurationError || error instanceof TopologyError;
    process.exitCode = usage ? EXIT_USAGE : EXIT_FAILURE;
    const text = millrace.opts().trace === true ? (error.stack ?? error.message) : error.message;
    if (argv.includes('--json')) process.stdout.write(`${JSON.stringify({ event: 'error', message: text })}\n`);
    else process.stderr.write(`millrace: ${text}\n`);
  }
}
