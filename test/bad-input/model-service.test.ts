/**
 * A model service that misbehaves, behind the topology `car-prices`: real HTTP, real broker, real clock. What is said names
 * the model and what happens to its records; every record has its price or its dead letter in the end.
 */
import { afterEach, expect, test } from 'vitest';
import { fordPrice } from '../../models/ford/index.js';
import { pricedCars } from '../../schemas/cars.js';
import { Application } from '../../src/app/application.js';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { modelsAway, OutsideWarnings, tellOfOutages } from '../../src/cli/model-messages.js';
import type { Console } from '../../src/console/index.js';
import { bentoml } from '../../src/model/http/bentoml.js';
import { connectJsonEncoding } from '../../src/serde/encoding.js';
import { memoryEngines } from '../../src/state/memory.js';
import carPrices from '../../topology/car-prices.js';
import { FakeService, json, type Reply } from '../model/http/fake-service.js';
import { altered, FOCUS, KUGA } from './cars.js';

const DEAD = 'dead';
const SOURCE = 'car_database.public.car_data';
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const rowsOf = (body: unknown) => (body as { cars: { model: string }[] }).cars;
const answer: Reply = ({ body }, response) =>
  json(
    response,
    rowsOf(body).map(() => 9_000),
  );

async function setUp(reply: Reply, records = [FOCUS, KUGA]) {
  const service = await new FakeService(reply).up();
  closing.push(() => service.down());
  const broker = await openEmbeddedBroker();
  closing.push(() => broker.close());
  const admin = await broker.admin();
  await admin.createTopics([SOURCE, pricedCars.name, DEAD].map((topic) => ({ topic, partitions: 1 })));
  await admin.close();
  const producer = await broker.producer({});
  for (const { key, value } of records)
    producer.produce({ topic: SOURCE, partition: 0, key, value, timestamp: 1, headers: [] });
  await producer.flush(5_000);
  await producer.close();

  const said: string[] = [];
  const screen = { message: (level: string, text: string) => said.push(`${level}: ${text}`) } as unknown as Console;
  const model = bentoml(service.url, {
    route: '/predict',
    parameter: 'cars',
    batch: {},
    description: new URL('../../models/ford/ford_price.json', import.meta.url),
    timeout: 300,
    backoff: 1,
    retries: 1,
    halfOpenAfter: 50,
  });
  const app = new Application(
    carPrices,
    {
      'application.id': 'bad-model',
      encoding: connectJsonEncoding,
      models: { [fordPrice.name]: model },
      'processing.exception.handler': 'dead-letter',
      'errors.dead.letter.queue.topic.name': DEAD,
    },
    { broker, engines: memoryEngines() },
    { ...tellOfOutages(screen), onRecordDropped: ({ message }) => said.push(message) },
  );
  closing.push(() => app.stop());
  await app.start();
  /** Waits until both records are finished. */
  const finished = () =>
    expect
      .poll(() => app.status.finished.delivered + app.status.finished.deadLettered, { timeout: 30_000, interval: 10 })
      .toBe(2);
  return { app, service, said, screen, finished };
}

const BRIEFLY: Readonly<Record<string, { readonly bad: Reply; readonly because: RegExp }>> = {
  'answers 503': {
    bad: (_seen, response) => json(response, { error: 'overloaded' }, 503),
    because: /\/predict answered 503: {"error":"overloaded"}/,
  },
  'closes the connection half way': {
    bad: (_seen, response, socket) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('[9000,', () => socket.destroy());
    },
    because: /\/predict is not to be reached/,
  },
};

test.each(Object.keys(BRIEFLY))(
  'a service that %s: the records wait, it is said, and they are priced',
  async (name) => {
    const { bad, because } = BRIEFLY[name]!;
    const { app, service, said, finished } = await setUp(bad);
    await expect.poll(() => modelsAway(app.status), { timeout: 30_000, interval: 10 }).toHaveLength(1);
    const [away] = modelsAway(app.status);
    expect(away).toMatchObject({ model: 'ford-price', waiting: 2, because: expect.stringMatching(because) });
    expect(app.status.finished).toMatchObject({ delivered: 0, deadLettered: 0 });
    service.reply = answer;
    await finished();
    expect(modelsAway(app.status)).toEqual([]);
    expect(app.status.finished).toMatchObject({ delivered: 2, deadLettered: 0 });
    expect(said).toEqual([
      expect.stringMatching(/^warn: the model 'ford-price' is away: .* Its records wait, nothing is lost/),
      expect.stringMatching(/^info: the model 'ford-price' is back after .* what waited for it goes on$/),
    ]);
  },
);

const ALWAYS: Readonly<Record<string, { readonly bad: Reply; readonly said: RegExp }>> = {
  'answers the wrong number of rows': {
    bad: ({ body }, response) => json(response, [...rowsOf(body).map(() => 1), 2]),
    said: /\/predict: was asked 1 rows and answered 2/,
  },
  'answers NaN': {
    bad: ({ body }, response) =>
      json(
        response,
        rowsOf(body).map(() => null),
      ),
    said: /'ford-price' .*null/,
  },
  'answers HTML': {
    bad: (_seen, response) => void response.end('<html>hello</html>'),
    said: /\/predict answered what is no JSON: <html>hello<\/html>/,
  },
  'is slow': { bad: () => undefined, said: /gave no answer within \d+ ms/ },
};

test.each(Object.keys(ALWAYS))('a service that %s: each record is a dead letter, with the reason', async (name) => {
  const { app, said, finished } = await setUp(ALWAYS[name]!.bad);
  await finished();
  expect(app.status.finished).toMatchObject({ delivered: 0, deadLettered: 2 });
  expect(said).toHaveLength(2);
  said.forEach((text, offset) => {
    expect(text).toMatch(ALWAYS[name]!.said);
    expect(text).toContain(`${SOURCE}-0@${offset} failed in`);
  });
});

test('a service that answers 400 for one row of a batch: only that row is a dead letter', async () => {
  const { app, said, finished } = await setUp((seen, response, socket) => {
    if (rowsOf(seen.body).some(({ model }) => model.trim() === 'Kuga')) json(response, { error: 'no Kugas' }, 400);
    else return answer(seen, response, socket);
  });
  await finished();
  expect(app.status.finished).toMatchObject({ delivered: 1, deadLettered: 1 });
  expect(said).toEqual([expect.stringMatching(/@1 failed in .*'?\/predict answered 400: {"error":"no Kugas"}/)]);
});

test('a value that the model was not trained on is priced, counted and warned of once', async () => {
  const value = altered('"mileage":9083', '"mileage":9000000');
  const { app, said, screen, finished } = await setUp(answer, [{ ...FOCUS, value }, KUGA]);
  await finished();
  expect(app.status.finished).toMatchObject({ delivered: 2 });
  expect(app.status.models['ford-price']!.model).toMatchObject({
    outside: { mileage: { rows: 1, last: 9_000_000, trainedOn: '1 to 177644' } },
  });
  const warnings = new OutsideWarnings();
  warnings.look(app.status, screen);
  warnings.look(app.status, screen);
  expect(said).toEqual([
    expect.stringMatching(
      /^warn: the model 'ford-price' was asked about mileage = 9000000, and was trained on 1 to 177644/,
    ),
  ]);
});
