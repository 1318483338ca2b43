import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { ConfigurationError } from '../../../src/errors.js';
import { type Batcher, batcher } from '../../../src/model/batcher.js';
import { type BentomlOptions, bentoml } from '../../../src/model/http/bentoml.js';
import type { BatchingOptions, ModelFigures } from '../../../src/model/model.js';
import type { PresenceListener } from '../../../src/model/presence.js';
import { FakeService, json, type Reply } from './fake-service.js';

interface Row {
  readonly id: number;
}
interface Answer {
  readonly error: Error | null;
  readonly prediction: number | undefined;
}
type Options = BentomlOptions<Row, number>;

const NAMED = { name: 'price', version: '3' } as const;
const QUICK = { ...NAMED, backoff: 1, timeout: 2_000 } as const;
const MANY: Options = { ...QUICK, route: '/predict_batch', parameter: 'rows', batch: {} };
const TIMEOUT_MS = 5_000;

const services: FakeService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.down();
});

async function serve(reply: Reply): Promise<FakeService> {
  const service = await new FakeService(reply).up();
  services.push(service);
  return service;
}

/** Ten times the id; a row whose id is in `bad` makes the whole call fail as `otherwise` says. */
const tenfold =
  (bad: readonly number[] = [], otherwise: Reply = (_, response) => json(response, { error: 'bad row' }, 400)): Reply =>
  (seen, response, socket) => {
    const { rows = [seen.body as Row] } = seen.body as { rows?: Row[] };
    if (rows.some(({ id }) => bad.includes(id))) return otherwise(seen, response, socket);
    const answers = rows.map(({ id }) => id * 10);
    json(response, 'rows' in (seen.body as object) ? answers : answers[0]);
  };

async function asking(
  service: FakeService,
  options: Options,
  listener: PresenceListener = {},
  batching?: BatchingOptions,
) {
  const model = bentoml<Row>(service.url, options);
  await model.open();
  const oracle = batcher(model, { ...model.batching, ...batching }, systemClock, listener);
  onTestFinished(async () => {
    oracle.close();
    await model.close();
  });
  return oracle;
}

function ask(oracle: Batcher<Row, number>, id: number, timeoutMs = TIMEOUT_MS): Promise<Answer> {
  return new Promise((resolve) => {
    oracle.ask({ id }, timeoutMs, (error, prediction) => resolve({ error, prediction }));
  });
}

const askAll = (oracle: Batcher<Row, number>, count: number) =>
  Promise.all(Array.from({ length: count }, (_, id) => ask(oracle, id)));

const figures = (oracle: Batcher<Row, number>) => oracle.stats.model as ModelFigures & { statuses: object };

describe('how a service is asked', () => {
  test('one row a request: it is the whole body, or keyed by the parameter', async () => {
    const service = await serve(tenfold());
    expect(await ask(await asking(service, QUICK), 1)).toEqual({ error: null, prediction: 10 });
    service.reply = (_, response) => json(response, 20);
    expect(await ask(await asking(service, { ...QUICK, parameter: 'row', route: '/price' }), 2)).toEqual({
      error: null,
      prediction: 20,
    });
    expect(service.seen.map(({ path, body }) => [path, body])).toEqual([
      ['/predict', { id: 1 }],
      ['/price', { row: { id: 2 } }],
    ]);
  });

  test('as many single requests at once as there are connections, no more', async () => {
    const waiting: (() => void)[] = [];
    const service = await serve((_, response) => void waiting.push(() => json(response, 1)));
    const oracle = await asking(service, { ...QUICK, connections: 3 });
    const all = askAll(oracle, 9);
    for (let wave = 0; wave < 3; wave += 1) {
      await expect.poll(() => waiting.length).toBe(3);
      expect(oracle.stats.callsUnderWay).toBe(3);
      for (const answer of waiting.splice(0)) answer();
    }
    expect(await all).toHaveLength(9);
  });

  test('many rows a request, in the order of asking', async () => {
    const service = await serve(tenfold());
    const oracle = await asking(service, { ...MANY, batch: { maxRows: 4 } }, {}, { maxConcurrent: 1 });
    const answers = await askAll(oracle, 6);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, 10, 20, 30, 40, 50]);
    expect(service.asked).toEqual([
      { rows: [{ id: 0 }, { id: 1 }, { id: 2 }, { id: 3 }] },
      { rows: [{ id: 4 }, { id: 5 }] },
    ]);
  });

  test('below a path, with headers; what is sent and read can be chosen', async () => {
    const service = await serve((_, response) => json(response, { price: 7 }));
    const model = bentoml<Row, number>(`${service.url}/models/ford/`, {
      ...QUICK,
      headers: { authorization: 'Bearer x' },
      write: ({ id }) => [id],
      read: (answer) => (answer as { price: number }).price,
    });
    await model.open();
    expect(await model.predict([{ id: 1 }], new AbortController().signal)).toEqual([7]);
    await model.probe?.(new AbortController().signal);
    await model.close();
    const [first, second] = service.seen;
    expect(first).toMatchObject({ path: '/models/ford/predict', body: [1], headers: { authorization: 'Bearer x' } });
    expect(second).toMatchObject({ method: 'GET', path: '/models/ford/readyz' });
  });

  test('its name and version are given, or those of a description', async () => {
    const description = new URL('../../../models/ford/ford_price.json', import.meta.url);
    const model = bentoml('http://127.0.0.1:1', { description });
    await model.open();
    expect(model.identity).toEqual({ name: 'ford-price', version: '1.0.0' });
    await model.close();
    await expect(bentoml('http://127.0.0.1:1', { name: 'x' }).open()).rejects.toThrow(/needs a name and a version/);
  });

  test.each<[string, object]>([
    ['url', {}],
    ['route', { route: 'predict' }],
    ['timeout', { timeout: 0 }],
    ['connections', { connections: 0 }],
    ['retries', { retries: -1 }],
  ])('a wrong %s is refused at once', (setting, options) => {
    const url = setting === 'url' ? 'localhost' : 'http://127.0.0.1:1';
    expect(() => bentoml(url, { ...NAMED, ...options })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', setting }),
    );
  });
});

