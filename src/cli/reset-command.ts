/** The command `millrace reset`. */
import { type Command, Option } from 'commander';
import { withPlace } from './broker-place.js';

const TARGETS = ['toEarliest', 'toLatest', 'toOffset', 'toDatetime', 'byDuration', 'shiftBy', 'fromFile'];

/** Adds `reset <application.id>`. */
export function addResetCommand(millrace: Command): void {
  const target = (flags: string, description: string) => {
    const option = new Option(flags, description);
    return option.conflicts(TARGETS.filter((name) => name !== option.attributeName()));
  };
  withPlace(millrace.command('reset'))
    .summary("set an application back, as Kafka's kafka-streams-application-reset does")
    .description(
      'Set an application back: the offsets of its input topics are set, its internal topics deleted and its state on this\n' +
        'machine removed. What it has written stays. All its instances must be stopped.',
    )
    .argument('<application.id>', 'the application, which is its consumer group too')
    .option('--input-topics <list>', 'topics to be set back (default: those of which it has committed offsets)')
    .option('--internal-topics <list>', 'internal topics to be deleted (default: all changelogs and repartitions)')
    .addOption(target('--to-earliest', 'to the beginning (the default)'))
    .addOption(target('--to-latest', 'to the end'))
    .addOption(target('--to-offset <n>', 'to this offset of each partition'))
    .addOption(target('--to-datetime <time>', 'to the first record of this time or later: 2026-11-01T00:00:00.000'))
    .addOption(target('--by-duration <duration>', 'to the first record of so long ago: P7D, PT2H, -7d'))
    .addOption(target('--shift-by <n>', 'by so many records from where it is; below 0 goes back').argParser(String))
    .addOption(target('--from-file <file>', 'to those of a file: topic,partition,offset, a line each'))
    .option(
      '--force',
      'wait until members that were killed are expelled, for session.timeout.ms; instances that run still refuse',
    )
    .option('--dry-run', 'say what would be done; change nothing')
    .addHelpText(
      'after',
      `
Times without a zone are of this machine, as in Kafka's tool. Redrive topics stay: what was redriven stays so.

Examples:
  millrace reset car-prices --dry-run
  millrace reset car-prices --to-datetime 2026-11-01T00:00:00.000
  millrace reset car-prices --shift-by -1000`,
    )
    .action(async (applicationId: string, flags) => {
      const { reset } = await import('./reset.js');
      await reset(applicationId, { ...flags, config: millrace.opts().config });
    });
}
