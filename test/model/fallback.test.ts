import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { AnsweredBy } from '../../src/model/answered-by.js';
import { FIRST_STEP_MS } from '../../src/model/availability.js';
import { BatchRefused } from '../../src/model/batch-refused.js';
import { batcher } from '../../src/model/batcher.js';
import { fallback } from '../../src/model/fallback.js';
import type { Model, ModelIdentity } from '../../src/model/model.js';
import { ModelAway } from '../../src/model/model-away.js';
import { ModelError } from '../../src/model/model-error.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

const AFTER_MS = 1_000;

/** Answers by a function; one that gives nothing never answers. */
class Told implements Model<number, number> {
  readonly asked: (readonly number[])[] = [];
  constructor(
    readonly identity: ModelIdentity,
    public answer: (rows: readonly number[]) => readonly (number | Error)[] | undefined,
  ) {}
  async open(): Promise<void> {}
  async predict(rows: readonly number[]): Promise<readonly number[]> {
    this.asked.push(rows);
    const answers = this.answer(rows);
    return (answers ?? (await new Promise(() => undefined))) as readonly number[];
  }
  async close(): Promise<void> {}
}

const throwing = (error: Error) => () => {
  throw error;
};
const tenfold = (rows: readonly number[]) => rows.map((row) => row * 10);
const rough = (rows: readonly number[]) => rows.map((row) => row * 11);

function setUp(answer: Told['answer'], standInAnswer: Told['answer'] = rough) {
  const clock = new VirtualClock();
  const main = new Told({ name: 'price', version: '2' }, answer);
  const standIn = new Told({ name: 'table', version: '1' }, standInAnswer);
  const both = fallback(main, standIn, { after: AFTER_MS, clock });
  const oracle = batcher(both, { maxConcurrent: 8 }, clock);
  const answers: unknown[] = [];
  const ask = (row: number) =>
    oracle.ask(row, 60_000, (error, prediction, by) =>
      answers.push(error ?? [prediction, (by ?? oracle.identity).name]),
    );
  return { clock, main, standIn, both, oracle, ask, answers };
}

test('the main model answers, and nobody asks the other', async () => {
  const { clock, ask, answers, standIn, oracle } = setUp(tenfold);
  ask(1);
  await clock.settle();
  expect(answers).toEqual([[10, 'price']]);
  expect(standIn.asked).toEqual([]);
  expect(oracle.identity).toEqual({ name: 'price', version: '2' });
});

test.each<[string, Told['answer']]>([
  ['is away', throwing(new ModelAway('gone'))],
  ['fails', throwing(new Error('broken'))],
  [
    'stumbles over the batch',
    throwing(new BatchRefused(new ModelError('500', 'failed', { name: 'price', version: '2' }))),
  ],
])('when the main model %s, the other answers, by its own name', async (_, answer) => {
  const { clock, ask, answers, oracle } = setUp(answer);
  ask(1);
  ask(2);
  await clock.settle();
  expect(answers).toEqual([
    [11, 'table'],
    [22, 'table'],
  ]);
  expect(oracle.stats).toMatchObject({ outages: 0, model: { standIn: { rows: 2 } } });
});

test('when the main model is too slow, the other answers; it is left alone then', async () => {
  const { clock, ask, answers, main } = setUp(() => undefined);
  ask(1);
  await clock.run(AFTER_MS - 1);
  expect(answers).toEqual([]);
  await clock.run(1);
  expect(answers).toEqual([[11, 'table']]);
  ask(2);
  await clock.settle();
  expect(answers).toHaveLength(2);
  expect(main.asked).toEqual([[1]]);
});

test('only the rows that the main model has no prediction for go to the other', async () => {
  const { clock, ask, answers, standIn } = setUp((rows) => rows.map((row) => (row === 2 ? Number.NaN : row * 10)));
  for (const row of [1, 2, 3]) ask(row);
  await clock.settle();
  expect(answers).toEqual([
    [10, 'price'],
    [22, 'table'],
    [30, 'price'],
  ]);
  expect(standIn.asked).toEqual([[2]]);
});

