import { readFile } from 'node:fs/promises';
import { systemClock } from '../clock.js';
import { asError, ConfigurationError } from '../errors.js';
import { BEGINNING, END, parseBound } from '../reading/bound.js';
import { parseResetFile, type ResetResult, type ResetTo, resetApplication } from '../reset/index.js';
import { atPlace, type PlaceFlags } from './broker-place.js';

export interface ResetFlags extends PlaceFlags {
  readonly inputTopics?: string;
  readonly internalTopics?: string;
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toOffset?: string;
  readonly toDatetime?: string;
  readonly byDuration?: string;
  readonly shiftBy?: string;
  readonly fromFile?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** The default of `session.timeout.ms`, and what a broker needs to notice. */
const SESSION_TIMEOUT_MS = 6_000;
const NOTICED_WITHIN_MS = 5_000;

/** @throws ConfigurationError for a wrong flag; BrokerError while the application runs */
export async function reset(applicationId: string, flags: ResetFlags): Promise<void> {
  const to = await targetOf(flags);
  const result = await atPlace(flags, ({ broker, config, engines }) =>
    resetApplication(broker, applicationId, {
      to,
      ...(flags.inputTopics === undefined ? {} : { inputTopics: listed(flags.inputTopics) }),
      ...(flags.internalTopics === undefined ? {} : { internalTopics: listed(flags.internalTopics) }),
      engines: engines(applicationId),
      dryRun: flags.dryRun === true,
      waitForMembersMs:
        flags.force === true ? (config['session.timeout.ms'] ?? SESSION_TIMEOUT_MS) + NOTICED_WITHIN_MS : 0,
    }),
  );
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ event: 'reset', applicationId, dryRun: flags.dryRun === true, ...result })}\n`
      : resetText(applicationId, result, flags.dryRun === true),
  );
}

/** In the words of Kafka's tool. */
function resetText(applicationId: string, result: ResetResult, dryRun: boolean): string {
  const { offsets, deletedTopics, stateRemoved } = result;
  const lines = dryRun ? ['----Dry run displays the actions which will be performed when running reset----'] : [];
  if (offsets.length > 0) {
    lines.push(
      `Following input topics offsets ${dryRun ? 'will be' : 'are'} reset to (for consumer group ${applicationId})`,
    );
    for (const { topic, partition, offset, before } of offsets) {
      lines.push(`Topic: ${topic} Partition: ${partition} Offset: ${offset} (was ${before ?? 'none'})`);
    }
  } else {
    lines.push('No input topics: the group has committed no offsets.');
  }
  lines.push(
    deletedTopics.length === 0
      ? 'No internal topics.'
      : `${dryRun ? 'Internal topics that will be deleted' : 'Deleted internal topics'}: ${deletedTopics.join(', ')}`,
  );
  if (stateRemoved) lines.push(`The state of this machine ${dryRun ? 'will be' : 'is'} removed.`);
  if (!dryRun) lines.push('Done.');
  return `${lines.join('\n')}\n`;
}

async function targetOf(flags: ResetFlags): Promise<ResetTo> {
  const now = systemClock.now();
  if (flags.toLatest === true) return END;
  if (flags.toOffset !== undefined) return { kind: 'offset', offset: whole(flags.toOffset, 'to-offset', /^\d+$/) };
  if (flags.toDatetime !== undefined) {
    const bound = parseBound(flags.toDatetime, 'to-datetime', now);
    if (bound.kind === 'time') return bound;
    throw new ConfigurationError(
      `--to-datetime ${flags.toDatetime} is no time: 2026-11-01T00:00:00.000`,
      'to-datetime',
    );
  }
  if (flags.byDuration !== undefined) return { kind: 'time', timestamp: now - durationMs(flags.byDuration) };
  if (flags.shiftBy !== undefined) return { kind: 'shift', by: whole(flags.shiftBy, 'shift-by', /^[+-]?\d+$/) };
  if (flags.fromFile === undefined) return BEGINNING;
  const text = await readFile(flags.fromFile, 'utf8').catch((thrown: unknown) => {
    throw new ConfigurationError(`--from-file: ${asError(thrown).message}`, 'from-file', { cause: thrown });
  });
  return parseResetFile(text, flags.fromFile);
}

/** ISO 8601 (`P7DT2H`, as in Kafka's tool) or `7d`. */
function durationMs(text: string): number {
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (iso?.slice(1).some((part) => part !== undefined)) {
    const [days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0)) as [
      number,
      number,
      number,
      number,
    ];
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
  }
  const bound = parseBound(text.startsWith('-') ? text : `-${text}`, 'by-duration', 0);
  if (bound.kind === 'time') return -bound.timestamp;
  throw new ConfigurationError(`--by-duration ${text} is no duration: PnDTnHnMnS, or 7d`, 'by-duration');
}

function whole(text: string, flag: string, pattern: RegExp): number {
  if (pattern.test(text)) return Number(text);
  throw new ConfigurationError(`--${flag} ${text} is no whole number`, flag);
}

function listed(text: string): readonly string[] {
  return text.split(',').map((topic) => topic.trim());
}
