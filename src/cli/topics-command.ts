/** The command `millrace topics`. */
import type { Command } from 'commander';
import { type PlaceFlags, withPlace } from './broker-place.js';

interface TopicsFlags extends PlaceFlags {
  readonly applicationId?: string;
  readonly offline?: boolean;
}

/** Adds `topics <topology>`. */
export function addTopicsCommand(millrace: Command): void {
  withPlace(millrace.command('topics'))
    .summary('list the topics that a topology needs, and whether they are there')
    .description(
      'List the topics that a topology needs: sources, sinks, changelogs, redrive topics, dead letters, with their settings.\n' +
        'Where the configuration names a broker it is asked whether they are there. Nothing is created.',
    )
    .argument('<topology>', 'a TypeScript file whose default export is a topology')
    .option('--application-id <id>', 'names the internal topics (default: as the configuration says)')
    .option('--offline', 'ask no broker')
    .addHelpText('after', '\nExample:\n  millrace topics topology/car-prices.ts --bootstrap-servers kafka:9092')
    .action(async (file: string, flags: TopicsFlags) => {
      const { topics } = await import('./topics.js');
      await topics(file, { ...flags, config: millrace.opts().config });
    });
}
