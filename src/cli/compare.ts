import { writeFile } from 'node:fs/promises';
import { type CompareReport, compare, compareHtml, parseCondition } from '../compare/index.js';
import { parseJoinedBy } from '../compare/joined-by.js';
import { asError, ConfigurationError } from '../errors.js';
import { stringifyJson } from '../serde/json-text.js';
import { atPlace, encodingNamed, type PlaceFlags } from './broker-place.js';
import { ExitStatus } from './exit-status.js';
import { type RangeFlags, rangeFrom } from './range-flags.js';

export interface CompareFlags extends PlaceFlags, RangeFlags {
  readonly by?: string;
  readonly tolerance?: number;
  readonly ignore?: string;
  readonly encoding?: string;
  readonly html?: string;
  readonly failIf: readonly string[];
}

/** A `--fail-if` condition holds. */
const EXIT_CONDITION = 3;

/** @throws ConfigurationError for a wrong flag; ExitStatus when a condition of `--fail-if` holds */
export async function compareTopics(here: string, there: string, flags: CompareFlags): Promise<void> {
  const conditions = flags.failIf.map(parseCondition);
  const { tolerance = 0 } = flags;
  if (!(tolerance >= 0)) throw new ConfigurationError(`--tolerance must be a number, 0 or more`, 'tolerance');
  const by = flags.by === undefined ? undefined : parseJoinedBy(flags.by);
  const range = rangeFrom(flags);
  const report = await atPlace(flags, (place) => {
    const encoding = flags.encoding === undefined ? undefined : encodingNamed(flags.encoding, place);
    const side = (topic: string) => ({
      broker: place.broker,
      topic,
      ...range,
      ...(place.avro === undefined ? {} : { avro: place.avro }),
      ...(encoding === undefined ? {} : { serdes: { key: encoding.values('key'), value: encoding.values('value') } }),
    });
    return compare(side(here), side(there), {
      ...(by === undefined ? {} : { by }),
      tolerance,
      ignore: flags.ignore?.split(',').map((field) => field.trim()) ?? [],
    });
  });
  if (flags.html !== undefined) await writePage(flags.html, report);
  process.stdout.write(
    flags.json === true ? `${stringifyJson({ event: 'compared', ...report })}\n` : reportText(report),
  );
  const holding = conditions.filter((condition) => condition.holds(report));
  if (holding.length > 0) {
    throw new ExitStatus(`--fail-if ${holding.map(({ text }) => `'${text}'`).join(', ')} holds`, EXIT_CONDITION);
  }
}

/** The report as a few lines. */
export function reportText(report: CompareReport): string {
  const { here, there, joined, joinedBy, equal, changed, onlyHere, onlyThere } = report;
  const all = joined + onlyHere + onlyThere;
  const lines = [
    `here   ${here.topic}: ${counted(here)}`,
    `there  ${there.topic}: ${counted(there)}`,
    `joined by ${joinedBy === 'key' ? 'key, the latest record of each' : `key and ${joinedBy}`}`,
    '',
    ...table([
      ['equal', whole(equal), share(equal, all)],
      ['changed', whole(changed), share(changed, all)],
      ['only here', whole(onlyHere), share(onlyHere, all)],
      ['only there', whole(onlyThere), share(onlyThere, all)],
    ]),
  ];
  const fields = Object.entries(report.fields).filter(([, field]) => field.changed > 0);
  if (fields.length > 0) {
    const head = ['field', 'differs in', 'mean', 'median', 'p5', 'p95', 'largest'];
    const rows = fields.map(([path, { changed: rows, difference: d }]) => [
      path,
      whole(rows),
      ...(d === undefined ? [] : [d.mean, d.median, d.percentiles.p5, d.percentiles.p95, d.maxAbsolute].map(number)),
    ]);
    lines.push('', ...table([head, ...rows]), '', 'Numbers: there - here, over the rows that both have.');
  }
  return `${lines.join('\n')}\n`;
}

async function writePage(file: string, report: CompareReport): Promise<void> {
  try {
    await writeFile(file, compareHtml(report));
  } catch (thrown) {
    throw new ConfigurationError(`--html ${file} cannot be written: ${asError(thrown).message}`, 'html', {
      cause: thrown,
    });
  }
}

function counted({ records, replaced, unjoined }: CompareReport['here']): string {
  const parts = [`${whole(records)} records`];
  if (replaced > 0) parts.push(`${whole(replaced)} replaced by later ones`);
  if (unjoined > 0) parts.push(`${whole(unjoined)} without a key or position`);
  return parts.join(', ');
}

/** Columns under each other: the first to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('   ')
      .trimEnd(),
  );
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

function share(count: number, of: number): string {
  return of === 0 ? '–' : `${((count / of) * 100).toFixed(2)} %`;
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 });
}
