/** `npm run stack`: the servers that run beside millrace, on this machine, without a container engine. */
import { Command, Option } from 'commander';
import { logs, status, stop, up, versionTable, watch } from './commands.js';
import { FORMATS, type Format, StackError } from './part.js';

const say = (line: string): void => console.log(line);

interface StartFlags {
  readonly only: string[];
  readonly format?: Format;
  readonly detach?: true;
  readonly fresh?: true;
}

const HELP = `
Environment (ports: 0 takes a free one):
  MILLRACE_POSTGRES_PORT  5432      MILLRACE_CONNECT_PORT   8083
  MILLRACE_KAFKA_PORT     9092      MILLRACE_BENTOML_PORT   3000
  MILLRACE_REGISTRY_PORT  8081
  MILLRACE_STACK          where downloads are kept (.stack)
  MILLRACE_STACK_HOME     where data and logs are kept (.stack)
  JAVA_HOME, PYTHON       another Java, another Python 3.11`;

const program = new Command('stack')
  .description(
    'Starts the servers that run beside millrace on 127.0.0.1; they stay until Ctrl-C, or with --detach until "stop".',
  )
  .option('--only <parts>', 'start these parts only, separated by commas', (text: string) => text.split(','), [])
  .addOption(new Option('--format <format>', 'how rows travel through Kafka (default: connect-json)').choices(FORMATS))
  .option('--detach', 'return as soon as everything is ready')
  .option('--fresh', 'begin with empty data')
  .addHelpText('after', HELP)
  .action(async ({ only, format, detach, fresh }: StartFlags) => {
    // From the beginning, so that Ctrl-C while something starts leaves nothing behind.
    const stopping = new AbortController();
    const cancelled = new StackError('The start was broken off.');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(cancelled));
    const { signal } = stopping;
    if (only.length === 0) say(versionTable());
    const parts = await up({ parts: only, data: fresh ? 'fresh' : 'kept', format, signal }, say);
    if (detach) return;
    say('Ctrl-C stops everything.');
    await watch(parts, signal, say);
  });

program
  .command('status')
  .description('what runs, where, and whether it answers')
  .action(() => status(say));

program
  .command('stop [parts...]')
  .description('stops what this runner started')
  .action((parts: string[]) => stop(parts, say));

program
  .command('versions')
  .description('what runs beside millrace, and in which version')
  .action(() => say(versionTable()));

program
  .command('logs <part>')
  .description('prints the log of a part')
  .action((part: string) => logs(part, process.stdout));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