describe("a row's own fault", () => {
  test.each([400, 413, 422])(
    '%i for one row of a batch: it alone gets the error, with what the service said',
    async (status) => {
      const service = await serve(
        tenfold([5], (_, response) => json(response, { error: 'year is no number' }, status)),
      );
      const oracle = await asking(service, MANY);
      const answers = await askAll(oracle, 16);
      expect(answers.map(({ prediction }) => prediction)).toEqual(
        Array.from({ length: 16 }, (_, id) => (id === 5 ? undefined : id * 10)),
      );
      expect(answers[5]!.error).toMatchObject({
        kind: 'invalid-question',
        message: `${service.url}/predict_batch answered ${status}: {"error":"year is no number"}`,
      });
      expect(oracle.stats.availability).toEqual({ state: 'available' });
    },
  );

  test('400 to a single row is not repeated', async () => {
    const service = await serve(tenfold([0]));
    const [answer] = await askAll(await asking(service, QUICK), 1);
    expect(answer!.error).toMatchObject({ kind: 'invalid-question' });
    expect(service.asked).toHaveLength(1);
  });

  test('500 for one row: repeated, then it alone gets the error', async () => {
    const service = await serve(tenfold([2], (_, response) => json(response, {}, 500)));
    const oracle = await asking(service, { ...MANY, retries: 1 });
    const answers = await askAll(oracle, 4);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, 10, undefined, 30]);
    expect(answers[2]!.error).toMatchObject({ kind: 'failed' });
    expect(service.asked.filter((body) => (body as { rows: Row[] }).rows.length === 4)).toHaveLength(2);
  });

  test('a service that refuses a row and is not ready is away: the row is not blamed', async () => {
    const service = await serve(tenfold([0]));
    service.health = 503;
    let outages = 0;
    const oracle = await asking(service, QUICK, {
      wentAway: () => {
        outages += 1;
        service.reply = tenfold();
        service.health = 200;
      },
    });
    expect(await ask(oracle, 0)).toEqual({ error: null, prediction: 0 });
    expect(outages).toBe(1);
  });

  test('what cannot be written as JSON is refused before anybody is asked', async () => {
    const service = await serve(tenfold());
    const write = (row: Row) => ({ id: row.id === 1 ? 10n : row.id });
    const answers = await askAll(await asking(service, { ...MANY, write }), 3);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, undefined, 20]);
    expect(answers[1]!.error).toMatchObject({ kind: 'invalid-question', message: expect.stringContaining('BigInt') });
    expect(service.asked).toEqual([{ rows: [{ id: 0 }, { id: 2 }] }]);
  });
});

