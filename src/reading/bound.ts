/** Where reading a topic begins or ends, as one says it: an offset, a time, the beginning, the end. */
import type { Consumer, TopicPartition } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';

/** A place in each partition of a topic. Times are milliseconds since the epoch, of the records. */
export type Bound =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly timestamp: number };

export const BEGINNING: Bound = Object.freeze({ kind: 'beginning' });
export const END: Bound = Object.freeze({ kind: 'end' });

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * Reads a bound as it is written in a command: `beginning`, `now` (the end when it is asked), an offset (`1200`), a time
 * (`2026-11-01T00:00:00Z`, `2026-11-01`), or how long ago (`-7d`; s, m, h, d, w).
 *
 * @param option names what it was given to, for the message
 * @param nowMs what `-7d` counts from
 * @throws ConfigurationError when it is none of these
 * @example
 * parseBound('-7d', '--from', Date.now()); // { kind: 'time', timestamp: … }, a week ago
 */
export function parseBound(text: string, option: string, nowMs: number): Bound {
  if (text === 'beginning' || text === 'earliest') return BEGINNING;
  if (text === 'now' || text === 'end' || text === 'latest') return END;
  if (/^\d{1,15}$/.test(text)) return { kind: 'offset', offset: Number(text) };
  const ago = /^-(\d+(?:\.\d+)?)([smhdw])$/.exec(text);
  if (ago !== null) return { kind: 'time', timestamp: Math.round(nowMs - Number(ago[1]) * UNITS[ago[2]!]!) };
  const timestamp = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timestamp)) return { kind: 'time', timestamp };
  throw new ConfigurationError(
    `${option}: '${text}' is no place in a topic: give an offset (1200), a time (2026-11-01T00:00:00Z), how long ago ` +
      '(-7d, -90m), beginning or now',
    option,
  );
}

/**
 * The offsets that a bound stands for, in the order of the partitions; none lies outside of what the partition holds.
 *
 * @param consumer its isolation says what the end is
 */
export async function offsetsAt(
  consumer: Consumer,
  partitions: readonly TopicPartition[],
  bound: Bound,
): Promise<readonly number[]> {
  const ofTimes =
    bound.kind === 'time'
      ? await consumer.offsetsForTimes(partitions.map((partition) => ({ ...partition, timestamp: bound.timestamp })))
      : [];
  const offsets: number[] = [];
  for (const [index, partition] of partitions.entries()) {
    const { low, high } = await consumer.watermarks(partition);
    const asked = { beginning: low, end: high, offset: offsetOf(bound), time: ofTimes[index] ?? high }[bound.kind];
    offsets.push(Math.min(Math.max(asked, low), high));
  }
  return offsets;
}

function offsetOf(bound: Bound): number {
  return bound.kind === 'offset' ? bound.offset : 0;
}
