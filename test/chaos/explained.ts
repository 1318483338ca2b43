/**
 * Why a change is in the output twice: a process that dies, or that is stopped or cut off from the broker, leaves behind
 * what it has written and not committed. Its successor, or it itself when it is back, begins at the last commit and
 * writes that again. So the copies lie on both sides of such a moment, and the change was not committed at it. Whatever
 * else is written twice is a defect.
 */
import type { Disturbance } from './disturbance.js';
import type { Expected } from './expected.js';
import type { GroupCommits } from './group-commits.js';
import type { Duplicate } from './outputs.js';

/** What the broker had of a process, but had not written yet, when it died. */
const ON_THE_WAY_MS = 1_000;
/** Clients notice an outage, give up what they have in flight and join again. */
const AFTER_OUTAGE_MS = 30_000;

/** Duplicates by the act that brought them about. */
export interface Explained {
  readonly byAct: ReadonlyMap<Disturbance, number>;
  readonly unexplained: readonly Duplicate[];
}

/** @param topic the input topic */
export function explained(
  duplicates: readonly Duplicate[],
  disturbances: readonly Disturbance[],
  expected: Expected,
  commits: GroupCommits,
  topic: string,
): Explained {
  const byAct = new Map<Disturbance, number>();
  const unexplained: Duplicate[] = [];
  for (const duplicate of duplicates) {
    const { partition, lastOffset } = expected.outputs.get(duplicate.identity)!;
    const act = disturbances.findLast(
      ({ kind, from, to }) =>
        from <= duplicate.next &&
        to + (kind === 'broker' ? AFTER_OUTAGE_MS : ON_THE_WAY_MS) >= duplicate.first &&
        commits.committedAt({ topic, partition }, from) <= lastOffset,
    );
    if (act === undefined) unexplained.push(duplicate);
    else byAct.set(act, (byAct.get(act) ?? 0) + 1);
  }
  return { byAct, unexplained };
}
