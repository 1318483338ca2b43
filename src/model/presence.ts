/**
 * Whether the model is there: keeps its availability, tries again while it is away, and looks when in doubt.
 *
 * A1. While it is away it is left alone, until the next try; then it is looked at (`probe`), if it can be, and
 *     asked one call. Only what this call brings says that it is back.
 * A2. A doubt is settled by looking. One look at a time settles all doubts that came up meanwhile.
 * A3. A model that needs another setting (`ConfigurationError`) is asked no more.
 */
import type { Clock, Timer } from '../clock.js';
import { asError, ConfigurationError } from '../errors.js';
import { AVAILABLE, type Availability, foundAway } from './availability.js';
import type { Model } from './model.js';
import { ModelAway } from './model-away.js';
import { nameOf } from './model-error.js';

/** Longest that a model may take to show that it is there. */
export const PROBE_LIMIT_MS = 2_000;

/** Told when a model goes away, comes back, or needs another setting. Every method is optional. */
export interface PresenceListener {
  /** Once for each outage. */
  wentAway?(away: Availability & { state: 'away' }): void;
  cameBack?(afterMs: number): void;
  refused?(error: ConfigurationError): void;
}

export class Presence {
  readonly #model: Model<never, unknown>;
  readonly #clock: Clock;
  readonly #listener: PresenceListener;
  /** Calls may start again. */
  readonly #mayAsk: () => void;
  #availability: Availability = AVAILABLE;
  /** The one call that is to say whether it is back: none may start, one may, or it is under way. */
  #trial: 'none' | 'due' | 'under way' = 'none';
  #timer: Timer | undefined;
  #look: { readonly controller: AbortController; readonly settled: ((there: boolean) => void)[] } | undefined;

  constructor(model: Model<never, unknown>, clock: Clock, listener: PresenceListener, mayAsk: () => void) {
    this.#model = model;
    this.#clock = clock;
    this.#listener = listener;
    this.#mayAsk = mayAsk;
  }

  get availability(): Availability {
    return this.#availability;
  }

  /** Whether a call may start now. */
  get mayStart(): boolean {
    return this.#availability.state === 'available' || this.#trial === 'due';
  }

  /** A call starts. @returns whether it is the one that says whether the model is back */
  starts(): boolean {
    if (this.#trial !== 'due') return false;
    this.#trial = 'under way';
    return true;
  }

  /** What the trial brought, whatever it was, came from a model that is there. */
  answered(): void {
    const before = this.#availability;
    if (before.state !== 'away') return;
    this.#trial = 'none';
    this.#availability = AVAILABLE;
    this.#listener.cameBack?.(this.#clock.now() - before.since);
  }

  /** A call or a look found that it is not there. @param ofTrial whether that ends the trial */
  missed(error: ModelAway | ConfigurationError, ofTrial: boolean): void {
    const before = this.#availability;
    if (before.state === 'refused') return;
    if (error instanceof ConfigurationError) {
      this.close();
      this.#trial = 'none';
      const since = before.state === 'away' ? before.since : this.#clock.now();
      this.#availability = { state: 'refused', since, because: error.message };
      this.#listener.refused?.(error);
      return;
    }
    // Other calls that were under way when it went away say nothing new.
    if (before.state === 'away' && !ofTrial) return;
    this.#trial = 'none';
    this.#timer?.cancel();
    const away = foundAway(before, error, this.#clock.now());
    this.#availability = away;
    this.#timer = this.#clock.after(away.nextTryAt - this.#clock.now(), () => this.#tryAgain());
    if (before.state === 'available') this.#listener.wentAway?.(away);
  }

  /**
   * Looks whether it is there.
   *
   * @param settled told so; not called after `close`. When it is not, that is noted before
   */
  doubt(settled: (there: boolean) => void): void {
    if (this.#look !== undefined) {
      this.#look.settled.push(settled);
      return;
    }
    const look = { controller: new AbortController(), settled: [settled] };
    this.#look = look;
    void this.#probe(look.controller).then((missing) => {
      if (this.#look !== look) return;
      this.#look = undefined;
      if (missing !== undefined) this.missed(missing, true);
      for (const each of look.settled) each(missing === undefined);
    });
  }

  close(): void {
    this.#timer?.cancel();
    const look = this.#look;
    this.#look = undefined;
    look?.controller.abort(new Error('the application is stopping'));
  }

  #tryAgain(): void {
    const go = () => {
      this.#trial = 'due';
      this.#mayAsk();
    };
    if (this.#model.probe === undefined) go();
    else this.doubt((there) => there && go());
  }

  async #probe(controller: AbortController): Promise<ModelAway | ConfigurationError | undefined> {
    let timer: Timer | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = this.#clock.after(PROBE_LIMIT_MS, () => {
        const name = nameOf(this.#model.identity);
        const error = new ModelAway(`the model ${name} did not say within ${PROBE_LIMIT_MS} ms that it is there`);
        controller.abort(error);
        reject(error);
      });
    });
    try {
      await Promise.race([this.#model.probe?.(controller.signal), limit]);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof ModelAway || thrown instanceof ConfigurationError) return thrown;
      const error = asError(thrown);
      return new ModelAway(error.message, undefined, { cause: error });
    } finally {
      timer?.cancel();
    }
  }
}
