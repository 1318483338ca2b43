/**
 * 5. Revoked is not lost. A rebalance waits its turn: the batch is finished or dropped, then commit (or abort and
 *    rewind), then the partitions are given up. Lost ones drop everything uncommitted, in memory and on disk.
 */
import { describe, expect, test } from 'vitest';
import { between } from '../heart/around.js';
import {
  answers,
  type Delay,
  type Process,
  type Put,
  type Question,
  type Seen,
  Stage,
  type StageOptions,
  seen,
} from '../heart/stage.js';

const KEYS = 12;
const PARTITIONS = 4;

function questionsFrom(first: number, count: number): readonly Put[] {
  return Array.from({ length: count }, (_, index) => {
    const id = first + index;
    return [`k${id % KEYS}`, { id, feature: id } satisfies Question] as const;
  });
}

function sorted(ids: readonly number[]): readonly number[] {
  return [...ids].sort((a, b) => a - b);
}

/** What the records 0 … count - 1 must leave, whoever worked on them and whatever changed hands meanwhile. */
async function expectAll(stage: Stage, guarantee: StageOptions['guarantee'], count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, id) => id);
  const answered = (await stage.values<Question>(answers.name)).map(({ id }) => id);
  const counted = await stage.keyed<Seen>(seen.name);
  expect(sorted([...new Set(answered)])).toEqual(all);
  expect(sorted([...new Set(counted.map(([, { id }]) => id))])).toEqual(all);
  if (guarantee === 'at_least_once') return;
  expect(sorted(answered)).toEqual(all);
  for (let key = 0; key < KEYS; key += 1) {
    const ofKey = counted.filter(([name]) => name === `k${key}`).map(([, { before }]) => before);
    expect(ofKey).toEqual(ofKey.map((_, before) => before));
  }
}

function owners(...processes: readonly Process[]): readonly number[] {
  return processes.map(({ app }) => app.partitions.length);
}

const DELAYS: readonly (readonly [string, Delay])[] = [
  ['at once', 0],
  ['slow', 150],
  ['of any speed', (feature) => (feature * 37) % 200],
];

describe.each(['at_least_once', 'exactly_once_v2'] as const)('5. with %s', (guarantee) => {
  describe.each(DELAYS)('and a model that answers %s', (_name, delay) => {
    test('a process joins and leaves while records flow', async () => {
      const stage = await Stage.open({ guarantee, delay, partitions: PARTITIONS });
      const [first, second] = [stage.process, stage.another('second')];
      await first.start();
      await stage.put(questionsFrom(0, 40));
      await stage.clock.run(60);
      await second.start();
      await stage.put(questionsFrom(40, 40));
      await stage.clock.run(400);
      expect(owners(first, second)).toEqual([2, 2]);
      await stage.put(questionsFrom(80, 40));
      await stage.clock.run(60);
      // The static member's place is kept for its session timeout; then the other one takes over.
      await stage.drain(second);
      await stage.put(questionsFrom(120, 40));
      await stage.clock.run(8_000);
      expect(owners(first)).toEqual([4]);
      await stage.drain(first);
      await expectAll(stage, guarantee, 160);
      // Nobody was in a hurry: what was in flight was finished before it changed hands.
      expect(stage.asked).toHaveLength(160);
      expect([first.app.failure, second.app.failure]).toEqual([undefined, undefined]);
    });

    test('a process that did not poll in time has lost its partitions, and joins again', async () => {
      let gate: Promise<void> = Promise.resolve();
      let openGate = () => {};
      const stage = await Stage.open({
        guarantee,
        delay,
        partitions: PARTITIONS,
        config: { 'max.poll.interval.ms': 1_000, 'session.timeout.ms': 1_000 },
      });
      const troubles: string[] = [];
      const stalling = stage.another('stalling', {
        listener: { onBrokerTrouble: ({ message }) => troubles.push(message) },
        around: between({
          consumer: (inner) => ({
            async poll(max, timeoutMs) {
              await gate;
              return inner.poll(max, timeoutMs);
            },
          }),
        }),
      });
      const other = stage.another('other');
      await stalling.start();
      await other.start();
      await stage.clock.run(300);
      expect(owners(stalling, other)).toEqual([2, 2]);
      await stage.put(questionsFrom(0, 40));
      await stage.clock.run(20);
      gate = new Promise((resolve) => {
        openGate = resolve;
      });
      await stage.put(questionsFrom(40, 40));
      await stage.clock.run(2_500);
      expect(owners(other)).toEqual([4]);
      await stage.put(questionsFrom(80, 40));
      openGate();
      await stage.clock.run(3_000);
      expect(owners(stalling, other)).toEqual([2, 2]);
      // It says so also when it had nothing in flight that would have failed.
      expect(troubles).toContainEqual(expect.stringMatching(/^The group has taken questions-\d, questions-\d.* away/));
      await stage.put(questionsFrom(120, 40));
      await stage.clock.run(1_000);
      await stage.drain(stalling);
      await stage.drain(other);
      await expectAll(stage, guarantee, 160);
      expect([stalling.app.failure, other.app.failure]).toEqual([undefined, undefined]);
    });
  });

  test('what is not finished within the deadline is dropped, and asked by the one who takes over', async () => {
    const stage = await Stage.open({
      guarantee,
      delay: 3_000,
      partitions: PARTITIONS,
      config: { 'rebalance.timeout.ms': 500 },
    });
    const [first, second] = [stage.process, stage.another('second')];
    await first.start();
    await stage.put(questionsFrom(0, KEYS));
    await stage.clock.run(100);
    await second.start();
    await stage.clock.run(4_500);
    expect(owners(first, second)).toEqual([2, 2]);
    expect(first.asked).toHaveLength(KEYS);
    expect(second.asked.length).toBeGreaterThan(0);
    await stage.drain(first);
    await stage.drain(second);
    await expectAll(stage, guarantee, KEYS);
    if (guarantee === 'at_least_once') expect(await stage.read(answers.name)).toHaveLength(KEYS);
  });
});

describe('5. with exactly_once_v2', () => {
  test('what lost partitions have in the open transaction is not committed with what comes later', async () => {
    const SLOW = 20;
    let gate: Promise<void> = Promise.resolve();
    let openGate = () => {};
    const stage = await Stage.open({
      guarantee: 'exactly_once_v2',
      partitions: PARTITIONS,
      // Something is always in flight, and no commit is due: the transaction stays open.
      delay: (feature) => (feature === SLOW ? 8_000 : 10),
      config: { 'max.poll.interval.ms': 1_000, 'session.timeout.ms': 1_000, 'commit.interval.ms': 30_000 },
    });
    const stalling = stage.another('stalling', {
      around: between({
        consumer: (inner) => ({
          async poll(max, timeoutMs) {
            await gate;
            return inner.poll(max, timeoutMs);
          },
        }),
      }),
    });
    const other = stage.another('other');
    await stalling.start();
    await stage.put(questionsFrom(0, SLOW + 1));
    await stage.clock.run(50);
    gate = new Promise((resolve) => {
      openGate = resolve;
    });
    await stage.clock.run(1_500);
    expect(await stage.read(answers.name, 'read_uncommitted')).toHaveLength(SLOW);
    await other.start();
    await stage.clock.run(100);
    expect(owners(other)).toEqual([4]);
    openGate();
    await stage.clock.run(500);
    await stage.put(questionsFrom(SLOW + 1, 20));
    await stage.clock.run(20_000);
    expect(owners(stalling, other)).toEqual([2, 2]);
    await stage.drain(stalling);
    await stage.drain(other);
    await expectAll(stage, 'exactly_once_v2', SLOW + 21);
  });
});
