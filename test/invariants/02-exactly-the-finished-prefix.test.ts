/**
 * 2. What has been produced is exactly the finished prefix: every branch, dead letter and state change of a record is
 *    held until it and all records before it are finished; then it is produced at once. So output order is input order.
 */
import { describe, expect, test } from 'vitest';
import type { Producer } from '../../src/brokers/port.js';
import { between } from '../heart/around.js';
import { type Answer, answers, DEAD, type Put, type Seen, Stage, seen } from '../heart/stage.js';

const SLOW = 4;
const history: readonly Put[] = Array.from({ length: 10 }, (_, id) => [
  `k${id % 3}`,
  { id, feature: id, poison: id === 6 },
]);

describe.each(['at_least_once', 'exactly_once_v2'] as const)('2. with %s', (guarantee) => {
  test('nothing of the records behind a slow one is produced before it, and everything at once after it', async () => {
    const produced: string[] = [];
    const stage = await Stage.open({
      guarantee,
      delay: (feature) => (feature === SLOW ? 800 : 10 * (10 - feature)),
      around: between({
        producer: (inner: Producer) => ({
          produce(record) {
            produced.push(record.topic);
            inner.produce(record);
          },
        }),
      }),
    });
    await stage.start();
    await stage.put(history);
    await stage.work(600);
    const of = (topic: string) => produced.filter((name) => name === topic).length;
    // Nine of ten are answered; four are the prefix.
    expect(stage.asked).toHaveLength(10);
    expect([answers.name, seen.name, DEAD].map(of)).toEqual([SLOW, SLOW, 0]);
    // Before its first change a changelog says in which formats the store is.
    expect(['stage-memory-changelog', 'stage-counts-changelog'].map(of)).toEqual([1 + SLOW, 1 + SLOW]);
    expect(await stage.committedOffset()).toBe(SLOW);

    await stage.clock.run(205);
    expect([answers.name, seen.name, DEAD].map(of)).toEqual([9, 9, 1]);
    expect(['stage-memory-changelog', 'stage-counts-changelog'].map(of)).toEqual([1 + 9, 1 + 9]);

    await stage.work(300);
    const order = [0, 1, 2, 3, 4, 5, 7, 8, 9];
    expect((await stage.values<Answer>(answers.name)).map(({ id }) => id)).toEqual(order);
    expect((await stage.values<Seen>(seen.name)).map(({ id }) => id)).toEqual(order);
    expect(await stage.committedOffset()).toBe(10);
    await stage.drain();
  });

  test('what finishes last was asked first: the order of answers shows in nothing', async () => {
    const stage = await Stage.open({ guarantee, delay: (feature) => 400 - feature * 10 });
    await stage.start();
    await stage.put(Array.from({ length: 30 }, (_, id) => [`k${id % 4}`, { id, feature: id }]));
    await stage.work(1_000);
    const ids = Array.from({ length: 30 }, (_, id) => id);
    expect((await stage.values<Answer>(answers.name)).map(({ id }) => id)).toEqual(ids);
    expect((await stage.values<Seen>(seen.name)).map(({ id, before }) => [id, before])).toEqual(
      ids.map((id) => [id, Math.floor(id / 4)]),
    );
    await stage.drain();
  });
});
