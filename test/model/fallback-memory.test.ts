/** What a model that stands in answers, on its way through `predict` and its memory. */
import { expect, test } from 'vitest';
import {
  enrich,
  fallback,
  flatMapValues,
  json,
  ModelAway,
  model,
  nullable,
  type PredictionInfo,
  predict,
  predictionMemory,
  string,
  topic,
  topology,
} from '../../src/index.js';
import type { Model } from '../../src/model/model.js';
import { TopologyTestDriver } from '../../src/testing/index.js';

const questions = topic('questions', { key: string(), value: json<number>() });
const answers = topic('answers', { key: string(), value: nullable(json<{ price: number; info: PredictionInfo }>()) });
const memory = predictionMemory<string, number>('memory');
const declared = model<number, number>('price');

const asking = (copies: number) =>
  topology('asking', ({ stream }) => {
    stream(questions)
      .pipe(
        flatMapValues((value) => Array.from({ length: copies }, () => value)),
        predict(declared, { features: (value: number) => value, remember: memory }),
        enrich((_, price, info) => ({ price, info })),
      )
      .to(answers);
  });

/** A main model that is away while `isAway`, and counts its questions. */
function models() {
  const state = { isAway: true, asked: 0 };
  const made = (name: string, version: string, answer: (row: number) => number): Model<number, number> => ({
    identity: { name, version },
    open: async () => undefined,
    predict: async (rows) => rows.map(answer),
    close: async () => undefined,
  });
  const main = made('price', '2', (row) => {
    if (state.isAway) throw new ModelAway('gone');
    state.asked += 1;
    return row * 10;
  });
  // A clock on which the next try is always due.
  const clock = { now: () => (now += 60_000), after: () => ({ cancel: () => undefined }), endOfTick: setImmediate };
  let now = 0;
  return {
    state,
    both: fallback(
      main,
      made('table', '1', (row) => row * 11),
      { clock },
    ),
  };
}

async function open(copies = 1) {
  const { state, both } = models();
  const driver = await TopologyTestDriver.open(asking(copies), { models: { price: both as Model<unknown, unknown> } });
  const input = driver.createInputTopic(questions);
  const output = driver.createOutputTopic(answers);
  const put = async (value: number) => {
    input.pipeInput('k', value);
    await driver.settled();
    return output.readValuesToList();
  };
  return { driver, state, put };
}

const STOOD_IN = { price: 11, info: { model: 'table', version: '1', remembered: false } };

test('its answer carries its name and version, is remembered under them, and never served', async () => {
  const { driver, state, put } = await open();
  expect(await put(1)).toEqual([STOOD_IN]);
  expect(driver.getStateStore(memory).get('k')).toMatchObject({ model: 'table', version: '1', prediction: 11 });
  expect(await put(1)).toEqual([STOOD_IN]);
  state.isAway = false;
  expect(await put(1)).toEqual([{ price: 10, info: { model: 'price', version: '2', remembered: false } }]);
  expect(await put(1)).toEqual([{ price: 10, info: { model: 'price', version: '2', remembered: true } }]);
  expect(state.asked).toBe(1);
  await driver.close();
});

test('the same question twice in one record: both get its answer', async () => {
  const { driver, put } = await open(3);
  const again = { price: 11, info: { ...STOOD_IN.info, remembered: true } };
  expect(await put(1)).toEqual([STOOD_IN, again, again]);
  await driver.close();
});
