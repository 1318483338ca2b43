import { writeFile } from 'node:fs/promises';
import { compare, compareHtml, parseCondition } from '../../compare/index.js';
import type { ReplayPlan } from '../../replay/index.js';
import { stringifyJson } from '../../serde/json-text.js';
import { reportText } from '../compare.js';
import { ExitStatus } from '../exit-status.js';
import type { ReplaySurroundings } from './surroundings.js';

/** `--compare` and what goes with it. */
export interface CompareFlags {
  readonly compare?: boolean;
  readonly html?: string;
  readonly failIf?: readonly string[];
  readonly json?: boolean;
}

/** As `millrace compare` has it. */
const EXIT_CONDITION = 3;

/**
 * Holds what a replay wrote against what the live application wrote of the same records: joined by key and time, since what
 * a topology writes has the time of what it read. Of the live topic only the times of the replayed records are read.
 *
 * @throws ExitStatus when a condition of `--fail-if` holds
 */
export async function compareOutputs(
  { broker, config }: ReplaySurroundings,
  plan: ReplayPlan,
  flags: CompareFlags,
): Promise<void> {
  const conditions = (flags.failIf ?? []).map(parseCondition);
  const deadLetters = config['errors.dead.letter.queue.topic.name'];
  const avro = typeof config.encoding === 'object' && config.encoding.name === 'avro' ? { avro: config.encoding } : {};
  const first = Math.min(...plan.partitions.flatMap(({ firstTime }) => firstTime ?? []));
  const last = Math.max(...plan.partitions.flatMap(({ lastTime }) => lastTime ?? []));
  if (!Number.isFinite(first)) return;
  for (const { live, topic } of plan.outputs) {
    if (live === topic || live === deadLetters) continue;
    // What was written by several tasks has times out of order: there is a first offset to read from, but no last one.
    const report = await compare(
      {
        broker,
        topic: live,
        from: { kind: 'time', timestamp: first },
        keep: ({ timestamp }) => timestamp >= first && timestamp <= last,
        ...avro,
      },
      { broker, topic, ...avro },
      { by: 'timestamp' },
    );
    process.stdout.write(
      flags.json === true ? `${stringifyJson({ event: 'compared', ...report })}\n` : `\n${reportText(report)}`,
    );
    if (flags.html !== undefined) await writeFile(flags.html, compareHtml(report));
    const holding = conditions.filter((condition) => condition.holds(report));
    if (holding.length > 0) {
      throw new ExitStatus(`--fail-if ${holding.map(({ text }) => `'${text}'`).join(', ')} holds`, EXIT_CONDITION);
    }
  }
}
