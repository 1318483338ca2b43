/** The command `millrace record`. */
import { type Command, InvalidArgumentError } from 'commander';
import { type PlaceFlags, withPlace } from './broker-place.js';
import { type RangeFlags, withRange } from './range-flags.js';

interface RecordFlags extends PlaceFlags, RangeFlags {
  readonly to: string;
  readonly limit?: number;
}

/** Adds `record <topic> --to <file>`. */
export function addRecordCommand(millrace: Command): void {
  withRange(withPlace(millrace.command('record')), 'until')
    .summary('write the records of a topic to a file, for tests')
    .description(
      'Write the records of a topic to a file, one JSON object a line, bytes in base64. replayFile() of millrace/testing\n' +
        'feeds them with their timestamps to TopologyTestDriver and to marble tests.',
    )
    .argument('<topic>')
    .requiredOption('--to <file>', 'the file; what was in it is replaced')
    .option('--limit <n>', 'records, at most', limit)
    .addHelpText(
      'after',
      '\nExample:\n  millrace record car_database.public.car_data --to test/cars.jsonl --from -1h --limit 500',
    )
    .action(async (topic: string, flags: RecordFlags) => {
      const { record } = await import('./record.js');
      await record(topic, { ...flags, config: millrace.opts().config });
    });
}

function limit(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}
