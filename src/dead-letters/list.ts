import type { Broker } from '../brokers/port.js';
import { type ReadRange, readRange } from '../reading/bounded-read.js';
import { type DeadLetterReason, deadLetterOf } from './dead-letter-record.js';
import { placeOf, type RedrivenLetters, redrivenLetters } from './redriven-letters.js';

/** The dead letters of one reason. */
export interface DeadLetterGroup {
  readonly reason: DeadLetterReason;
  readonly count: number;
  /** Of `count`: put back into the topology. */
  readonly redriven: number;
  /** Of `count`: not put back, since their keys have moved on. */
  readonly superseded: number;
  /** Where the records were read, with how many of each topic. */
  readonly sources: Readonly<Record<string, number>>;
  /** Timestamps of the records, milliseconds since the epoch. */
  readonly oldest: number;
  readonly newest: number;
  /** The first of them: `partition@offset`, and its whole message. */
  readonly example: { readonly place: string; readonly message: string };
}

/** What {@link listDeadLetters} may be told. */
export interface ListDeadLettersOptions extends ReadRange {
  /** `application.id` of the topology they came from; without it nothing is known of what was redriven. */
  readonly applicationId?: string;
}

/**
 * The dead letters of a topic by reason, most first.
 *
 * @throws ConfigurationError when the topic does not exist
 * @example
 * for (const { reason, count } of await listDeadLetters(broker, 'cars-dead')) console.log(count, reason.message);
 */
export async function listDeadLetters(
  broker: Broker,
  topic: string,
  { applicationId, ...range }: ListDeadLettersOptions = {},
): Promise<readonly DeadLetterGroup[]> {
  const groups = new Map<string, Gathered>();
  const places = new Map<string, string>();
  for await (const records of readRange(broker, topic, range)) {
    for (const record of records) {
      const { reason, message, source } = deadLetterOf(record);
      const group = groups.get(reason.id) ?? gathered(reason, { place: placeOf(record), message });
      groups.set(reason.id, group);
      group.count += 1;
      const from = source?.topic ?? 'unknown';
      group.sources[from] = (group.sources[from] ?? 0) + 1;
      group.oldest = Math.min(group.oldest, record.timestamp);
      group.newest = Math.max(group.newest, record.timestamp);
      if (applicationId !== undefined) places.set(placeOf(record), reason.id);
    }
  }
  if (applicationId !== undefined) {
    const sources = new Set([...groups.values()].flatMap(({ sources: of }) => Object.keys(of)));
    countRedriven(groups, places, await redrivenLetters(broker, applicationId, sources, topic));
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

interface Gathered extends DeadLetterGroup {
  count: number;
  redriven: number;
  superseded: number;
  oldest: number;
  newest: number;
  readonly sources: Record<string, number>;
}

function gathered(reason: DeadLetterReason, example: DeadLetterGroup['example']): Gathered {
  const [oldest, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { reason, example, count: 0, redriven: 0, superseded: 0, oldest, newest, sources: {} };
}

function countRedriven(
  groups: ReadonlyMap<string, Gathered>,
  places: ReadonlyMap<string, string>,
  redriven: RedrivenLetters,
): void {
  for (const [place, state] of redriven) {
    const group = groups.get(places.get(place) ?? '');
    if (group !== undefined) group[state] += 1;
  }
}
