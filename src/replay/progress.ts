/** How far a replay is, as it is told while it runs. */
import type { ReplayPlan } from './plan.js';

/** How far one partition is. */
export interface PartitionProgress {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** The next offset that is read. */
  readonly position: number;
}

/** What became of records, and what the model was asked, since this process began with the replay. */
export interface ReplayCounts {
  /** Records whose outcome is committed. */
  readonly finished: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly skipped: number;
  readonly deadLettered: number;
  readonly modelCalls: number;
  /** Calls that a remembered prediction made unnecessary. */
  readonly modelCallsSaved: number;
}

/** What a replay tells. */
export type ReplayProgress =
  | {
      readonly phase: 'planned';
      readonly plan: ReplayPlan;
      /** `new`: nothing was done yet; `resumed`: it goes on from where it was; `finished`: there is nothing left to do. */
      readonly as: 'new' | 'resumed' | 'finished';
    }
  | {
      readonly phase: 'running';
      readonly partitions: readonly PartitionProgress[];
      readonly counts: ReplayCounts;
      /** Offsets passed, of all in the plan. */
      readonly done: number;
      readonly total: number;
      /** Offsets passed in a second, of late. */
      readonly rate: number;
      /** Milliseconds that the rest will take at this rate; undefined while that is not known. */
      readonly remainingMs: number | undefined;
      readonly elapsedMs: number;
    }
  | {
      readonly phase: 'finished';
      readonly plan: ReplayPlan;
      /** False: it had finished before, and nothing was done now. */
      readonly now: boolean;
      readonly counts: ReplayCounts;
      readonly elapsedMs: number;
    };

/** Nothing yet. */
export const NO_COUNTS: ReplayCounts = Object.freeze({
  finished: 0,
  delivered: 0,
  filtered: 0,
  skipped: 0,
  deadLettered: 0,
  modelCalls: 0,
  modelCallsSaved: 0,
});

/** The rate of late: over a window, so that neither a pause nor a burst decides. */
export class RateWindow {
  readonly #points: { readonly at: number; readonly done: number }[] = [];

  constructor(private readonly windowMs = 10_000) {}

  /** @returns units in a second; 0 while there is only one point */
  add(at: number, done: number): number {
    this.#points.push({ at, done });
    while (this.#points.length > 2 && this.#points[0]!.at < at - this.windowMs) this.#points.shift();
    const first = this.#points[0]!;
    return at > first.at ? ((done - first.done) * 1_000) / (at - first.at) : 0;
  }
}