describe('answers that cannot be used', () => {
  test('another number of rows: a clear error, also when only one row causes it', async () => {
    const service = await serve((seen, response) => {
      const { rows } = seen.body as { rows: Row[] };
      json(
        response,
        rows.filter(({ id }) => id !== 2).map(({ id }) => id * 10),
      );
    });
    const answers = await askAll(await asking(service, MANY), 4);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, 10, undefined, 30]);
    expect(answers[2]!.error).toMatchObject({
      kind: 'invalid-answer',
      message: `${service.url}/predict_batch: was asked 1 rows and answered 0`,
    });
  });

  test('no list', async () => {
    const service = await serve((_, response) => json(response, { prices: [1] }));
    const [answer] = await askAll(await asking(service, MANY), 1);
    expect(answer!.error?.message).toContain('answered no list of them');
  });

  test('no JSON, as where Python writes NaN: the others are answered', async () => {
    const service = await serve((seen, response) => {
      const { rows } = seen.body as { rows: Row[] };
      response.end(`[${rows.map(({ id }) => (id === 1 ? 'NaN' : id * 10)).join(', ')}]`);
    });
    const answers = await askAll(await asking(service, MANY), 4);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, undefined, 20, 30]);
    expect(answers[1]!.error).toMatchObject({
      kind: 'invalid-answer',
      message: expect.stringContaining('no JSON: [NaN]'),
    });
  });

  test('null in the place of a number', async () => {
    const service = await serve((_, response) => json(response, [1, null, 3]));
    const answers = await askAll(await asking(service, MANY), 3);
    expect(answers.map(({ prediction }) => prediction)).toEqual([1, undefined, 3]);
    expect(answers[1]!.error).toMatchObject({ kind: 'invalid-answer' });
  });
});

describe('a service that is away', () => {
  test.each([408, 425, 429, 502, 503, 504])('%i: the rows wait until it is back', async (status) => {
    const service = await serve((_, response) => json(response, { error: 'overloaded' }, status));
    const told: string[] = [];
    const oracle = await asking(service, MANY, {
      wentAway: ({ because }) => {
        told.push(because);
        service.reply = tenfold();
      },
    });
    const answers = await askAll(oracle, 3);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, 10, 20]);
    expect(told).toEqual([`${service.url}/predict_batch answered ${status}: {"error":"overloaded"}`]);
    expect(figures(oracle).statuses).toEqual({ 200: 2, [status]: 3 });
  });

  test('a short one is bridged by repeating: nobody hears of it', async () => {
    let left = 2;
    const service = await serve((seen, response, socket) => {
      left -= 1;
      if (left >= 0) json(response, {}, 503);
      else return tenfold()(seen, response, socket);
    });
    const oracle = await asking(service, MANY);
    expect((await ask(oracle, 4)).prediction).toBe(40);
    expect(oracle.stats).toMatchObject({ outages: 0, calls: 1 });
    const { bounds, counts } = figures(oracle).retries as { bounds: number[]; counts: number[] };
    expect(counts[bounds.indexOf(2)]).toBe(1);
  });

  test('Retry-After is honoured: not repeated at once, and left alone for so long', async () => {
    const service = await serve((_, response) => json(response, {}, 503, { 'retry-after': '1' }));
    let wait = 0;
    const oracle = await asking(service, MANY, {
      wentAway: ({ since, nextTryAt }) => {
        wait = nextTryAt - since;
        service.reply = tenfold();
      },
    });
    expect((await ask(oracle, 1)).prediction).toBe(10);
    expect(wait).toBeGreaterThanOrEqual(1_000);
    expect(service.asked).toHaveLength(2);
  });

  test('nobody listens, then the service starts: every question is answered, none before its time', async () => {
    const service = await serve(tenfold());
    await service.down();
    let outage: string | undefined;
    const oracle = await asking(service, MANY, {
      wentAway: ({ because }) => {
        outage = because;
        void service.up();
      },
    });
    const answers = await Promise.all([ask(oracle, 1, 50), ask(oracle, 2, 50)]);
    expect(answers.map(({ prediction }) => prediction)).toEqual([10, 20]);
    expect(outage).toMatch(/is not to be reached: ECONNREFUSED/);
    expect(oracle.stats).toMatchObject({ timeouts: 0, outages: 1, availability: { state: 'available' } });
  });

  test('it closes the connection half way through an answer: asked again', async () => {
    let isFirst = true;
    const service = await serve((seen, response, socket) => {
      if (!isFirst) return tenfold()(seen, response, socket);
      isFirst = false;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('[0, 10', () => socket.destroy());
    });
    const answers = await askAll(await asking(service, MANY), 3);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, 10, 20]);
  });

  test('the circuit opens: what else is under way is not repeated any more', async () => {
    const service = await serve((_, response) => json(response, {}, 503));
    const oracle = await asking(
      service,
      { ...QUICK, connections: 8, breakAfter: 4, retries: 50, halfOpenAfter: 300 },
      {
        wentAway: () => {
          service.reply = tenfold();
        },
      },
    );
    const answers = await askAll(oracle, 8);
    expect(answers.map(({ prediction }) => prediction)).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
    expect((figures(oracle).statuses as Record<string, number>)[503]).toBeLessThan(20);
    expect(figures(oracle).circuit).toBe('closed');
  });
});

