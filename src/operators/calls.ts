import { isDeepStrictEqual } from 'node:util';
import { isObservable, type Observable, Subscription } from 'rxjs';
import type { Timer } from '../clock.js';
import type { ErrorHandler } from '../error-handler.js';
import { asError, ConfigurationError } from '../errors.js';
import type { StreamRecord } from '../record.js';
import { Lane, type LaneEntry } from './lane.js';
import type { OperatorContext } from './operator.js';

export interface CallsOptions<R extends StreamRecord, T> {
  /** Starts the call for a record. */
  readonly start: (record: R) => Promise<T> | Observable<T>;
  /** Forwards its results, when the record's turn has come. */
  readonly release: (record: R, results: readonly T[]) => void;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Milliseconds until a call counts as failed. */
  readonly timeoutMs: number;
  readonly onError: ErrorHandler | undefined;
}

/** @throws ConfigurationError when a time limit is given that is no positive number of milliseconds */
export function checkTimeout(operator: string, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || timeoutMs > 0) return;
  throw new ConfigurationError(
    `timeout of ${operator}() is ${timeoutMs}: it takes a positive number of milliseconds`,
    'timeout',
  );
}

type Outcome<T> = { readonly results: readonly T[] } | { readonly error: Error };

/** A call for one record. It outlives a re-run that brings the same record, so that nothing is called twice. */
interface Call<R, T> {
  record: R;
  entry: LaneEntry;
  outcome: Outcome<T> | undefined;
}

/** One asynchronous call for each record: a bounded number at once, results in the order of the records. */
export class Calls<R extends StreamRecord, T> {
  readonly #context: OperatorContext;
  readonly #options: CallsOptions<R, T>;
  readonly #lane: Lane;
  readonly #waiting: Call<R, T>[] = [];
  #underWay = 0;

  constructor(context: OperatorContext, options: CallsOptions<R, T>) {
    this.#context = context;
    this.#options = options;
    this.#lane = new Lane(context);
  }

  process(record: R): void {
    const entry = this.#lane.enter();
    const before = entry.ticket.kept as Call<R, T> | undefined;
    if (before !== undefined && isDeepStrictEqual(before.record, record)) {
      before.record = record;
      before.entry = entry;
      this.#settle(before);
      return;
    }
    const call: Call<R, T> = { record, entry, outcome: undefined };
    entry.ticket.kept = call;
    if (this.#underWay < this.#options.concurrency) this.#start(call);
    else this.#waiting.push(call);
  }

  #start(call: Call<R, T>): void {
    this.#underWay += 1;
    let limit: Timer | undefined;
    const source = new Subscription();
    const end = (outcome: Outcome<T>) => {
      if (call.outcome !== undefined) return;
      limit?.cancel();
      // One that is too late, or tries again for ever, works for nobody any more.
      source.unsubscribe();
      call.outcome = outcome;
      this.#underWay -= 1;
      this.#settle(call);
      this.#startNext();
    };
    try {
      source.add(collect(this.#options.start(call.record), end));
    } catch (error) {
      end({ error: asError(error) });
    }
    if (call.outcome !== undefined) return;
    const { timeoutMs } = this.#options;
    limit = this.#context.clock.after(timeoutMs, () => {
      end({ error: new Error(`'${this.#context.node}' got no result within ${timeoutMs} ms`) });
    });
  }

  /** Those whose record is run again otherwise, or whose partition is gone, are not called for. */
  #startNext(): void {
    let next = this.#waiting.shift();
    for (; next?.entry.ticket.stale === true; next = this.#waiting.shift()) next.entry.ticket.kept = undefined;
    if (next !== undefined) this.#start(next);
  }

  #settle(call: Call<R, T>): void {
    const { outcome } = call;
    if (outcome === undefined) return;
    if ('error' in outcome) call.entry.fail(outcome.error, this.#options.onError);
    else call.entry.deliver(() => this.#options.release(call.record, outcome.results));
  }
}

/** @returns what ends a subscription; a promise cannot be ended */
function collect<T>(source: Promise<T> | Observable<T>, end: (outcome: Outcome<T>) => void): Subscription | undefined {
  if (isObservable(source)) {
    const results: T[] = [];
    return source.subscribe({
      next: (result) => results.push(result),
      error: (error) => end({ error: asError(error) }),
      complete: () => end({ results }),
    });
  }
  source.then(
    (result) => end({ results: [result] }),
    (error) => end({ error: asError(error) }),
  );
  return undefined;
}
