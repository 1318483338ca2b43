import { type Observable, Subscription } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import type { Clock } from '../clock.js';
import { TopologyError } from '../errors.js';
import { type Batcher, batcher } from '../model/batcher.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import { type Environment, enterEnvironment, plainEnvironment } from '../operators/environment.js';
import type { StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { ANY_ERROR, compareRecords } from './expected-records.js';
import { compareSubscriptions, parseSubscription, type SubscriptionFrames } from './expected-subscriptions.js';
import { FakeModel, type FakeOptions } from './fake.js';
import { FrameScheduler } from './frame-scheduler.js';
import { type Happening, parseDiagram } from './happenings.js';

/** What a test expects: a diagram with its records, or each record with its frame. */
export interface RecordExpectation<R extends StreamRecord> {
  /**
   * @param diagram as RxJS has it: `-` a frame, letters records, `|` the end, `#` an error, `(ab)` the same frame,
   *   ` 20ms ` twenty frames
   * @param records by letter
   * @param error what `#` stands for, or a regular expression of its message; left out: any error
   */
  toBe(diagram: string, records?: Readonly<Record<string, R>>, error?: unknown): void;
  /** Frames and records, in order. The end of the stream is not spoken of. */
  toBe(records: readonly (readonly [frame: number, record: R])[]): void;
}

/** What a test expects of the subscriptions of a source: a diagram for each, in the order of subscribing. */
export interface SubscriptionExpectation {
  /** @param diagrams `^` subscribed, `!` unsubscribed: `^--!`; none: it was never subscribed to */
  toBe(diagrams: string | readonly string[]): void;
}

/** What a marble test is given. */
export interface MarbleHelpers {
  /** An Observable that starts when it is subscribed to. */
  readonly cold: RunHelpers['cold'];
  /** An Observable that runs from frame 0 (or `^`), subscribed to or not. */
  readonly hot: RunHelpers['hot'];
  /** The length of a diagram in frames: `time('---|')` is 3. */
  readonly time: RunHelpers['time'];
  /** A model that answers as it is told, after `delay` frames. */
  fake<F, P>(declaration: ModelDeclaration<F, P>, options: FakeOptions<NoInfer<F>, NoInfer<P>>): FakeModel<F, P>;
  /** The store that the operators of this test use, to look into or to fill. */
  stores<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V>;
  /** A frame is a millisecond; it starts at 0. */
  readonly clock: Clock;
  /**
   * Subscribes at frame 0, and unsubscribes at the `!` of `subscription` if one is given, or when all frames are
   * played. Without a following `toBe` the test fails.
   */
  expectRecords<R extends StreamRecord>(stream: Observable<R>, subscription?: string): RecordExpectation<R>;
  /**
   * @param subscriptions those of a source: `expectSubscriptions(cars.subscriptions).toBe('^--!')`
   */
  expectSubscriptions(subscriptions: readonly SubscriptionFrames[]): SubscriptionExpectation;
}

/**
 * A marble test of operators on records, for any test runner. Models, timers, lingers and promises run in virtual time;
 * promises that wait for the world outside (a file, a socket) do not, and must be replaced.
 *
 * The test fails with both diagrams, the first difference and its frame when a stream is not what `toBe` says; and when
 * an expectation was left without `toBe`, or a source without a subscriber.
 *
 * @param test declares streams and expectations, at once; what it returns is called when all frames are played
 * @example
 * test('doubles', marbles(({ cold, expectRecords }) => {
 *   const one = recordOf('k', 1);
 *   expectRecords(cold('a-|', { a: one }).pipe(mapValues((n) => n * 2))).toBe('b-|', { b: withValue(one, 2) });
 * }));
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a test that returns nothing has the type void
export function marbles(test: (helpers: MarbleHelpers) => (() => void) | void): () => Promise<void> {
  return async () => {
    const run = new MarbleRun();
    await run.play(test);
  };
}

type Source = Observable<unknown> & { readonly subscriptions: readonly SubscriptionFrames[] };

/** One run of one test. */
class MarbleRun {
  readonly #scheduler = new FrameScheduler();
  readonly #environment: Environment = {
    ...plainEnvironment(this.#scheduler.clock),
    oracle: (model) => this.#oracle(model),
  };
  readonly #batchers = new Map<object, Batcher<unknown, unknown>>();
  readonly #subscribed = new Subscription();
  /** What is checked when all frames are played. */
  readonly #checks: (() => void)[] = [];
  /** And after that: what would hide the reason for a failed check. */
  readonly #lastChecks: (() => void)[] = [];
  /** Subscriptions that the test has expectations of. */
  readonly #spokenOf = new Set<readonly SubscriptionFrames[]>();

  async play(test: Parameters<typeof marbles>[0]): Promise<void> {
    let after: (() => void) | undefined;
    try {
      await this.#scheduler.play((helpers) => {
        after = this.#declare(test, helpers);
      });
      for (const check of [...this.#checks, ...this.#lastChecks]) check();
      after?.();
    } finally {
      this.#subscribed.unsubscribe();
      for (const asked of this.#batchers.values()) asked.close();
    }
  }

  #declare(test: Parameters<typeof marbles>[0], { cold, hot, time }: RunHelpers): (() => void) | undefined {
    const leave = enterEnvironment(this.#environment);
    try {
      const returned: unknown = test({
        cold: (diagram, values, error) => this.#watched('cold', diagram, cold(diagram, values, error)),
        hot: (diagram, values, error) => this.#watched('hot', diagram, hot(diagram, values, error)),
        time,
        clock: this.#scheduler.clock,
        stores: (declaration) => this.#environment.store(declaration),
        fake: (declaration, options) => {
          const model = new FakeModel(declaration, options);
          model.runOn(this.#scheduler.clock);
          return model;
        },
        expectRecords: (stream, subscription) => this.#expectRecords(stream, subscription),
        expectSubscriptions: (subscriptions) => this.#expectSubscriptions(subscriptions),
      });
      if (returned === undefined || typeof returned === 'function') return returned as (() => void) | undefined;
      throw new Error('marbles() takes a function that declares everything at once: it returns a check, or nothing');
    } finally {
      leave();
    }
  }

  #oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P> {
    if (!(model instanceof FakeModel)) {
      throw new TopologyError(
        `the model '${model.name}' is not bound: in a marble test give predict() a fake(${model.name}, { answer })`,
        model.name,
      );
    }
    const known = this.#batchers.get(model) ?? batcher(model, {}, this.#scheduler.clock);
    this.#batchers.set(model, known);
    return known as Oracle<F, P>;
  }

  /** A source that nobody subscribes to is a test that tests nothing. */
  #watched<S extends Source>(kind: string, diagram: string, source: S): S {
    const unused = new Error(
      `${kind}('${diagram}') was never subscribed to: give the stream to expectRecords(), or say so with ` +
        'expectSubscriptions(source.subscriptions).toBe([])',
    );
    this.#lastChecks.push(() => {
      if (source.subscriptions.length === 0 && !this.#spokenOf.has(source.subscriptions)) throw unused;
    });
    return source;
  }

  #expectSubscriptions(subscriptions: readonly SubscriptionFrames[]): SubscriptionExpectation {
    this.#spokenOf.add(subscriptions);
    const check = this.#expectation('expectSubscriptions');
    const toBe: SubscriptionExpectation['toBe'] = (diagrams) => {
      const expected = (typeof diagrams === 'string' ? [diagrams] : diagrams).map(parseSubscription);
      check(toBe, () => compareSubscriptions(expected, subscriptions));
    };
    return { toBe };
  }

  #expectRecords<R extends StreamRecord>(stream: Observable<R>, subscription?: string): RecordExpectation<R> {
    const happened = this.#watch(stream, subscription ?? '^');
    const check = this.#expectation('expectRecords');
    const toBe = (
      expected: string | readonly (readonly [number, R])[],
      records: Readonly<Record<string, R>> = {},
      error: unknown = ANY_ERROR,
    ): void => {
      if (typeof expected === 'string') {
        const wanted = parseDiagram(expected, records, error);
        check(toBe, () => compareRecords(wanted, happened, records));
      } else {
        const wanted = expected.map(([frame, record]): Happening => ({ frame, kind: 'record', record }));
        const came = () => happened.filter(({ kind }) => kind === 'record');
        check(toBe, () => compareRecords(wanted, came(), {}));
      }
    };
    return { toBe };
  }

  #watch(stream: Observable<StreamRecord>, subscription: string): readonly Happening[] {
    const scheduler = this.#scheduler;
    const happened: Happening[] = [];
    const { subscribedFrame, unsubscribedFrame } = parseSubscription(subscription);
    const subscribed = new Subscription();
    this.#subscribed.add(subscribed);
    const subscribe = () => {
      const next = (record: StreamRecord) => happened.push({ frame: scheduler.frame, kind: 'record', record });
      const error = (thrown: unknown) => happened.push({ frame: scheduler.frame, kind: 'error', error: thrown });
      const complete = () => happened.push({ frame: scheduler.frame, kind: 'complete' });
      // For operators that are applied only now, behind a defer().
      const leave = enterEnvironment(this.#environment);
      try {
        subscribed.add(stream.subscribe({ next, error, complete }));
      } finally {
        leave();
      }
    };
    scheduler.schedule(subscribe, Number.isFinite(subscribedFrame) ? subscribedFrame : 0);
    // Scheduled before anything of the source is: who leaves at a frame misses what comes at it, as in RxJS.
    if (Number.isFinite(unsubscribedFrame)) scheduler.schedule(() => subscribed.unsubscribe(), unsubscribedFrame);
    return happened;
  }

  /** An expectation, to be finished by a check. What that throws points at the line that called `toBe`. */
  #expectation(name: string): (toBe: object, compare: () => void) => void {
    const unfinished = new Error(`${name}() was left without toBe(): it expects nothing`);
    let finished = false;
    this.#checks.push(() => {
      if (!finished) throw unfinished;
    });
    return (toBe, compare) => {
      finished = true;
      const here = new Error();
      Error.captureStackTrace(here, toBe as () => void);
      this.#checks.push(() => {
        try {
          compare();
        } catch (thrown) {
          throw thrownAt(thrown as Error, here);
        }
      });
    };
  }
}

/** Moves an error to where the expectation was written: test runners show that line. */
function thrownAt(thrown: Error, here: Error): Error {
  const frames = here.stack?.split('\n').slice(1) ?? [];
  thrown.stack = [`${thrown.name}: ${thrown.message}`, ...frames].join('\n');
  return thrown;
}
