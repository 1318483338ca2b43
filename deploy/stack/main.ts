/** `npm run stack`: the servers that run beside millrace, on this machine, without a container engine. */
import { Command } from 'commander';
import { logs, status, stop, up, watch } from './commands.js';
import { StackError } from './part.js';

const say = (line: string): void => console.log(line);

const program = new Command('stack')
  .description(
    'Starts the servers that run beside millrace on 127.0.0.1; they stay until Ctrl-C, or with --detach until "stop".',
  )
  .option('--only <parts>', 'start these parts only, separated by commas', (text: string) => text.split(','), [])
  .option('--detach', 'return as soon as everything is ready')
  .option('--fresh', 'begin with empty data')
  .action(async (options: { only: string[]; detach?: true; fresh?: true }) => {
    // From the beginning, so that Ctrl-C while something starts leaves nothing behind.
    const stopping = new AbortController();
    if (!options.detach)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
    const parts = await up(options.only, { data: options.fresh ? 'fresh' : 'kept' }, say);
    if (options.detach) return;
    say('Ctrl-C stops everything.');
    await watch(parts, stopping.signal, say);
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
