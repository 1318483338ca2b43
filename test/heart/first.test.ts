import { expect, test } from 'vitest';
import { type Answer, answers, Stage, seen } from './stage.js';

test('what goes in comes out, in order, on both branches', async () => {
  const stage = await Stage.open({ guarantee: 'exactly_once_v2' });
  await stage.start();
  expect(stage.app.state).toBe('RUNNING');
  await stage.put([
    ['a', { id: 1, feature: 1 }],
    ['b', { id: 2, feature: 2 }],
    ['a', { id: 3, feature: 1 }],
    ['a', null],
  ]);
  await stage.work(500);
  expect(stage.app.failure).toBeUndefined();
  expect(await stage.values<Answer>(answers.name)).toEqual([
    { id: 1, feature: 1, prediction: 10 },
    { id: 2, feature: 2, prediction: 20 },
    { id: 3, feature: 1, prediction: 10 },
    null,
  ]);
  expect(await stage.values(seen.name)).toEqual([
    { id: 1, before: 0 },
    { id: 2, before: 0 },
    { id: 3, before: 1 },
    { id: -1, before: 2 },
  ]);
  expect(stage.asked).toEqual([1, 2]);
  await stage.drain();
  expect(stage.app.state).toBe('NOT_RUNNING');
});
