import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { setUpBento, startBento } from '../../../models/ford/bento-service.js';
import { type FordFeatures, features } from '../../../models/ford/index.js';
import { listings } from '../../../models/ford/listings.js';
import { hasPython, type ModelServer } from '../../../models/ford/python-server.js';
import { systemClock } from '../../../src/clock.js';
import { type Batcher, batcher } from '../../../src/model/batcher.js';
import { type BentomlOptions, bentoml } from '../../../src/model/http/bentoml.js';
import { onnx } from '../../../src/model/onnx.js';
import type { PresenceListener } from '../../../src/model/presence.js';
import fixture from '../../fixtures/ford/predictions.json' with { type: 'json' };

const INSTALLED_WITHIN_MS = 600_000;
const TOLERANCE_POUNDS = 0.05;
const description = new URL('../../../models/ford/ford_price.json', import.meta.url);

const canRun = process.env.CI !== undefined || (await hasPython());
if (!canRun) console.log('skipped: BentoML needs Python 3.11 (python3.11, or its path in PYTHON)');

/** The three ways to ask the service. */
const WAYS: Readonly<Record<string, BentomlOptions<FordFeatures, number>>> = {
  'one row, the whole body': { route: '/predict' },
  'a list of rows, by the parameter': { route: '/predict_batch', parameter: 'cars', batch: {} },
  'a batchable method': { route: '/predict_batchable', parameter: 'cars', batch: { maxRows: 256 } },
};
const MANY = WAYS['a list of rows, by the parameter']!;

describe.skipIf(!canRun)('the Ford model in BentoML', () => {
  let service: ModelServer;

  beforeAll(async () => {
    await setUpBento();
    service = await startBento();
  }, INSTALLED_WITHIN_MS);
  afterAll(() => service?.stop());

  async function asking(options: BentomlOptions<FordFeatures, number>, listener: PresenceListener = {}) {
    const model = bentoml<FordFeatures>(service.url, { description, ...options });
    await model.open();
    const oracle = batcher(model, model.batching ?? {}, systemClock, listener);
    onTestFinished(async () => {
      oracle.close();
      await model.close();
    });
    return oracle;
  }

  const ask = (oracle: Batcher<FordFeatures, number>, car: FordFeatures, timeoutMs = 30_000) =>
    new Promise<number | Error>((resolve) => {
      oracle.ask(car, timeoutMs, (error, price) => resolve(error ?? price!));
    });

  test.each(Object.keys(WAYS))('%s: prices are those of the ONNX model within £0.05', async (way) => {
    const cars = fixture.predictions.map(({ car }) => features(car));
    for (const listing of listings(11)) if (cars.push(features(listing)) >= 600) break;
    const inProcess = onnx<FordFeatures>(new URL('../../../models/ford/ford_price.onnx', import.meta.url));
    await inProcess.open();
    onTestFinished(() => inProcess.close());
    const expected = await inProcess.predict(cars, new AbortController().signal);
    const oracle = await asking(WAYS[way]!);
    const prices = await Promise.all(cars.map((car) => ask(oracle, car)));
    const differences = prices.map((price, row) => Math.abs(Number(price) - expected[row]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(TOLERANCE_POUNDS);
    expect(oracle.identity).toEqual(inProcess.identity);
  });

  test('blanks around a text do not count, as for the ONNX model', async () => {
    const oracle = await asking(MANY);
    const { car } = fixture.predictions[0]!;
    const plain = features(car);
    expect(await ask(oracle, { ...plain, model: `  ${plain.model} ` })).toBe(await ask(oracle, plain));
  });

  test.each(Object.keys(WAYS))('%s: a car that lacks a feature, or has a wrong one, fails alone', async (way) => {
    const car = features(fixture.predictions[0]!.car);
    const { mpg: _, ...lacking } = car;
    const wrong = { ...car, year: 'new' as unknown as number };
    const oracle = await asking(WAYS[way]!);
    const [one, two, three, four] = await Promise.all(
      [car, lacking as FordFeatures, wrong, car].map((each) => ask(oracle, each)),
    );
    expect([one, four]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(two).toMatchObject({ kind: 'invalid-question', message: expect.stringContaining('Field required') });
    expect(three).toMatchObject({ kind: 'invalid-question', message: expect.stringContaining('valid number') });
  });

  test('a value outside of the training is priced, and said', async () => {
    const oracle = await asking(MANY);
    const car = features(fixture.predictions[0]!.car);
    expect(await ask(oracle, { ...car, mileage: 9_000_000 })).toEqual(expect.any(Number));
    expect(oracle.stats.model).toMatchObject({
      outside: { mileage: { rows: 1, last: 9_000_000, trainedOn: '1 to 177644' } },
    });
  });

  test('a route that it does not have is a setting that is wrong', async () => {
    const refused = new Promise<Error>((resolve) => {
      void asking({ route: '/price' }, { refused: resolve }).then((oracle) =>
        ask(oracle, features(fixture.predictions[0]!.car)),
      );
    });
    expect((await refused).message).toContain('/price answered 404: Not Found; check its address and its route');
  });

  test('it hangs, and goes on: the questions wait far beyond their time, and are answered', async () => {
    const workers = await service.workers();
    expect(workers).toHaveLength(1);
    const signal = (name: NodeJS.Signals) => {
      for (const worker of workers) process.kill(worker, name);
    };
    const goOn = () => signal('SIGCONT');
    onTestFinished(goOn);
    const oracle = await asking(MANY, { wentAway: goOn });
    const car = features(fixture.predictions[0]!.car);
    const price = await ask(oracle, car);
    signal('SIGSTOP');
    expect(await ask(oracle, car, 100)).toBe(price);
    expect(oracle.stats).toMatchObject({ timeouts: 0, outages: 1, availability: { state: 'available' } });
  });

  test('it is stopped and started again: the questions wait, and are answered', async () => {
    const port = Number(new URL(service.url).port);
    const car = features(fixture.predictions[0]!.car);
    let starting: Promise<ModelServer> | undefined;
    const oracle = await asking(MANY, {
      wentAway: () => {
        starting = startBento(port);
      },
    });
    const price = await ask(oracle, car);
    await service.stop();
    const waiting = Promise.all(Array.from({ length: 50 }, () => ask(oracle, car, 500)));
    expect(new Set(await waiting)).toEqual(new Set([price]));
    service = await starting!;
    expect(oracle.stats).toMatchObject({ timeouts: 0, failedCalls: 0, outages: 1 });
  });
});
