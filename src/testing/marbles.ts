import assert from 'node:assert/strict';
import type { Observable } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import type { Clock } from '../clock.js';
import { TopologyError } from '../errors.js';
import { type Batcher, batcher } from '../model/batcher.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import { enterEnvironment, plainEnvironment } from '../operators/environment.js';
import type { StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { FakeModel, type FakeOptions } from './fake.js';
import { FrameScheduler } from './frame-scheduler.js';

/** What a test expects: a diagram with its records, or each record with its frame. */
export interface RecordExpectation<R extends StreamRecord> {
  /**
   * @param diagram as RxJS has it: `-` a frame, letters records, `|` the end, `#` an error, `(ab)` the same frame
   * @param records by letter
   * @param error what `#` stands for
   */
  toBe(diagram: string, records?: Readonly<Record<string, R>>, error?: unknown): void;
  /** Frames and records, in order. */
  toBe(records: readonly (readonly [frame: number, record: R])[]): void;
}

export interface MarbleHelpers {
  /** An Observable that starts when it is subscribed to. */
  readonly cold: RunHelpers['cold'];
  /** An Observable that runs from frame 0 (or `^`), subscribed to or not. */
  readonly hot: RunHelpers['hot'];
  /** The length of a diagram in frames: `time('---|')` is 3. */
  readonly time: RunHelpers['time'];
  /** A model that answers as it is told, after `delay` frames. */
  fake<F, P>(declaration: ModelDeclaration<F, P>, options: FakeOptions<F, P>): FakeModel<F, P>;
  /** The store that the operators of this test use. */
  stores<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V>;
  /** A frame is a millisecond. */
  readonly clock: Clock;
  /** Subscribes at frame 0, and unsubscribes at the `!` of `subscription` if one is given. */
  expectRecords<R extends StreamRecord>(stream: Observable<R>, subscription?: string): RecordExpectation<R>;
}

/** What happened at a frame. */
type Happening = readonly [frame: number, kind: 'record' | 'error' | 'complete', what?: unknown];

/**
 * A marble test of operators on records, for any test runner. Models, timers, lingers and promises run in virtual time.
 *
 * @param test declares streams and expectations; what it returns is called when all frames are played
 * @example
 * test('doubles', marbles(({ cold, expectRecords }) => {
 *   const one = recordOf('k', 1);
 *   expectRecords(cold('a-|', { a: one }).pipe(mapValues((n) => n * 2))).toBe('b-|', { b: withValue(one, 2) });
 * }));
 */
export function marbles(test: (helpers: MarbleHelpers) => (() => void) | undefined): () => Promise<void> {
  return async () => {
    const scheduler = new FrameScheduler();
    const environment = plainEnvironment(scheduler.clock);
    const batchers = new Map<string, Batcher<unknown, unknown>>();
    const checks: (() => void)[] = [];
    let after: (() => void) | undefined;

    const oracle = <F, P>(model: ModelDeclaration<F, P>): Oracle<F, P> => {
      if (!(model instanceof FakeModel)) {
        throw new TopologyError(
          `the model '${model.name}' is not bound: give predict() a fake(${model.name}, …)`,
          model.name,
        );
      }
      const known = batchers.get(model.name) ?? batcher(model, {}, scheduler.clock);
      batchers.set(model.name, known);
      return known as Oracle<F, P>;
    };

    await scheduler.play(({ cold, hot, time }) => {
      const leave = enterEnvironment({ ...environment, oracle });
      try {
        after = test({
          cold,
          hot,
          time,
          clock: scheduler.clock,
          stores: (declaration) => environment.store(declaration),
          fake(declaration, options) {
            const model = new FakeModel(declaration, options);
            model.runOn(scheduler.clock);
            return model;
          },
          expectRecords: (stream, subscription) => watch(scheduler, stream, subscription, checks),
        });
      } finally {
        leave();
      }
    });
    for (const check of checks) check();
    after?.();
    for (const asked of batchers.values()) asked.close();
  };
}

function watch<R extends StreamRecord>(
  scheduler: FrameScheduler,
  stream: Observable<R>,
  subscription: string | undefined,
  checks: (() => void)[],
): RecordExpectation<R> {
  const happened: Happening[] = [];
  const { subscribedFrame, unsubscribedFrame } = TestScheduler.parseMarblesAsSubscriptions(subscription ?? null, true);
  const from = Number.isFinite(subscribedFrame) ? subscribedFrame : 0;
  scheduler.schedule(() => {
    const subscribed = stream.subscribe({
      next: (record) => happened.push([scheduler.frame, 'record', record]),
      error: (error: unknown) => happened.push([scheduler.frame, 'error', error]),
      complete: () => happened.push([scheduler.frame, 'complete']),
    });
    if (Number.isFinite(unsubscribedFrame))
      scheduler.schedule(() => subscribed.unsubscribe(), unsubscribedFrame - from);
  }, from);
  return {
    toBe(
      expected: string | readonly (readonly [number, R])[],
      records: Readonly<Record<string, R>> = {},
      error: unknown = undefined,
    ): void {
      const wanted = typeof expected === 'string' ? parse(expected, records, error) : expected.map(asHappening);
      // With frames and records alone, the end of the stream is not spoken of.
      const seen = () => (typeof expected === 'string' ? happened : happened.filter(([, kind]) => kind === 'record'));
      checks.push(() => assert.deepEqual(seen(), wanted));
    },
  };
}

function asHappening([frame, record]: readonly [number, StreamRecord]): Happening {
  return [frame, 'record', record];
}

function parse(diagram: string, records: Readonly<Record<string, unknown>>, error: unknown): Happening[] {
  const messages = TestScheduler.parseMarbles(diagram, records, error, true, true);
  return messages.map(({ frame, notification }): Happening => {
    if (notification.kind === 'N') return [frame, 'record', notification.value];
    if (notification.kind === 'E') return [frame, 'error', notification.error];
    return [frame, 'complete'];
  });
}
