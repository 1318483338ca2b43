/** An application whose model is a service that goes away, on a real broker and a real HTTP server. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  Application,
  type ApplicationConfig,
  type ApplicationListener,
  type BentomlOptions,
  bentoml,
  enrich,
  json as jsonSerde,
  memoryEngines,
  model,
  NO_HEADERS,
  nullable,
  openEmbeddedBroker,
  predict,
  string,
  topic,
  topology,
} from '../../../src/index.js';
import { FakeService, json } from './fake-service.js';

interface Car {
  readonly year: number;
}

const PREDICT_TIMEOUT_MS = 100;
const cars = topic('cars', { key: string(), value: jsonSerde<Car>() });
const priced = topic('priced', { key: string(), value: nullable(jsonSerde<number>()) });
const carPrice = model<Car, number>('car-price');
const pricing = topology('pricing', ({ stream }) => {
  stream(cars)
    .pipe(
      predict(carPrice, { features: (car) => car, timeout: PREDICT_TIMEOUT_MS }),
      enrich((_, price) => price),
    )
    .to(priced);
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setUp() {
  const service = await new FakeService((seen, response) => {
    const { rows } = seen.body as { rows: Car[] };
    json(
      response,
      rows.map(({ year }) => year * 10),
    );
  }).up();
  closing.push(() => service.down());
  const broker = await openEmbeddedBroker();
  closing.push(() => broker.close());
  const admin = await broker.admin();
  await admin.createTopics([cars.name, priced.name].map((name) => ({ topic: name, partitions: 1 })));
  await admin.close();

  const run = async (
    options: Partial<BentomlOptions<Car, number>>,
    config: Partial<ApplicationConfig>,
    listener: ApplicationListener,
  ) => {
    const bound = bentoml<Car>(service.url, {
      name: 'car-price',
      version: '1',
      parameter: 'rows',
      batch: {},
      backoff: 1,
      ...options,
    });
    const app = new Application(
      pricing,
      {
        'application.id': 'pricing',
        'processing.exception.handler': 'skip',
        models: { 'car-price': bound },
        ...config,
      },
      { broker, engines: memoryEngines() },
      listener,
    );
    await app.start();
    closing.push(() => app.stop());
    return app;
  };
  const put = async (from: number, to: number) => {
    const producer = await broker.producer({});
    for (let year = from; year < to; year += 1) {
      const value = Buffer.from(JSON.stringify({ year }));
      producer.produce({
        topic: cars.name,
        partition: 0,
        key: Buffer.from('k'),
        value,
        timestamp: 0,
        headers: NO_HEADERS,
      });
    }
    await producer.flush(5_000);
    await producer.close();
  };
  const read = async (count: number) => {
    const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    consumer.assign([{ topic: priced.name, partition: 0, offset: 0 }]);
    const prices: number[] = [];
    while (prices.length < count) {
      for (const { value } of await consumer.poll(1_000, 1_000)) prices.push(Number(value));
    }
    await consumer.close();
    return prices;
  };
  return { service, run, put, read };
}

describe.each(['at_least_once', 'exactly_once_v2'] as const)('with %s', (guarantee) => {
  test('a model that is away: records wait, bounded, no handler is asked; then all are answered, in order', async () => {
    const { service, run, put, read } = await setUp();
    await service.down();
    const told: string[] = [];
    const dropped: Error[] = [];
    const app = await run(
      {},
      { 'processing.guarantee': guarantee, 'max.in.flight.records': 20 },
      {
        onModelAway: (name, { because }) => told.push(`${name} away: ${because}`),
        onModelBack: (name) => told.push(`${name} back`),
        onRecordDropped: (error) => dropped.push(error),
      },
    );
    await put(0, 100);
    // Several tries, which take longer than the timeout of a question.
    await expect
      .poll(() => app.status.models['car-price']?.availability, { timeout: 20_000 })
      .toMatchObject({ state: 'away', attempts: 4, because: expect.stringContaining('ECONNREFUSED') });
    expect(app.status).toMatchObject({ state: 'RUNNING', inFlight: 20, finished: { delivered: 0, skipped: 0 } });
    expect(app.status.models['car-price']).toMatchObject({ waiting: 20, timeouts: 0, outages: 1 });

    await service.up();
    expect(await read(100)).toEqual(Array.from({ length: 100 }, (_, year) => year * 10));
    expect(app.status.models['car-price']).toMatchObject({ availability: { state: 'available' }, timeouts: 0 });
    expect(dropped).toEqual([]);
    expect(told).toEqual([expect.stringMatching(/^car-price away: .*ECONNREFUSED/), 'car-price back']);
    await app.drain();
    expect(app.status.finished).toMatchObject({ delivered: 100, skipped: 0 });
  });

  test('a setting that is wrong: the application stops loudly, and the next one meets every record', async () => {
    const { service, run, put, read } = await setUp();
    const { reply } = service;
    service.reply = (seen, response, socket) => {
      if (seen.headers.authorization === 'Bearer right') return reply(seen, response, socket);
      json(response, { error: 'Authorization error' }, 401);
    };
    const config = { 'processing.guarantee': guarantee };
    const dropped: Error[] = [];
    const wrong = await run({}, config, { onRecordDropped: (error) => dropped.push(error) });
    await put(0, 10);
    await wrong.ended();
    expect(wrong.state).toBe('ERROR');
    expect(wrong.failure).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('answered 401: {"error":"Authorization error"}; check the credentials'),
    });
    expect(dropped).toEqual([]);

    await run({ headers: { authorization: 'Bearer right' } }, config, {});
    expect(await read(10)).toEqual(Array.from({ length: 10 }, (_, year) => year * 10));
  });

  test('one row that the service refuses is for its handler; the others go on', async () => {
    const { service, run, put, read } = await setUp();
    const { reply } = service;
    service.reply = (seen, response, socket) => {
      const { rows } = seen.body as { rows: Car[] };
      if (rows.some(({ year }) => year === 7)) json(response, { error: 'no such year' }, 400);
      else return reply(seen, response, socket);
    };
    const dropped: string[] = [];
    await run({}, { 'processing.guarantee': guarantee }, { onRecordDropped: (error) => dropped.push(error.message) });
    await put(0, 50);
    const expected = Array.from({ length: 50 }, (_, year) => year * 10).filter((price) => price !== 70);
    expect(await read(49)).toEqual(expected);
    expect(dropped).toEqual([expect.stringMatching(/^cars-0@7 failed in .*answered 400: {"error":"no such year"}/)]);
  });
});