test("a row's own fault stays it", async () => {
  const fault = new ModelError('no year', 'invalid-question', { name: 'price', version: '2' });
  const { clock, ask, answers, standIn, main } = setUp((rows) => rows.map((row) => (row === 2 ? fault : row * 10)));
  ask(1);
  ask(2);
  await clock.settle();
  expect(answers).toEqual([[10, 'price'], fault]);
  main.answer = throwing(new BatchRefused(fault));
  ask(3);
  await clock.settle();
  expect(answers[2]).toBe(fault);
  expect(standIn.asked).toEqual([]);
});

test('the main model is tried again now and then, by one call at a time, and takes over when it is back', async () => {
  const { clock, ask, answers, main } = setUp(throwing(new ModelAway('gone')));
  ask(1);
  await clock.settle();
  ask(2);
  await clock.settle();
  expect(main.asked).toHaveLength(1);
  await clock.run(FIRST_STEP_MS);
  main.answer = () => undefined;
  ask(3);
  await clock.settle();
  ask(4);
  await clock.settle();
  expect(main.asked).toEqual([[1], [3]]);
  expect(answers).toEqual([
    [11, 'table'],
    [22, 'table'],
    [44, 'table'],
  ]);
  main.answer = tenfold;
  await clock.run(AFTER_MS + 2 * FIRST_STEP_MS);
  ask(5);
  await clock.settle();
  ask(6);
  await clock.settle();
  expect(answers.slice(3)).toEqual([
    [33, 'table'],
    [50, 'price'],
    [60, 'price'],
  ]);
});

test('only when both are away do rows wait', async () => {
  const { clock, ask, answers, oracle, standIn } = setUp(
    throwing(new ModelAway('gone')),
    throwing(new ModelAway('gone too')),
  );
  ask(1);
  await clock.run(60_000);
  expect(answers).toEqual([]);
  expect(oracle.stats.availability).toMatchObject({
    state: 'away',
    because: 'gone; and the model that stands in: gone too',
  });
  standIn.answer = rough;
  await clock.run(10_000);
  expect(answers).toEqual([[11, 'table']]);
});

test('what the other has no prediction for, or another number of rows, are errors that name it', async () => {
  const { clock, ask, answers, standIn } = setUp(throwing(new Error('broken')), () => [Number.NaN]);
  ask(1);
  await clock.settle();
  expect(answers[0]).toMatchObject({
    kind: 'invalid-answer',
    message: "the model 'table' 1 answered NaN, which is no prediction",
  });
  standIn.answer = () => [1, 2];
  ask(1);
  await clock.settle();
  expect(answers[1]).toMatchObject({ message: "the model 'table' 1 was asked 1 rows and answered 2" });
});

test('a setting of the main model that is wrong is told, not covered up', async () => {
  const { clock, ask, answers, oracle } = setUp(throwing(new ConfigurationError('401', 'url')));
  ask(1);
  await clock.settle();
  expect(answers).toEqual([]);
  expect(oracle.stats.availability.state).toBe('refused');
});

test('one may stand in for one that stands in: the name that arrives is of who answered', async () => {
  const { both, clock } = setUp(throwing(new ModelAway('gone')), throwing(new ModelAway('gone too')));
  const third = new Told({ name: 'mean', version: '1' }, rough);
  const [answer] = await fallback(both, third, { clock }).predict([1], new AbortController().signal);
  expect(answer).toEqual(new AnsweredBy({ name: 'mean', version: '1' }, 11));
});

test.each([0, -1, Number.NaN])('after: %d is refused', (after) => {
  const model = new Told({ name: 'price', version: '2' }, tenfold);
  expect(() => fallback(model, model, { after })).toThrow(ConfigurationError);
});
