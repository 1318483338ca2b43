/**
 * 7. In-flight work is bounded by records and bytes, whatever the model does. Backpressure is to stop asking the
 *    consumer; before half of max.poll.interval.ms the partitions are paused and polling goes on, so that a long outage
 *    of the model causes no rebalance.
 */
import { Observable, switchMap } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { State } from '../../src/app/state.js';
import { rx } from '../../src/operators/rx.js';
import { topology } from '../../src/topology/topology.js';
import { between } from '../heart/around.js';
import { type Answer, answers, type Put, type Question, questions, Stage, type StageOptions } from '../heart/stage.js';

const OUTAGE_MS = 9_000;
const MAX_POLL_INTERVAL_MS = 1_500;

function ask(count: number, padding = ''): readonly Put[] {
  return Array.from({ length: count }, (_, id) => [`k${id % 7}`, { id, feature: id, padding }]);
}

/** Runs through a long outage of the model, and looks at what is in flight all the time. */
async function outage(guarantee: StageOptions['guarantee'], config: StageOptions['config'], records: readonly Put[]) {
  const polls: number[] = [];
  const paused: number[] = [];
  const states: State[] = [];
  let stage: Stage;
  stage = await Stage.open({
    guarantee,
    delay: OUTAGE_MS,
    config: { 'max.poll.interval.ms': MAX_POLL_INTERVAL_MS, 'session.timeout.ms': 1_000, ...config },
    around: between({
      consumer: (inner, group) => {
        if (group === undefined) return {};
        return {
          poll(max, timeoutMs) {
            polls.push(stage.clock.now());
            return inner.poll(max, timeoutMs);
          },
          pause(partitions) {
            paused.push(stage.clock.now());
            inner.pause(partitions);
          },
        };
      },
    }),
  });
  await stage.start();
  stage.app.onStateChange((state) => states.push(state));
  const startedAt = stage.clock.now();
  await stage.put(records);
  const inFlight: number[] = [];
  for (let passed = 0; passed < OUTAGE_MS - 500; passed += 50) {
    await stage.clock.run(50);
    inFlight.push(stage.app.status.inFlight);
  }
  const gaps = polls.slice(1).map((at, index) => at - polls[index]!);
  return { stage, startedAt, inFlight: Math.max(...inFlight), gaps, paused, states, lastPoll: polls.at(-1)! };
}

describe.each(['at_least_once', 'exactly_once_v2'] as const)('7. with %s', (guarantee) => {
  test('by records, and a long outage of the model is no rebalance', async () => {
    const { stage, inFlight, gaps, paused, states, startedAt, lastPoll } = await outage(
      guarantee,
      { 'max.in.flight.records': 10 },
      ask(40),
    );
    expect(inFlight).toBe(10);
    expect(stage.asked).toHaveLength(10);
    expect(Math.max(...gaps)).toBeLessThan(MAX_POLL_INTERVAL_MS / 2);
    expect(lastPoll).toBeGreaterThan(startedAt + OUTAGE_MS - 500 - MAX_POLL_INTERVAL_MS / 2);
    expect(paused.some((at) => at > startedAt && at <= startedAt + MAX_POLL_INTERVAL_MS / 2)).toBe(true);
    expect(states).toEqual([]);
    // When the model is back everything goes on from where it was.
    for (let passed = 0; passed < 5 * OUTAGE_MS && (await stage.committedOffset()) < 40; passed += 500) {
      await stage.clock.run(500);
      expect(stage.app.status.inFlight).toBeLessThanOrEqual(10);
    }
    expect(states).toEqual([]);
    expect(await stage.read(answers.name)).toHaveLength(40);
    expect(stage.asked).toHaveLength(40);
    await stage.drain();
  });

  test('by bytes: one batch beyond the bound at most', async () => {
    const { stage, inFlight, states } = await outage(
      guarantee,
      { 'max.in.flight.bytes': 5_000, 'max.poll.records': 5 },
      ask(60, 'x'.repeat(950)),
    );
    expect(inFlight).toBeGreaterThanOrEqual(5);
    expect(inFlight).toBeLessThanOrEqual(10);
    expect(states).toEqual([]);
    await stage.kill();
  });

  test('what is finished and waits for a commit counts as in flight', async () => {
    let commitsMayEnd = () => {};
    const barrier = new Promise<void>((resolve) => {
      commitsMayEnd = resolve;
    });
    const stage = await Stage.open({
      guarantee,
      delay: 10,
      config: { 'max.in.flight.records': 8, 'max.poll.records': 4 },
      around: between({
        producer: (inner) => ({
          flush: (timeoutMs) => barrier.then(() => inner.flush(timeoutMs)),
          commitTransaction: (timeoutMs) => barrier.then(() => inner.commitTransaction(timeoutMs)),
        }),
      }),
    });
    await stage.start();
    await stage.put(ask(4));
    await stage.work(200);
    await stage.put(ask(40));
    await stage.work(1_000);
    // Four are in the commit that does not end; eight wait behind it.
    expect(stage.asked.length).toBeLessThanOrEqual(12);
    commitsMayEnd();
    await stage.work(1_500);
    expect(await stage.committedOffset()).toBe(44);
    await stage.drain();
  });
});

describe('7. an operator of RxJS that never completes', () => {
  test('fails its record at its timeout, and is let go of', async () => {
    let subscribed = 0;
    const stage = await Stage.open({
      guarantee: 'exactly_once_v2',
      config: { 'processing.exception.handler': 'skip' },
      topology: topology('endless', ({ stream }) => {
        const endless = () =>
          new Observable<never>(() => {
            subscribed += 1;
            return () => {
              subscribed -= 1;
            };
          });
        stream(questions)
          .pipe(rx<Question | null, string, Answer | null>('endless', switchMap(endless), { timeout: 300 }))
          .to(answers);
      }),
    });
    await stage.start();
    await stage.put(ask(5));
    await stage.work(200);
    expect(subscribed).toBe(5);
    await stage.work(300);
    expect(subscribed).toBe(0);
    expect(stage.app.status.finished).toMatchObject({ skipped: 5 });
    await stage.drain();
  });
});