describe('a slow service', () => {
  test('that is there: the question times out, and its handler decides', async () => {
    const service = await serve(() => undefined);
    const { error } = await ask(await asking(service, MANY), 1, 50);
    expect(error).toMatchObject({ kind: 'timeout', message: "the model 'price' 3 gave no answer within 50 ms" });
  });

  test('that is not ready either: the rows wait', async () => {
    const service = await serve(() => undefined);
    service.health = 503;
    const oracle = await asking(service, MANY, {
      wentAway: () => {
        service.health = 200;
        service.reply = tenfold();
      },
    });
    expect(await ask(oracle, 1, 50)).toEqual({ error: null, prediction: 10 });
  });

  test('each request has its time: a later one may be answered', async () => {
    let isFirst = true;
    const service = await serve((seen, response, socket) => {
      if (isFirst) isFirst = false;
      else return tenfold()(seen, response, socket);
    });
    const oracle = await asking(service, { ...MANY, timeout: 50, retries: 100 });
    expect(await ask(oracle, 1)).toEqual({ error: null, prediction: 10 });
    // More than one where the machine is slower than the time of a request.
    expect(figures(oracle).statuses).toEqual({ 200: 1, 'no answer': expect.any(Number) });
  });

  test('that never answers in the time of a request has timed out', async () => {
    const service = await serve(() => undefined);
    const oracle = await asking(service, { ...MANY, timeout: 20, retries: 1 });
    const { error } = await ask(oracle, 1);
    expect(error).toMatchObject({
      kind: 'timeout',
      message: `${service.url}/predict_batch gave no answer within 20 ms`,
    });
    // Neither what the service saw, which may be too slow to see a request in its time, nor whether it was ready at once.
    expect((figures(oracle).statuses as Record<string, number>)['no answer']).toBeGreaterThanOrEqual(2);
    const { bounds, counts } = figures(oracle).retries as { bounds: number[]; counts: number[] };
    expect(counts.every((calls, bucket) => (bounds[bucket] === 1 ? calls > 0 : calls === 0))).toBe(true);
  });
});

describe('a setting that is wrong', () => {
  test.each([301, 401, 403, 404, 405])('%i: asked no more, told once, no row is failed', async (status) => {
    const service = await serve((_, response) => json(response, { error: 'no' }, status));
    const refused = new Promise<ConfigurationError>((resolve) => {
      void asking(service, MANY, { refused: resolve }).then((oracle) => ask(oracle, 1));
    });
    const error = await refused;
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(
      `the model 'price' 3 refuses to be asked: ${service.url}/predict_batch answered ${status}: {"error":"no"}`,
    );
    expect(service.asked).toHaveLength(1);
  });
});

test('what lies outside of the training is counted, and answered all the same', async () => {
  const service = await serve((seen, response) =>
    json(
      response,
      (seen.body as { rows: unknown[] }).rows.map(() => 1),
    ),
  );
  const description = new URL('../../../models/ford/ford_price.json', import.meta.url);
  const model = bentoml<Record<string, unknown>>(service.url, { ...MANY, write: (row) => row, description });
  await model.open();
  const rows = [
    { year: 2060, model: 'Focus' },
    { year: 2018, model: 'Model T' },
    { year: 1908, model: null },
  ];
  expect(await model.predict(rows, new AbortController().signal)).toEqual([1, 1, 1]);
  expect(model.figures).toMatchObject({
    outside: {
      year: { rows: 2, last: 1908, values: [2060, 1908], trainedOn: '1996 to 2020' },
      model: { rows: 1, last: 'Model T', values: ['Model T'], trainedOn: '23 categories' },
    },
  });
  await model.close();
});
