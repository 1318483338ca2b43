/**
 * 10. drain() and stop() are different. SIGTERM drains within a deadline and leaves the group; a second one stops at
 *     once, and that is safe too.
 */
import { describe, expect, test } from 'vitest';
import { BrokerError } from '../../src/errors.js';
import { between } from '../heart/around.js';
import { type Answer, answers, type Put, Stage, type StageOptions, seen } from '../heart/stage.js';

const RECORDS = 8;
const MODEL_MS = 600;
const history: readonly Put[] = Array.from({ length: RECORDS }, (_, id) => [`k${id % 3}`, { id, feature: id }]);
const ALL = Array.from({ length: RECORDS }, (_, id) => id);

/** A process with all its records at the model, none of them answered. */
async function busy(guarantee: StageOptions['guarantee'], options: Partial<StageOptions> = {}): Promise<Stage> {
  const stage = await Stage.open({ guarantee, delay: MODEL_MS, ...options });
  await stage.start();
  await stage.put(history);
  await stage.clock.run(100);
  expect(stage.asked).toHaveLength(RECORDS);
  return stage;
}

async function msOf(stage: Stage, ending: Promise<void>): Promise<number> {
  const startedAt = stage.clock.now();
  await stage.patiently(ending);
  return stage.clock.now() - startedAt;
}

/** After another start: everything is there, under exactly_once_v2 once. */
async function expectNothingLost(stage: Stage, guarantee: StageOptions['guarantee']): Promise<void> {
  await stage.start();
  await stage.work(MODEL_MS + 400);
  await stage.drain();
  const ids = (await stage.values<Answer>(answers.name)).map(({ id }) => id);
  expect(guarantee === 'exactly_once_v2' ? ids : [...new Set(ids)]).toEqual(ALL);
  expect((await stage.read(seen.name)).length).toBe(ids.length);
}

describe.each(['at_least_once', 'exactly_once_v2'] as const)('10. with %s', (guarantee) => {
  test('drain finishes what is in flight, reads no more, commits and leaves', async () => {
    const stage = await busy(guarantee);
    const draining = stage.app.drain();
    await stage.clock.run(10);
    await stage.put([['k0', { id: 99, feature: 99 }]]);
    const took = await msOf(stage, draining);
    expect(took).toBeGreaterThan(MODEL_MS / 2);
    expect(stage.app.state).toBe('NOT_RUNNING');
    expect((await stage.values<Answer>(answers.name)).map(({ id }) => id)).toEqual(ALL);
    expect(await stage.committedOffset()).toBe(RECORDS);
    expect(stage.asked).not.toContain(99);
  });

  test('drain gives up at its deadline; what was dropped is read again', async () => {
    const told: number[] = [];
    const stage = await busy(guarantee, {
      config: { 'shutdown.timeout.ms': 200 },
      listener: { onAbandoned: (_task, records) => told.push(records) },
    });
    const took = await msOf(stage, stage.app.drain());
    expect(took).toBeLessThan(MODEL_MS / 2);
    expect(told).toEqual([RECORDS]);
    expect(await stage.committedOffset()).toBe(0);
    await expectNothingLost(stage, guarantee);
  });

  test('stop drops what is in flight and leaves at once; it is read again', async () => {
    const stage = await busy(guarantee);
    const took = await msOf(stage, stage.app.stop());
    expect(took).toBeLessThan(MODEL_MS / 3);
    expect(stage.app.state).toBe('NOT_RUNNING');
    expect(await stage.read(answers.name)).toHaveLength(0);
    expect(await stage.committedOffset()).toBe(0);
    await expectNothingLost(stage, guarantee);
  });

  test('a second signal while it drains stops at once, and that is safe too', async () => {
    const stage = await busy(guarantee);
    const draining = stage.app.drain();
    await stage.clock.run(50);
    expect(stage.app.state).toBe('PENDING_SHUTDOWN');
    const took = await msOf(stage, stage.app.stop());
    await draining;
    expect(took).toBeLessThan(MODEL_MS / 3);
    expect(stage.app.state).toBe('NOT_RUNNING');
    await expectNothingLost(stage, guarantee);
  });

  describe('while the broker is away', () => {
    let away = false;
    const unreachable = async (call: () => Promise<void>) => {
      if (away) throw new BrokerError('the broker is away', 'retriable');
      await call();
    };
    const around = between({
      producer: (inner) => ({
        sendOffsets: (offsets, consumer) => unreachable(() => inner.sendOffsets(offsets, consumer)),
      }),
      consumer: (inner, group) =>
        group === undefined ? {} : { commit: (offsets) => unreachable(() => inner.commit(offsets)) },
    });

    /** Everything is answered, nothing can be committed. */
    async function cutOff(options: Partial<StageOptions> = {}): Promise<Stage> {
      away = false;
      const stage = await busy(guarantee, { ...options, around });
      away = true;
      await stage.clock.run(MODEL_MS + 200);
      return stage;
    }

    test('a second signal stops at once too', async () => {
      const stage = await cutOff();
      const draining = stage.app.drain();
      await stage.clock.run(1_000);
      expect(stage.app.state).toBe('PENDING_SHUTDOWN');
      const took = await msOf(stage, stage.app.stop());
      await draining;
      expect(took).toBeLessThan(500);
      expect(stage.app.state).toBe('NOT_RUNNING');
      away = false;
      await expectNothingLost(stage, guarantee);
    });

    test('drain ends soon after its deadline', async () => {
      const stage = await cutOff({ config: { 'shutdown.timeout.ms': 2_000 } });
      const took = await msOf(stage, stage.app.drain());
      expect(took).toBeGreaterThanOrEqual(2_000);
      expect(took).toBeLessThan(2_000 + 6_000);
      expect(stage.app.state).toBe('NOT_RUNNING');
      away = false;
      await expectNothingLost(stage, guarantee);
    });
  });

  test('one that is told to end while it starts closes what it has opened', async () => {
    const stage = await Stage.open({ guarantee });
    const starting = stage.start();
    const ending = stage.app.drain();
    await starting;
    await stage.patiently(ending);
    expect(stage.app.state).toBe('NOT_RUNNING');
    await stage.put(history);
    await stage.clock.run(500);
    expect(stage.asked).toHaveLength(0);
  });
});
