/** The command `millrace compare`. */
import type { Command } from 'commander';
import { withPlace } from './broker-place.js';
import { repeatable } from './flag-values.js';
import { withRange } from './range-flags.js';

/** Adds `compare <topicA> <topicB>`. */
export function addCompareCommand(millrace: Command): void {
  withRange(withPlace(millrace.command('compare')))
    .summary('compare two topics')
    .description(
      'Compare two topics: what is equal, changed, only here (A), only there (B), and how numbers differ (there - here).\n' +
        'Rows lie in temporary files meanwhile; memory stays bounded.',
    )
    .argument('<topicA>', 'here: what is there already')
    .argument('<topicB>', 'there: what is held against it')
    .option('--by <what>', 'key (latest of each), timestamp, header:<name> or field:<name> (default: found out)')
    .option('--tolerance <n>', 'numbers that differ by no more are equal (default: 0)', Number)
    .option('--ignore <fields>', 'fields that are not compared: updated_at,engine.size')
    .option('--encoding <name>', 'connect-json, json or avro (default: what the bytes look like)')
    .option('--html <file>', 'write one page with plots that needs nothing else')
    .addOption(repeatable('--fail-if <condition>', 'exit code 3 when it holds'))
    .addHelpText(
      'after',
      `
Conditions: <quantity> <operator> <number>[%]
  equal changed onlyHere onlyThere differing   rows; with % of all rows
  <field>.changed                              rows in which it differs; with % of the rows of both
  <field>.mean .meanAbsolute .median .min .max .maxAbsolute .p1 .p5 .p25 .p50 .p75 .p95 .p99   of there - here

Examples:
  millrace compare prices prices.replay-v2 --html report.html --fail-if 'changed > 1%'
  millrace compare prices prices.replay-v2 --by header:__lsn --fail-if 'suggestedprice.p95 > 500'`,
    )
    .action(async (here: string, there: string, flags) => {
      const { compareTopics } = await import('./compare.js');
      await compareTopics(here, there, { ...flags, config: millrace.opts().config });
    });
}
