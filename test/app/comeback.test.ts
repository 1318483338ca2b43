/** After an outage a client may be finished for good; the application goes on with new ones, once, and nothing is lost. */
import { describe, expect, test } from 'vitest';
import { Comeback } from '../../src/app/comeback.js';
import type { RebalanceListener } from '../../src/brokers/port.js';
import { BrokerError, CLIENT_LOST } from '../../src/errors.js';
import { between } from '../heart/around.js';
import { type Answer, answers, type Put, Stage, type StageOptions } from '../heart/stage.js';

const records = (from: number, to: number): readonly Put[] =>
  Array.from({ length: to - from }, (_, index) => [`k${index % 3}`, { id: from + index, feature: index }]);
const ids = (count: number) => Array.from({ length: count }, (_, id) => id);

/** What the consumer is about to be told, in this order. */
type Blow = 'expelled' | 'fenced' | 'lost';

/** A stage on which a test can strike the member of the group. */
async function open(guarantee: StageOptions['guarantee']) {
  const blows: Blow[] = [];
  let opened = 0;
  const troubles: unknown[] = [];
  const stage = await Stage.open({
    guarantee,
    delay: 50,
    listener: { onBrokerTrouble: ({ code }) => troubles.push(code) },
    around: between({
      consumer: (inner, group) => {
        if (group === undefined) return {};
        opened += 1;
        let listener: RebalanceListener | undefined;
        return {
          subscribe: (topics, told) => {
            listener = told;
            inner.subscribe(topics, told);
          },
          poll: async (max, timeoutMs) => {
            const blow = blows.shift();
            if (blow === 'expelled') await listener!.onLost(inner.assignment());
            if (blow === 'lost') throw new BrokerError('a broker that others find', 'fatal', CLIENT_LOST);
            if (blow === 'fenced') throw new BrokerError('fenced by another of the same name', 'fatal', 82);
            return inner.poll(max, timeoutMs);
          },
        };
      },
    }),
  });
  await stage.start();
  await stage.put(records(0, 6));
  await stage.work(1_000);
  return { stage, blows, troubles, opened: () => opened };
}

describe.each(['at_least_once', 'exactly_once_v2'] as const)('with %s', (guarantee) => {
  test('a member that is fenced after it was cut off goes on with new clients', async () => {
    const { stage, blows, troubles, opened } = await open(guarantee);
    const before = opened();
    await stage.put(records(6, 12));
    blows.push('expelled', 'fenced');
    await stage.work(20_000);
    expect(stage.app.state).toBe('RUNNING');
    expect(opened()).toBe(before + 1);
    expect(troubles).toContain(82);
    const answered = (await stage.values<Answer>(answers.name)).map(({ id }) => id);
    expect(guarantee === 'exactly_once_v2' ? answered : [...new Set(answered)]).toEqual(ids(12));
    const { read, finished, inFlight } = stage.app.status;
    expect({ read, finished: finished.delivered, inFlight }).toEqual({ read: 12, finished: 12, inFlight: 0 });
    await stage.drain();
    expect(stage.app.state).toBe('NOT_RUNNING');
  });

  test('one that does not find a broker which is there goes on with new clients, each time', async () => {
    const { stage, blows, opened } = await open(guarantee);
    const before = opened();
    await stage.put(records(6, 12));
    blows.push('lost', 'lost');
    await stage.work(20_000);
    expect([stage.app.state, opened()]).toEqual(['RUNNING', before + 2]);
    const answered = (await stage.values<Answer>(answers.name)).map(({ id }) => id);
    expect(guarantee === 'exactly_once_v2' ? answered : [...new Set(answered)]).toEqual(ids(12));
  });

  test('one that was paused stays so', async () => {
    const { stage, blows, opened } = await open(guarantee);
    const before = opened();
    stage.app.pause();
    await stage.put(records(6, 12));
    blows.push('expelled', 'fenced');
    await stage.work(20_000);
    expect([stage.app.state, opened(), stage.app.status.read]).toEqual(['RUNNING', before + 1, 6]);
    stage.app.resume();
    await stage.work();
    expect(stage.app.status.finished.delivered).toBe(12);
  });

  test('one that is fenced again before it works ends', async () => {
    const { stage, blows } = await open(guarantee);
    blows.push('expelled', 'fenced', 'fenced');
    await stage.work(20_000);
    expect(stage.app.state).toBe('ERROR');
    expect(stage.app.failure).toMatchObject({ kind: 'fatal', code: 82 });
  });

  test('one that is fenced while it was connected has been replaced: it ends', async () => {
    const { stage, blows, opened } = await open(guarantee);
    const before = opened();
    blows.push('fenced');
    await stage.work(5_000);
    expect(stage.app.state).toBe('ERROR');
    expect(opened()).toBe(before);
  });
});

test('one that stood still may have been replaced meanwhile: it ends', () => {
  let now = 0;
  const timers: (() => void)[] = [];
  const clock = {
    now: () => now,
    after: (_ms: number, callback: () => void) => {
      timers.push(callback);
      return { cancel: () => {} };
    },
    endOfTick: () => {},
  };
  const fenced = new BrokerError('fenced', 'fatal', 82);
  const comeback = new Comeback(clock, 6_000);
  comeback.open();
  for (const late of [1_000, 3_000, 20_000]) {
    comeback.expelled();
    now += late;
    timers.shift()!();
    expect(comeback.after(fenced)).toBe(late < 4_000);
  }
  comeback.running();
  comeback.expelled();
  expect(comeback.after(fenced)).toBe(true);
});
