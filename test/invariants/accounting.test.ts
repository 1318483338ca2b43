/** `read` = all of `finished` + `inFlight`, at every moment; and in the end `finished` is what was put in. */
import { describe, expect, test } from 'vitest';
import { BrokerError } from '../../src/errors.js';
import { between } from '../heart/around.js';
import {
  change,
  changesOfQuestions,
  distinctBranches,
  type Process,
  type Put,
  Stage,
  type StageOptions,
} from '../heart/stage.js';

const RECORDS = 60;

/** Each tenth is delivered twice, each seventh is poison. */
const history: readonly Put[] = Array.from({ length: RECORDS }, (_, id) => {
  const row = { id, feature: id, poison: id % 7 === 6 };
  return [`k${id % 16}`, change(id < 16 ? 'c' : 'u', row, id + 1)] as const;
}).flatMap((event, id) => (id % 10 === 9 ? [event, event] : [event]));
const POISONED = history.filter(([, value]) => (value as { after: { poison: boolean } }).after.poison).length;
const DUPLICATES = history.length - RECORDS;

function expectToAddUp(...processes: readonly Process[]): void {
  for (const { app } of processes) {
    const { read, inFlight, finished } = app.status;
    const { delivered, filtered, skipped, deadLettered } = finished;
    expect(inFlight).toBeGreaterThanOrEqual(0);
    expect(read).toBe(delivered + filtered + skipped + deadLettered + inFlight);
  }
}

describe.each(['at_least_once', 'exactly_once_v2'] as const)('with %s every record is accounted for', (guarantee) => {
  const open = (options: Partial<StageOptions> = {}) =>
    Stage.open({ guarantee, topology: distinctBranches(), delay: (feature) => (feature * 31) % 120, ...options });

  test('over aborts and failures of calls', async () => {
    let commits = 0;
    const everyThirdFails = async (call: () => Promise<void>) => {
      commits += 1;
      if (commits % 3 === 0) throw new BrokerError('not this time', 'abort');
      await call();
    };
    const stage = await open({
      around: between({
        producer: (inner) => ({
          flush: (timeoutMs) => everyThirdFails(() => inner.flush(timeoutMs)),
          commitTransaction: (timeoutMs) => everyThirdFails(() => inner.commitTransaction(timeoutMs)),
        }),
      }),
    });
    await stage.start();
    for (let start = 0; start < history.length; start += 11) {
      await stage.put(history.slice(start, start + 11), changesOfQuestions.name);
      for (let sample = 0; sample < 20; sample += 1) {
        await stage.clock.run(7);
        expectToAddUp(stage.process);
      }
    }
    await stage.work(1_000);
    expect(commits).toBeGreaterThan(5);
    expect(stage.app.status).toMatchObject({
      read: history.length,
      inFlight: 0,
      finished: {
        delivered: RECORDS - POISONED,
        filtered: DUPLICATES,
        skipped: 0,
        deadLettered: POISONED,
      },
    });
    await stage.drain();
    expectToAddUp(stage.process);
    expect(stage.app.status.read).toBe(history.length);
  });

  test('over rebalances: what two processes have finished is all there was', async () => {
    const stage = await open({ partitions: 4 });
    const [first, second] = [stage.process, stage.another('second')];
    await first.start();
    await stage.put(history.slice(0, 30), changesOfQuestions.name);
    await stage.clock.run(40);
    await second.start();
    await stage.put(history.slice(30), changesOfQuestions.name);
    for (let sample = 0; sample < 60; sample += 1) {
      await stage.clock.run(15);
      expectToAddUp(first, second);
    }
    await stage.drain(second);
    await stage.clock.run(8_000);
    await stage.drain(first);
    expectToAddUp(first, second);
    const finished = [first, second].map(({ app }) => app.status.finished);
    const total = finished.reduce(
      (sum, { delivered, filtered, deadLettered }) => sum + delivered + filtered + deadLettered,
      0,
    );
    expect(total).toBe(history.length);
    expect(finished.every(({ delivered }) => delivered > 0)).toBe(true);
  });
});
