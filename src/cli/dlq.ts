import { inspect } from 'node:util';
import {
  type DeadLetterGroup,
  listDeadLetters,
  type RedriveResult,
  redriveDeadLetters,
  type ShownDeadLetter,
  showDeadLetter,
} from '../dead-letters/index.js';
import { ConfigurationError } from '../errors.js';
import type { Decoded } from '../reading/any-encoding.js';
import { plainJson } from '../reading/plain-json.js';
import { stringifyJson } from '../serde/json-text.js';
import { atPlace, type BrokerPlace, type PlaceFlags } from './broker-place.js';
import { type RangeFlags, rangeFrom } from './range-flags.js';

interface DlqFlags extends PlaceFlags {
  readonly applicationId?: string;
}

/** `dlq list`. */
export async function list(topic: string, flags: DlqFlags & RangeFlags): Promise<void> {
  const range = rangeFrom(flags);
  const groups = await atPlace(flags, ({ broker, config }) => {
    const applicationId = flags.applicationId ?? config['application.id'];
    return listDeadLetters(broker, topic, { ...range, ...(applicationId === undefined ? {} : { applicationId }) });
  });
  if (flags.json === true) {
    for (const group of groups) process.stdout.write(`${JSON.stringify({ event: 'dead-letters', topic, ...group })}\n`);
    return;
  }
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  process.stdout.write(`${topic}: ${counted(total, 'dead letter')} of ${counted(groups.length, 'reason')}\n`);
  for (const group of groups) process.stdout.write(`\n${groupText(group)}`);
}

/** `dlq show`. */
export async function show(topic: string, place: string | undefined, flags: DlqFlags): Promise<void> {
  const letter = await atPlace(flags, async ({ broker, avro }) => {
    const at = place ?? (await listDeadLetters(broker, topic))[0]?.example.place;
    const [, partition, offset] = /^(\d+)@(\d+)$/.exec(at ?? '') ?? [];
    if (partition === undefined || offset === undefined) {
      throw new ConfigurationError(
        place === undefined
          ? `${topic} holds no dead letters`
          : `'${place}' is no place of a dead letter: give partition@offset, 0@17`,
        'place',
      );
    }
    return showDeadLetter(broker, { topic, partition: Number(partition), offset: Number(offset) }, avro);
  });
  process.stdout.write(
    flags.json === true
      ? `${stringifyJson({ event: 'dead-letter', ...letter, key: plainJson(letter.key), value: plainJson(letter.value) })}\n`
      : letterText(letter),
  );
}

/** `dlq redrive`. */
export async function redrive(
  topic: string,
  flags: DlqFlags & {
    readonly reason?: string;
    readonly place?: readonly string[];
    readonly rate?: number;
    readonly writeSuperseded?: boolean;
    readonly dryRun?: boolean;
  },
): Promise<void> {
  const { dryRun = false, json = false } = flags;
  const result = await atPlace(flags, ({ broker, config }) =>
    redriveDeadLetters(broker, topic, {
      applicationId: applicationOf(flags, config),
      ...(flags.reason === undefined ? {} : { reason: flags.reason }),
      ...(flags.place === undefined ? {} : { places: flags.place }),
      ...(flags.rate === undefined ? {} : { rate: flags.rate }),
      superseded: flags.writeSuperseded === true ? 'write' : 'leave',
      dryRun,
      ...(config['replication.factor'] === undefined ? {} : { replicationFactor: config['replication.factor'] }),
      onProgress: (progress) => {
        if (json) process.stdout.write(`${JSON.stringify({ event: 'progress', ...progress })}\n`);
        else if (flags.rate !== undefined && !dryRun) {
          const done = progress.redriven + progress.superseded;
          process.stdout.write(`${whole(done)} of ${whole(progress.total)}\n`);
        }
      },
    }),
  );
  process.stdout.write(
    json ? `${JSON.stringify({ event: 'redriven', topic, dryRun, ...result })}\n` : resultText(result, dryRun),
  );
}

