import { noEvents } from '../operators/operator.js';
import { sumCounts } from '../runtime/tally.js';
import type { Worker } from '../runtime/worker.js';

/** What a worker has done, or several one after the other. */
export type WorkDone = Pick<Worker, 'counts' | 'events' | 'traffic'>;

export const NOTHING_DONE: WorkDone = {
  counts: sumCounts([]),
  events: noEvents(),
  traffic: { consumed: 0, produced: 0, changes: 0 },
};

/** Both together. */
export function added(past: WorkDone, now: WorkDone = NOTHING_DONE): WorkDone {
  return {
    counts: sumCounts([past.counts, now.counts]),
    events: plus(past.events, now.events),
    traffic: plus(past.traffic, now.traffic),
  };
}

function plus<T extends { readonly [name in keyof T]: number }>(a: T, b: T): T {
  return Object.fromEntries(Object.keys(a).map((name) => [name, a[name as keyof T] + b[name as keyof T]])) as T;
}
