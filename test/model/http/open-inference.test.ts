import { afterEach, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { batcher } from '../../../src/model/batcher.js';
import { type OpenInferenceOptions, openInference } from '../../../src/model/http/open-inference.js';
import type { PresenceListener } from '../../../src/model/presence.js';
import { FakeService, json, type Reply } from './fake-service.js';

interface Car {
  readonly year: number | null;
  readonly fuel: string;
}
interface Tensor {
  readonly name: string;
  readonly shape: number[];
  readonly datatype: string;
  readonly data: unknown[];
}

const INPUTS: OpenInferenceOptions<Car, number>['inputs'] = {
  year: { datatype: 'FP32', value: (car) => car.year },
  fuel: { datatype: 'BYTES', value: (car) => car.fuel },
};
const OPTIONS = { version: '2', inputs: INPUTS, backoff: 1 } as const;

const services: FakeService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.down();
});

async function serve(reply: Reply): Promise<FakeService> {
  const service = await new FakeService(reply).up();
  services.push(service);
  return service;
}

/** Answers ten times the first input. */
const tenfold: Reply = (seen, response) => {
  const { inputs } = seen.body as { inputs: Tensor[] };
  const data = inputs[0]!.data.map((value) => Number(value) * 10);
  json(response, {
    model_name: 'price',
    model_version: '2',
    outputs: [{ name: 'price', shape: [data.length, 1], datatype: 'FP32', data }],
  });
};

async function asking(
  service: FakeService,
  options: Partial<OpenInferenceOptions<Car, number>> = {},
  listener: PresenceListener = {},
) {
  const model = openInference<Car>(service.url, 'price', { ...OPTIONS, ...options });
  await model.open();
  const oracle = batcher(model, model.batching ?? {}, systemClock, listener);
  onTestFinished(async () => {
    oracle.close();
    await model.close();
  });
  const ask = (year: number | null, fuel = 'Petrol') =>
    new Promise<unknown>((resolve) => {
      oracle.ask({ year, fuel }, 5_000, (error, prediction) => resolve(error ?? prediction));
    });
  return { oracle, ask, model };
}

test('rows are tensors, by column; the outputs are predictions, by row', async () => {
  const service = await serve(tenfold);
  const { ask, model } = await asking(service);
  expect(await Promise.all([ask(2018), ask(2019, 'Diesel "x"')])).toEqual([20_180, 20_190]);
  expect(model.identity).toEqual({ name: 'price', version: '2' });
  expect(service.seen).toMatchObject([
    {
      path: '/v2/models/price/versions/2/infer',
      body: {
        inputs: [
          { name: 'year', shape: [2, 1], datatype: 'FP32', data: [2018, 2019] },
          { name: 'fuel', shape: [2, 1], datatype: 'BYTES', data: ['Petrol', 'Diesel "x"'] },
        ],
      },
    },
  ]);
});

test('a tensor may have a shape, a value may stand for a missing one; data may be nested, several values a row', async () => {
  const service = await serve((_, response) =>
    json(response, {
      outputs: [
        { name: 'other', shape: [2], datatype: 'INT64', data: [0, 0] },
        {
          name: 'prices',
          shape: [2, 2],
          datatype: 'FP32',
          data: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
    }),
  );
  const { ask } = await asking(service, {
    inputs: { matrix: { datatype: 'FP32', shape: [2], value: (car) => [car.year ?? -1, 0.5] } },
    output: 'prices',
    read: ([low, high]) => Number(high) - Number(low),
  });
  expect(await Promise.all([ask(2018), ask(null)])).toEqual([1, 1]);
  expect(service.asked).toEqual([
    { inputs: [{ name: 'matrix', shape: [2, 2], datatype: 'FP32', data: [2018, 0.5, -1, 0.5] }] },
  ]);
});

test('a row without a value is refused, unless one stands for it', async () => {
  const service = await serve(tenfold);
  const { ask } = await asking(service);
  const [one, two, three] = await Promise.all([ask(null), ask(2), ask(Number.NaN)]);
  expect(one).toMatchObject({ kind: 'invalid-question', message: expect.stringContaining("'year' has no value") });
  expect(two).toBe(20);
  expect(three).toMatchObject({ kind: 'invalid-question', message: expect.stringContaining('is NaN') });
  const filled = await asking(service, {
    inputs: { year: { datatype: 'FP32', value: (car) => car.year, missing: 7 } },
  });
  expect(await filled.ask(null)).toBe(70);
});

test('400 for one row: it alone; 400 from a server that does not have the model ready: the rows wait', async () => {
  const service = await serve((seen, response, socket) => {
    const { inputs } = seen.body as { inputs: Tensor[] };
    if (inputs[0]!.data.includes(2)) json(response, { error: 'invalid input' }, 400);
    else return tenfold(seen, response, socket);
  });
  const { ask } = await asking(service);
  const answers = await Promise.all([ask(1), ask(2), ask(3)]);
  expect(answers).toMatchObject([
    10,
    { kind: 'invalid-question', message: expect.stringContaining('invalid input') },
    30,
  ]);
  expect(service.seen.at(-1)).toMatchObject({ method: 'GET', path: '/v2/models/price/versions/2/ready' });

  service.health = 400;
  const waiting = await asking(
    service,
    {},
    {
      wentAway: () => {
        service.health = 200;
        service.reply = tenfold;
      },
    },
  );
  expect(await waiting.ask(2)).toBe(20);
});

test.each<[string, object, string]>([
  ['no outputs', {}, 'answered no inference'],
  [
    'another output',
    { outputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] },
    "gave no output 'price', but 'x'",
  ],
  [
    'another number of rows',
    { outputs: [{ name: 'price', shape: [2], datatype: 'FP32', data: [1, 2] }] },
    'was asked 1 rows and answered 2',
  ],
  ['too few values', { outputs: [{ name: 'price', shape: [1], datatype: 'FP32', data: [] }] }, 'no prediction'],
  ['null', { outputs: [{ name: 'price', shape: [1], datatype: 'FP32', data: [null] }] }, 'answered null'],
])('%s is a clear error', async (_, answer, message) => {
  const service = await serve((_seen, response) => json(response, answer));
  const { ask } = await asking(service, { output: 'price' });
  expect(await ask(1)).toMatchObject({ kind: 'invalid-answer', message: expect.stringContaining(message) });
});

test('the version that the server has, when it has just one', async () => {
  const service = await serve(tenfold);
  service.metadata = { name: 'price', versions: ['7'], platform: 'onnx' };
  const { version: _, ...without } = OPTIONS;
  const model = openInference<Car>(service.url, 'price', without);
  await model.open();
  expect(model.identity).toEqual({ name: 'price', version: '7' });
  await model.close();
  service.metadata = { versions: ['7', '8'] };
  await expect(openInference<Car>(service.url, 'price', without).open()).rejects.toThrow(
    "the server of the model 'price' has the versions 7, 8: give the version",
  );
  await service.down();
  await expect(openInference<Car>(service.url, 'price', without).open()).rejects.toThrow(/its server cannot be asked/);
});

test.each<[string, Partial<OpenInferenceOptions<Car, number>>]>([
  ['inputs', { inputs: {} }],
  ['inputs.year.shape', { inputs: { year: { datatype: 'FP32', shape: [0], value: () => 1 } } }],
  ['retries', { retries: 0.5 }],
])('wrong %s are refused at once', (setting, options) => {
  expect(() => openInference<Car>('http://127.0.0.1:1', 'price', { ...OPTIONS, ...options })).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', setting }),
  );
});