function applicationOf(flags: DlqFlags, config: BrokerPlace['config']): string {
  const id = flags.applicationId ?? config['application.id'];
  if (id !== undefined) return id;
  throw new ConfigurationError(
    'application.id: whose dead letters are they? Give --application-id, or a configuration',
    'application.id',
  );
}

function groupText({ reason, count, redriven, superseded, sources, oldest, newest, example }: DeadLetterGroup): string {
  const from = Object.entries(sources).map(([topic, of]) => `${topic} (${whole(of)})`);
  const done = [
    ...(redriven > 0 ? [`${whole(redriven)} redriven`] : []),
    ...(superseded > 0 ? [`${whole(superseded)} superseded`] : []),
  ];
  return [
    `${whole(count)} × ${reason.exception}   reason ${reason.id}${done.length > 0 ? `   ${done.join(', ')}` : ''}`,
    `    ${reason.message || '(no message)'}`,
    `    from ${from.join(', ')}`,
    `    records of ${new Date(oldest).toISOString()}${newest > oldest ? ` to ${new Date(newest).toISOString()}` : ''}; the first: ${example.place}`,
    '',
  ].join('\n');
}

function letterText({
  topic,
  partition,
  offset,
  timestamp,
  reason,
  message,
  source,
  headers,
  key,
  value,
}: ShownDeadLetter): string {
  const { topic: of, partition: line, offset: at } = source ?? {};
  return [
    `${topic} ${partition}@${offset}   ${new Date(timestamp).toISOString()}`,
    `reason     ${reason.id}  ${reason.exception}`,
    `message    ${message || '(none)'}`,
    `was read   ${of === undefined ? 'unknown: no header says so' : `${of} ${line}@${at}`}`,
    'headers',
    ...headers.map(([name, text]) => `  ${name}: ${(text ?? 'null').split('\n').join('\n    ')}`),
    partText('key', key),
    partText('value', value),
    '',
  ].join('\n');
}

function partText(name: string, { encoding, value, problem }: Decoded): string {
  if (encoding === 'null') return `${name.padEnd(6)}null`;
  const text = Buffer.isBuffer(value)
    ? hex(value)
    : typeof value === 'string'
      ? value
      : inspect(value, { depth: null, compact: 3 });
  return `${name.padEnd(6)}(${encoding}${problem === undefined ? '' : `; ${problem}`})\n  ${text.split('\n').join('\n  ')}`;
}

/** The first bytes, sixteen in a line. */
function hex(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, 512); at += 16) {
    const line = bytes.subarray(at, at + 16);
    const text = line.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
    lines.push(
      `${at.toString(16).padStart(4, '0')}  ${line.toString('hex').replace(/(..)/g, '$1 ').padEnd(48)} ${text}`,
    );
  }
  if (bytes.length > 512) lines.push(`… ${whole(bytes.length)} bytes`);
  return lines.join('\n');
}

function resultText(result: RedriveResult, dryRun: boolean): string {
  const { redriven, superseded, before, foreign, supersededAt } = result;
  const lines = [`${counted(redriven, 'dead letter')} ${dryRun ? 'would be redriven' : 'redriven'}`];
  if (superseded > 0) {
    lines.push(
      `${whole(superseded)} superseded: a later record of the key has passed since, so they ${dryRun ? 'would not be' : 'are not'} written`,
    );
    for (const { place, by } of supersededAt.slice(0, 10)) lines.push(`  ${place} by offset ${by} of its source`);
    if (superseded > 10) lines.push(`  … and ${whole(superseded - 10)} more (--json lists all)`);
  }
  if (before > 0) lines.push(`${whole(before)} were redriven before`);
  if (foreign > 0) lines.push(`${whole(foreign)} name no topic that they came from, and stay`);
  return `${lines.join('\n')}\n`;
}

function counted(count: number, what: string): string {
  return `${whole(count)} ${what}${count === 1 ? '' : 's'}`;
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}
