/** A model that does not do what models do: a failure of the records that it was asked about, and of no others. */
import { expect, test } from 'vitest';
import { type FordFeatures, fordPrice } from '../../models/ford/index.js';
import type { Model } from '../../src/model/model.js';
import { fake } from '../../src/testing/fake.js';
import { predictions } from '../../state/cars.js';
import { FOCUS, feed, KUGA } from './cars.js';

/** Predicts for whole batches as it is told. */
function answering(predict: (rows: readonly FordFeatures[]) => Promise<readonly unknown[]>): Model {
  return {
    identity: { name: 'ford-price', version: 'odd' },
    open: async () => {},
    predict: predict as Model['predict'],
    close: async () => {},
  };
}

const ODD: Readonly<Record<string, { readonly model: () => Model; readonly said: RegExp }>> = {
  rejects: {
    model: () => answering(() => Promise.reject(new Error('out of memory'))),
    said: /the model 'ford-price' odd failed: out of memory/,
  },
  'throws at once': {
    model: () =>
      answering(() => {
        throw new Error('not today');
      }),
    said: /the model 'ford-price' odd failed: not today/,
  },
  'rejects with a text': { model: () => answering(() => Promise.reject('no')), said: /'ford-price' odd failed: no/ },
  'answers too few rows': {
    model: () => answering(async () => []),
    said: /'ford-price' odd was asked \d rows? and answered 0/,
  },
  'answers too many rows': {
    model: () => answering(async (rows) => [...rows.map(() => 1), 2]),
    said: /'ford-price' odd was asked \d rows? and answered \d/,
  },
  'answers what is no list': {
    model: () => answering(async () => 9_000 as never),
    said: /'ford-price' odd/,
  },
  'answers NaN': { model: () => answering(async (rows) => rows.map(() => Number.NaN)), said: /'ford-price' odd .*NaN/ },
  'answers nothing': {
    model: () => answering(async (rows) => rows.map(() => undefined)),
    said: /'ford-price' odd/,
  },
};

test.each(Object.entries(ODD))('a model that %s', async (_name, { model, said }) => {
  const { driver, input, prices } = await feed(model(), { onError: 'dead-letter' });
  input.pipeBytes(FOCUS.key, FOCUS.value);
  await driver.settled();
  expect(prices()).toEqual({});
  expect(driver.dropped.map(({ message }) => message)).toEqual([expect.stringMatching(said)]);
  expect(driver.dropped[0]).toMatchObject({ phase: 'processing', cause: { name: 'ModelError' } });
  expect(driver.deadLetters).toHaveLength(1);
  expect(driver.getStateStore(predictions).has({ id: 1 })).toBe(false);
  driver.close();
});

test('a model that fails for one car alone', async () => {
  const picky = fake(fordPrice, { answer: ({ model }) => (model === 'Focus' ? Number.NaN : 9_000) });
  const { driver, input, prices } = await feed(picky as Model, { onError: 'skip' });
  input.pipeBytes(FOCUS.key, FOCUS.value);
  input.pipeBytes(KUGA.key, KUGA.value);
  await driver.settled();
  expect(prices()).toEqual({ Kuga: 9_000 });
  expect(driver.dropped).toHaveLength(1);
  driver.close();
});

test('a model that never answers: after the timeout of predict, and what came behind goes on', async () => {
  const silent = fake(fordPrice, {
    delay: ({ model }) => (model === 'Focus' ? Number.POSITIVE_INFINITY : 0),
    answer: 9_000,
  });
  const { driver, input, prices } = await feed(silent as Model, { onError: 'skip' });
  input.pipeBytes(FOCUS.key, FOCUS.value);
  await driver.settled();
  input.pipeBytes(KUGA.key, KUGA.value);
  await driver.settled();
  // The Kuga has its price, and waits for its turn.
  expect(prices()).toEqual({});
  expect(driver.inFlight).toBe(2);
  driver.advanceWallClockTime(2_000);
  await driver.settled();
  expect(prices()).toEqual({ Kuga: 9_000 });
  expect(driver.dropped).toHaveLength(1);
  expect(driver.dropped[0]!.message).toMatch(/'ford-price' fake.*2,?000 ms/);
  expect(driver.dropped[0]).toMatchObject({ cause: { kind: 'timeout' } });
  driver.close();
});
