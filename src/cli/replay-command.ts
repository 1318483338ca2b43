/** The command `millrace replay`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { positiveInteger, repeatable } from './flag-values.js';

/** Adds `replay <topology>` and `replay list|status|delete`. */
export function addReplayCommand(millrace: Command): void {
  const replay = place(
    millrace
      .command('replay')
      .summary('run a topology again over the past')
      .description(
        'Run a topology again over a part of its topics, beside the live application: with a group, state and topics of\n' +
          'its own. The same command goes on with a replay that was cut short; one that has finished says so.',
      ),
  )
    .argument('<topology>', 'a TypeScript file whose default export is a topology')
    .option('--name <name>', 'names the replay: <application.id>-replay-<name> (default: default)')
    .option(
      '--from <edge>',
      'offset, 0=12000,1=11000, time (2026-11-14T08:00Z, -7d), beginning, committed (default: beginning)',
    )
    .option('--to <edge>', 'likewise; now is the end at the start of the replay (default: now)')
    .option('--partitions <list>', 'only these partitions: 0,2', numbers)
    .option('--keys <list>', 'only these keys: 17,18 or JSON')
    .option('--filter <file>', 'only records for which the default export (value, record) => boolean says yes')
    .addOption(
      repeatable(
        '--model <[name=]what>',
        'another model: a name that the configuration binds, an .onnx file, or a module that exports one',
      ),
    )
    .option('--with-state', 'begin with the state that the live application has now (default: with none)')
    .option('--into-live', 'write into the topics of the live application (default: <topic>.replay-<name>)')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'print the plan, with how long it will take; change nothing')
    .option('--compare', 'hold what was written against what the live application wrote of the same records')
    .option('--html <file>', 'with --compare: write one page with plots')
    .addOption(repeatable('--fail-if <condition>', 'with --compare: exit code 3 when it holds; see millrace compare'))
    .option('--rate <n>', 'most records per second', positiveInteger)
    .option('--instances <n>', 'processes that share the partitions (Kafka)', positiveInteger)
    .addOption(new Option('--slot <n>').argParser(Number).hideHelp())
    .addHelpText(
      'after',
      `
Times are those of records; a range begins with the first record that is not earlier than --from and ends before the
first that is not earlier than --to. Where times lie out of order, those between the two are taken whatever their time.

Examples:
  millrace replay topology/car-prices.ts --name v2 --from -7d --model models/ford/v2.onnx --dry-run
  millrace replay topology/car-prices.ts --name fix --from committed --rate 500
  millrace replay status v2`,
    )
    .action(async (file: string, flags) => {
      const { replayCommand } = await import('./replay/replay.js');
      await replayCommand(file, { ...flags, config: millrace.opts().config });
    });

  const add = (name: string, summary: string) => place(replay.command(name).description(summary));
  add('list', 'List the replays of the application.').action(async (_flags, command: Command) => {
    const { showReplays } = await import('./replay/replays.js');
    await showReplays({ ...command.optsWithGlobals(), config: millrace.opts().config });
  });
  add('status', 'Show how far a replay is.')
    .argument('<name>', "the replay's name")
    .action(async (name: string, _flags, command: Command) => {
      const { showReplays } = await import('./replay/replays.js');
      await showReplays({ ...command.optsWithGlobals(), config: millrace.opts().config }, name);
    });
  add('delete', 'Delete a replay: its topics, its group, its state. Live topics stay.')
    .argument('<name>', "the replay's name")
    .action(async (name: string, _flags, command: Command) => {
      const { removeReplay } = await import('./replay/replays.js');
      await removeReplay({ ...command.optsWithGlobals(), config: millrace.opts().config }, name);
    });
  for (const command of replay.commands) command.exitOverride().copyInheritedSettings(millrace);
}

/** Where it works; the same for all of them. */
function place(command: Command): Command {
  return command
    .option('--bootstrap-servers <list>', 'host:port,… (default: bootstrap.servers of the configuration)')
    .option('--dev', 'work on the topics of millrace dev (MILLRACE_HOME), which must not run meanwhile')
    .addOption(repeatable('--set <setting=value>', 'any setting by its name'))
    .addOption(
      new Option('--format <format>', 'how the topics of millrace dev are encoded').choices(['connect-json', 'avro']),
    )
    .option('--json', 'one JSON object a line, for machines');
}

function numbers(text: string): readonly number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values.every((value) => Number.isSafeInteger(value) && value >= 0)) return values;
  throw new InvalidArgumentError('Give whole numbers with commas between them: 0,2.');
}
