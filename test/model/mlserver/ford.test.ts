/** `openInference` against a real server of its protocol: MLServer, with the Ford model in it. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type FordFeatures, features } from '../../../models/ford/index.js';
import { listings } from '../../../models/ford/listings.js';
import { fordInputs, setUpMlserver, startMlserver } from '../../../models/ford/mlserver-service.js';
import { hasPython, type ModelServer } from '../../../models/ford/python-server.js';
import { systemClock } from '../../../src/clock.js';
import { type Batcher, batcher } from '../../../src/model/batcher.js';
import { fallback } from '../../../src/model/fallback.js';
import { type OpenInferenceOptions, openInference } from '../../../src/model/http/open-inference.js';
import type { Model } from '../../../src/model/model.js';
import { onnx } from '../../../src/model/onnx.js';
import type { PresenceListener } from '../../../src/model/presence.js';
import { shadow } from '../../../src/model/shadow.js';
import fixture from '../../fixtures/ford/predictions.json' with { type: 'json' };

const INSTALLED_WITHIN_MS = 600_000;
const TOLERANCE_POUNDS = 0.05;
const description = new URL('../../../models/ford/ford_price.json', import.meta.url);
const file = new URL('../../../models/ford/ford_price.onnx', import.meta.url);

const canRun = process.env.CI !== undefined || (await hasPython());
if (!canRun) console.log('skipped: MLServer needs Python 3.11 (python3.11, or its path in PYTHON)');

describe.skipIf(!canRun)('the Ford model in MLServer', () => {
  let server: ModelServer;

  beforeAll(async () => {
    await setUpMlserver();
    server = await startMlserver();
  }, INSTALLED_WITHIN_MS);
  afterAll(() => server?.stop());

  const modelOf = (options: Partial<OpenInferenceOptions<FordFeatures, number>> = {}) =>
    openInference<FordFeatures>(server.url, 'ford-price', { description, inputs: fordInputs, ...options });

  async function asking(model: Model<FordFeatures, number>, listener: PresenceListener = {}) {
    await model.open();
    const oracle = batcher(model, model.batching ?? {}, systemClock, listener);
    onTestFinished(async () => {
      oracle.close();
      await model.close();
    });
    return oracle;
  }

  const ask = (oracle: Batcher<FordFeatures, number>, car: FordFeatures, timeoutMs = 30_000) =>
    new Promise<unknown>((resolve) => {
      oracle.ask(car, timeoutMs, (error, price) => resolve(error ?? price));
    });

  const car = features(fixture.predictions[0]!.car);

  test('prices are those of the ONNX model within £0.05, also of cars of which something is not known', async () => {
    const cars = fixture.predictions.map((each) => features(each.car));
    for (const listing of listings(11)) if (cars.push(features(listing)) >= 600) break;
    for (const name of Object.keys(car)) cars.push({ ...car, [name]: null });
    const inProcess = onnx<FordFeatures>(file);
    await inProcess.open();
    onTestFinished(() => inProcess.close());
    const expected = await inProcess.predict(cars, new AbortController().signal);
    const oracle = await asking(modelOf());
    const prices = await Promise.all(cars.map((each) => ask(oracle, each)));
    const differences = prices.map((price, row) => Math.abs(Number(price) - expected[row]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(TOLERANCE_POUNDS);
    expect(oracle.identity).toEqual(inProcess.identity);
  });

  test('a row that the server refuses fails alone, in its own words', async () => {
    const oracle = await asking(modelOf());
    const wrong = { ...car, year: 'new' as unknown as number };
    const [one, two, three] = await Promise.all([car, wrong, car].map((each) => ask(oracle, each)));
    expect([one, three]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(two).toMatchObject({
      kind: 'invalid-question',
      message: expect.stringContaining(`the input 'year' is no tensor of numbers`),
    });
  });

  test('a feature that is not sent, and one that has no value', async () => {
    const { mpg: _, ...lacking } = fordInputs;
    expect(await ask(await asking(modelOf({ inputs: lacking })), car)).toMatchObject({
      kind: 'invalid-question',
      message: expect.stringContaining(`the input 'mpg' is missing`),
    });
    const { missing: __, ...strict } = fordInputs.mpg;
    const oracle = await asking(modelOf({ inputs: { ...fordInputs, mpg: strict } }));
    expect(await ask(oracle, { ...car, mpg: null })).toMatchObject({
      kind: 'invalid-question',
      message: expect.stringContaining(`the input 'mpg' has no value`),
    });
  });

  test('a version that it does not have is a setting that is wrong', async () => {
    const model = openInference<FordFeatures>(server.url, 'ford-price', { inputs: fordInputs, version: '9' });
    const refused = new Promise<Error>((resolve) => {
      void asking(model, { refused: resolve }).then((oracle) => ask(oracle, car));
    });
    expect((await refused).message).toMatch(/answered 404: .*ford-price with version 9 not found/);
  });

  test('it says no version of its own: one has to be given', async () => {
    const model = openInference<FordFeatures>(server.url, 'ford-price', { inputs: fordInputs });
    await expect(model.open()).rejects.toThrow('does not say which version it has: give the version');
  });

  test('shadow: the ONNX model answers, and MLServer on trial finds no difference', async () => {
    const told: unknown[] = [];
    const differs = (one: number, other: number) => Math.abs(one - other) > TOLERANCE_POUNDS;
    const model = shadow(onnx<FordFeatures>(file), modelOf(), (difference) => told.push(difference), { differs });
    const oracle = await asking(model);
    // What is asked before MLServer is open is not compared.
    await expect
      .poll(
        async () => {
          await ask(oracle, car);
          return Number((oracle.stats.model!.experimental as { compared: number }).compared);
        },
        { timeout: 10_000, interval: 50 },
      )
      .toBeGreaterThan(0);
    expect(oracle.stats.model).toMatchObject({ experimental: { different: 0, failed: 0 } });
    expect(told).toEqual([]);
  });

  test('it is stopped: the ONNX model stands in; it is started again: it answers as before', async () => {
    const port = Number(new URL(server.url).port);
    const plain = await asking(modelOf());
    const price = await ask(plain, car);
    const stoodIn = await asking(fallback(modelOf({ retries: 0 }), onnx<FordFeatures>(file), { after: 1_000 }));
    await server.stop();
    expect(Math.abs(Number(await ask(stoodIn, car)) - Number(price))).toBeLessThanOrEqual(TOLERANCE_POUNDS);
    const waiting = Promise.all(Array.from({ length: 20 }, () => ask(plain, car, 500)));
    server = await startMlserver(port);
    expect(new Set(await waiting)).toEqual(new Set([price]));
    expect(plain.stats).toMatchObject({ timeouts: 0, failedCalls: 0, outages: 1 });
  });
});
