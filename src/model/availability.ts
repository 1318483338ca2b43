/**
 * Whether a model can be asked, and when to try again: soon at first, then ever more rarely.
 *
 * The wait is drawn between half and all of a step that doubles from `FIRST_STEP_MS` to `LONGEST_STEP_MS`, so that many
 * processes do not come back to a model in the same instant. A model that says how long it wants to be left alone is, for
 * up to `LONGEST_WAIT_MS`.
 */
import type { ModelAway } from './model-away.js';

export const FIRST_STEP_MS = 200;
export const LONGEST_STEP_MS = 10_000;
/** A model that asks for more is looked at all the same. */
export const LONGEST_WAIT_MS = 3_600_000;

/** What the application's status says of a model. Times are milliseconds since the epoch. */
export type Availability =
  | { readonly state: 'available' }
  | {
      readonly state: 'away';
      readonly since: number;
      /** What was last seen of it. */
      readonly because: string;
      /** How often it was found away since. */
      readonly attempts: number;
      readonly nextTryAt: number;
    }
  | { readonly state: 'refused'; readonly since: number; readonly because: string };

export const AVAILABLE: Availability = Object.freeze({ state: 'available' });

/** The next state of a model that was found away at `now`. */
export function foundAway(before: Availability, away: ModelAway, now: number): Availability & { state: 'away' } {
  const attempts = before.state === 'away' ? before.attempts + 1 : 1;
  const step = Math.min(LONGEST_STEP_MS, FIRST_STEP_MS * 2 ** (attempts - 1));
  const wait = Math.max(Math.ceil((step * (1 + Math.random())) / 2), Math.min(LONGEST_WAIT_MS, away.retryAfterMs ?? 0));
  const since = before.state === 'available' ? now : before.since;
  return { state: 'away', since, because: away.message, attempts, nextTryAt: now + wait };
}
