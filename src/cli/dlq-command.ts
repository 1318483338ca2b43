/** The command `millrace dlq`. */
import { type Command, InvalidArgumentError } from 'commander';
import { withPlace } from './broker-place.js';
import { withRange } from './range-flags.js';

/** Adds `dlq list|show|redrive <topic>`. */
export function addDlqCommand(millrace: Command): void {
  const dlq = millrace
    .command('dlq')
    .summary('dead letters: what failed, and back through the topology')
    .description(
      'Dead letters: what failed and why, one of them in full, and back through the topology once the bug is fixed.',
    );
  const add = (name: string, description: string): Command =>
    withPlace(dlq.command(name))
      .description(description)
      .argument('<topic>', 'the dead-letter topic (errors.dead.letter.queue.topic.name)')
      .option('--application-id <id>', 'whose dead letters they are (default: application.id of the configuration)');
  const settings = <T>(flags: T): T & { config?: string } => ({ ...flags, config: millrace.opts().config });

  withRange(add('list', 'List dead letters by reason, with counts.')).action(async (topic: string, flags) => {
    const { list } = await import('./dlq.js');
    await list(topic, settings(flags));
  });

  add('show', 'Show one dead letter with its headers, decoded as far as it goes.')
    .argument('[place]', 'partition@offset; without it the first one')
    .action(async (topic: string, place: string | undefined, flags) => {
      const { show } = await import('./dlq.js');
      await show(topic, place, settings(flags));
    });

  add(
    'redrive',
    'Put dead letters back into the topology they came from, each once: as the records that they were, through an\n' +
      'internal topic. The application reads it, now or at its next start. One whose key has moved on since is reported as\n' +
      'superseded and not written. Cut short, the same command goes on.',
  )
    .option('--reason <text>', 'only of this reason: its id, or a part of the exception or message')
    .option('--place <partition@offset>', 'only this one; may be repeated', collected)
    .option('--rate <n>', 'records a second, at most', positive)
    .option('--write-superseded', 'put back those whose key has moved on, too')
    .option('--dry-run', 'say what would be done; write nothing')
    .addHelpText(
      'after',
      `
Examples:
  millrace dlq redrive cars-dead --dry-run
  millrace dlq redrive cars-dead --reason 3f2a91c0 --rate 100
  millrace dlq redrive cars-dead --place 0@17`,
    )
    .action(async (topic: string, flags) => {
      const { redrive } = await import('./dlq.js');
      await redrive(topic, settings(flags));
    });

  for (const command of dlq.commands) command.exitOverride().copyInheritedSettings(dlq);
}

function collected(text: string, before: readonly string[] = []): readonly string[] {
  if (/^\d+@\d+$/.test(text)) return [...before, text];
  throw new InvalidArgumentError('Give partition@offset of the dead-letter topic: 0@17.');
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}
