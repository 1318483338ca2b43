/**
 * Where a replay begins or ends, as it is asked for: by offsets, by time, or by what the broker knows.
 *
 * A time means what it means to Kafka's own tools: the first offset of each partition whose record is of that time or
 * later. So a range of times begins with the first record that is not earlier, and ends before the first that is not
 * earlier than its end. Where times lie out of order, records between the two are taken whatever their time is.
 */
import { ConfigurationError } from '../errors.js';

/**
 * Where a replay begins or ends.
 *
 * - `beginning`: the oldest record that is still there
 * - `committed`: the offsets that the live application has committed
 * - `now`: the end of each partition when the replay starts (the last stable offset)
 * - a number: this offset, in every partition of the only input topic
 * - `{ 'topic:partition': offset }` or `{ partition: offset }`; partitions that are not named: the beginning or the end
 * - a `Date`: the first record of that time or later
 */
export type ReplayEdge = 'beginning' | 'committed' | 'now' | number | Date | Readonly<Record<string, number>>;

const WORDS: ReadonlySet<string> = new Set(['beginning', 'committed', 'now']);
const MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * Reads an edge as it is written on a command line: `beginning`, `committed`, `now`, `12000`, `0=12000,1=11000`,
 * `cars:0=12000`, `2026-11-14`, `2026-11-14T08:00:00Z`, `-7d`. A time without a zone is in UTC.
 *
 * @param setting for the message: `from`
 * @param now milliseconds since the epoch, for `-7d`
 * @throws ConfigurationError when it is none of these
 */
export function parseEdge(text: string, setting: 'from' | 'to', now: number): ReplayEdge {
  const word = text.trim();
  if (WORDS.has(word)) return word as ReplayEdge;
  if (/^\d+$/.test(word)) return Number(word);
  const ago = /^-(\d+(?:\.\d+)?)([smhdw])$/.exec(word);
  if (ago !== null) return new Date(now - Number(ago[1]) * MILLISECONDS[ago[2]!]!);
  if (ISO.test(word)) {
    const zoned = word.includes('T') && !/(Z|[+-]\d\d:?\d\d)$/.test(word) ? `${word}Z` : word;
    const date = new Date(zoned);
    if (!Number.isNaN(date.getTime())) return date;
  }
  const pairs = word.split(',').map((pair) => /^((?:[A-Za-z0-9._-]+:)?\d+)=(\d+)$/.exec(pair.trim()));
  if (pairs.every((pair) => pair !== null)) {
    return Object.fromEntries(pairs.map((pair) => [pair![1]!, Number(pair![2])]));
  }
  throw new ConfigurationError(
    `--${setting} ${text}: give an offset (12000), offsets by partition (0=12000,1=11000 or topic:0=12000), a time ` +
      '(2026-11-14, 2026-11-14T08:00:00Z, -7d), or one of beginning, committed, now',
    setting,
  );
}

/** An edge in a text, the same for what is the same: for messages, and to recognise a replay. */
export function edgeText(edge: ReplayEdge): string {
  if (edge instanceof Date) return edge.toISOString();
  if (typeof edge === 'object') {
    return Object.entries(edge)
      .map(([place, offset]) => `${place}=${offset}`)
      .join(',');
  }
  return String(edge);
}

/** @throws ConfigurationError when the two edges alone say that nothing can lie between them */
export function checkOrder(from: ReplayEdge, to: ReplayEdge): void {
  const wrong =
    (from instanceof Date && to instanceof Date && from.getTime() > to.getTime()) ||
    (typeof from === 'number' && typeof to === 'number' && from > to) ||
    (from === 'now' && to === 'beginning');
  if (wrong) throw fromAfterTo(`--from ${edgeText(from)} is after --to ${edgeText(to)}`);
}

export function fromAfterTo(what: string): ConfigurationError {
  return new ConfigurationError(`${what}: nothing lies between them`, 'from');
}
