/**
 * 4. A memory and the output it belongs to commit together under exactly_once_v2. Under at_least_once either may
 *    survive a crash alone, and a record is a duplicate only of a smaller offset of its partition, never of itself.
 *    A memory is of one model and version: another is a miss.
 */
import { describe, expect, test } from 'vitest';
import { between } from '../heart/around.js';
import {
  type Answer,
  answers,
  change,
  changesOfQuestions,
  distinctBranches,
  type Put,
  Stage,
  type StageOptions,
} from '../heart/stage.js';

const ROWS = 6;
const history: readonly Put[] = Array.from({ length: ROWS }, (_, id) => [
  `k${id % 2}`,
  change(id < 2 ? 'c' : 'u', { id, feature: id }, id + 1),
]);
const MARKERS = 'stage-delivered-changelog';
const MEMORIES = 'stage-memory-changelog';

function open(guarantee: StageOptions['guarantee'], options: Partial<StageOptions> = {}): Promise<Stage> {
  return Stage.open({ guarantee, topology: distinctBranches(), ...options });
}

async function idsOf(stage: Stage): Promise<readonly number[]> {
  return (await stage.values<Answer>(answers.name)).map(({ id }) => id);
}

describe('4. with exactly_once_v2', () => {
  test('memories, markers and outputs become visible together', async () => {
    // A look at the log right after every commit, while nothing moves.
    const looks: Promise<readonly number[]>[] = [];
    let stage: Stage;
    const high = async (topic: string) => {
      const consumer = await stage.broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
      const { high } = await consumer.watermarks({ topic, partition: 0 });
      return high;
    };
    stage = await open('exactly_once_v2', {
      delay: (feature) => 30 * (feature + 1),
      config: { 'commit.interval.ms': 40 },
      around: between({
        producer: (inner) => ({
          async commitTransaction(timeoutMs) {
            looks.push(Promise.all([answers.name, MARKERS, MEMORIES].map(high)));
            await inner.commitTransaction(timeoutMs);
            looks.push(Promise.all([answers.name, MARKERS, MEMORIES].map(high)));
          },
        }),
      }),
    });
    await stage.start();
    await stage.put(history, changesOfQuestions.name);
    await stage.work(600);
    const seen = await Promise.all(looks);
    expect(new Set(seen.map(([first]) => first)).size).toBeGreaterThan(2);
    // The first record of a changelog says in which formats the store is.
    const changes = (end: number) => Math.max(0, end - 1);
    for (const [given, marked = 0, remembered = 0] of seen) {
      expect([marked, remembered].map(changes)).toEqual([given, given]);
    }
    expect(await idsOf(stage)).toEqual([0, 1, 2, 3, 4, 5]);
    await stage.drain();
  });
});

describe('4. with at_least_once', () => {
  test('a marker that outlives its output does not make its own record vanish', async () => {
    const recorded = await open('at_least_once');
    await recorded.start();
    await recorded.put(history, changesOfQuestions.name);
    await recorded.work(500);
    await recorded.drain();
    const { calls } = recorded.faults;
    const [formats, ...marked] = calls.flatMap((name, call) => (name === `producer.produce ${MARKERS}` ? [call] : []));
    expect(formats).toBeLessThan(marked[0]!);
    expect(marked).toHaveLength(ROWS);

    for (const call of marked) {
      const stage = await open('at_least_once');
      // The marker is with the broker, the output is not, when the process dies.
      await stage.start({ call, moment: 'after', kind: 'crash' });
      await stage.put(history, changesOfQuestions.name);
      await stage.work(500);
      expect(stage.faults.dead).toBe(true);
      expect((await stage.read(MARKERS)).length).toBeGreaterThan((await stage.read(answers.name)).length);
      await stage.start();
      await stage.work(500);
      expect([...new Set(await idsOf(stage))].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      await stage.drain();
    }
  });
});

describe.each(['at_least_once', 'exactly_once_v2'] as const)('4. with %s', (guarantee) => {
  test('a memory answers for its model and version; another is a miss', async () => {
    const stage = await open(guarantee);
    const ask = async (op: 'c' | 'u', id: number) => {
      const before = stage.asked.length;
      await stage.put([['k', change(op, { id, feature: 7 }, id)]], changesOfQuestions.name);
      await stage.work(300);
      return stage.asked.length - before;
    };
    await stage.start();
    expect([await ask('c', 1), await ask('u', 2)]).toEqual([1, 0]);
    await stage.drain();

    await stage.start();
    expect(await ask('u', 3)).toBe(0);
    await stage.drain();

    stage.process.modelVersion = 'v2';
    await stage.start();
    expect([await ask('u', 4), await ask('u', 5)]).toEqual([1, 0]);
    expect(await idsOf(stage)).toEqual([1, 2, 3, 4, 5]);
    await stage.drain();
  });
});
