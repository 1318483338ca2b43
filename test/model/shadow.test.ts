import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { AnsweredBy } from '../../src/model/answered-by.js';
import type { ModelIdentity } from '../../src/model/model.js';
import { type Difference, type ShadowOptions, shadow } from '../../src/model/shadow.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { HeldModel } from './held-model.js';

const EXPERIMENT: ModelIdentity = { name: 'price', version: '3-beta' };

class Experiment extends HeldModel {
  override readonly identity = EXPERIMENT;
}

async function setUp(options: ShadowOptions<number> = {}, experimental = new Experiment()) {
  const clock = new VirtualClock();
  const main = new HeldModel();
  const differences: Difference<number, number>[] = [];
  const model = shadow<number, number>(main, experimental, (difference) => differences.push(difference), {
    clock,
    ...options,
  });
  await model.open();
  await clock.settle();
  const predict = (...rows: number[]) => model.predict(rows, new AbortController().signal);
  const figures = () => model.figures?.experimental;
  return { clock, main, experimental, differences, model, predict, figures };
}

test('the main model answers, without waiting for the other', async () => {
  const { main, experimental, predict, model, differences } = await setUp();
  const answer = predict(1);
  main.calls[0]!.answer([10]);
  expect(await answer).toEqual([10]);
  expect(experimental.calls[0]!.rows).toEqual([1]);
  expect(differences).toEqual([]);
  expect(model.identity).toBe(main.identity);
});

test('differences are told, row by row, whoever answers first', async () => {
  const { main, experimental, predict, differences, figures, clock } = await setUp();
  const answer = predict(1, 2, 3);
  experimental.calls[0]!.answer([10, 21, 30]);
  main.calls[0]!.answer([10, 20, 30]);
  await answer;
  await clock.settle();
  expect(differences).toEqual([
    {
      features: 2,
      main: { model: main.identity, prediction: 20 },
      experimental: { model: EXPERIMENT, prediction: 21 },
    },
  ]);
  expect(figures()).toEqual({ compared: 3, different: 1, leftOut: 0, failed: 0 });
});

test('what counts as a difference can be said', async () => {
  const { main, experimental, predict, differences, clock } = await setUp({ differs: (a, b) => Math.abs(a - b) > 5 });
  void predict(1, 2);
  main.calls[0]!.answer([10, 20]);
  experimental.calls[0]!.answer([14, 26]);
  await clock.settle();
  expect(differences.map(({ features }) => features)).toEqual([2]);
});

test.each<[string, (experimental: HeldModel, clock: VirtualClock) => Promise<void> | void]>([
  ['fails', (experimental) => experimental.calls[0]!.fail(new Error('broken'))],
  ['answers another number of rows', (experimental) => experimental.calls[0]!.answer([1])],
  ['never answers', (_, clock) => clock.run(10_000)],
])('one that %s is counted, and goes no further', async (_, does) => {
  const { main, experimental, predict, figures, clock, differences } = await setUp();
  const answer = predict(1, 2);
  main.calls[0]!.answer([10, 20]);
  expect(await answer).toEqual([10, 20]);
  await does(experimental, clock);
  await clock.settle();
  expect(figures()).toMatchObject({ compared: 0, failed: 2, lastError: expect.any(String) });
  expect(differences).toEqual([]);
});

test('a row that it has no prediction for is counted; one that the main model has none for is not', async () => {
  const { main, experimental, predict, figures, clock } = await setUp();
  void predict(1, 2, 3);
  main.calls[0]!.answer([10, Number.NaN, 30]);
  experimental.calls[0]!.answer([Number.NaN, 20, 30]);
  await clock.settle();
  expect(figures()).toMatchObject({ compared: 1, failed: 1 });
});

test('it is asked no more than it has room for', async () => {
  const { main, experimental, predict, figures, clock } = await setUp({ maxOutstanding: 1 });
  for (const row of [1, 2]) {
    const answer = predict(row);
    main.calls.at(-1)!.answer([row]);
    await answer;
  }
  expect(experimental.calls.map(({ rows }) => rows)).toEqual([[1]]);
  experimental.calls[0]!.answer([1]);
  await clock.settle();
  void predict(3);
  expect(experimental.calls.map(({ rows }) => rows)).toEqual([[1], [3]]);
  expect(figures()).toMatchObject({ compared: 1, leftOut: 1 });
});

test('one that does not open leaves the main model alone', async () => {
  const broken = new Experiment();
  broken.open = () => Promise.reject(new Error('no such file'));
  const { main, predict, figures, model } = await setUp({}, broken);
  const answer = predict(1);
  main.calls[0]!.answer([10]);
  expect(await answer).toEqual([10]);
  expect(figures()).toMatchObject({ leftOut: 1, lastError: 'no such file' });
  await model.close();
});

test('what the main model throws is thrown, and nothing is compared', async () => {
  const { main, experimental, predict, figures, clock } = await setUp();
  const answer = predict(1);
  main.calls[0]!.fail(new Error('broken'));
  await expect(answer).rejects.toThrow('broken');
  experimental.calls[0]!.answer([10]);
  await clock.settle();
  expect(figures()).toMatchObject({ compared: 0, leftOut: 1, failed: 0 });
});

test('what is told of a difference must not throw; when it does, that is counted', async () => {
  const { main, experimental, predict, clock, model } = await setUp({
    differs: () => {
      throw new Error('a bug');
    },
  });
  const answer = predict(1);
  main.calls[0]!.answer([10]);
  experimental.calls[0]!.answer([11]);
  expect(await answer).toEqual([10]);
  await clock.settle();
  expect(model.figures).toMatchObject({ experimental: { failed: 1, lastError: 'a bug' } });
});

test('who answered is told, also when one stood in', async () => {
  const { main, experimental, predict, differences, clock } = await setUp();
  const standIn = { name: 'table', version: '1' };
  void predict(1);
  main.calls[0]!.answer([new AnsweredBy(standIn, 9) as unknown as number]);
  experimental.calls[0]!.answer([10]);
  await clock.settle();
  expect(differences[0]!.main).toEqual({ model: standIn, prediction: 9 });
});

test('close aborts what is under way and closes both', async () => {
  const { main, experimental, predict, model } = await setUp();
  const closed: string[] = [];
  main.close = async () => void closed.push('main');
  experimental.close = async () => void closed.push('experimental');
  void predict(1);
  await model.close();
  expect(closed).toEqual(['main', 'experimental']);
  expect(experimental.calls[0]!.signal.aborted).toBe(true);
});

test.each([{ maxOutstanding: 0 }, { timeout: -1 }])('%j is refused', (options) => {
  expect(() => shadow(new HeldModel(), new Experiment(), () => undefined, options)).toThrow(ConfigurationError);
});
