/** The same topology twice on one input, by configuration alone: on the embedded broker and on Kafka. */
import { describe, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import type { ApplicationConfig } from '../../src/app/config.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { Broker } from '../../src/brokers/port.js';
import {
  enrich,
  json,
  keyValueStore,
  type Model,
  memoryEngines,
  model,
  NO_HEADERS,
  nullable,
  openEmbeddedBroker,
  predict,
  processValues,
  string,
  topic,
  topology,
  type ValueProcessorContext,
} from '../../src/index.js';
import { startTestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';

interface Ware {
  readonly letters: number;
}

const wares = topic('wares', { key: string(), value: json<Ware>() });
const prices = topic('prices', { key: string(), value: nullable(json<{ letters: number; price: number }>()) });
const price = model<number, number>('price');
const seen = keyValueStore<string, number>('seen');

const pricing = topology('pricing', ({ stream }) => {
  stream(wares)
    .pipe(
      processValues({
        stores: [seen],
        process(record, context: ValueProcessorContext<string, Ware>) {
          context.store(seen).put(record.key, record.value.letters);
          context.forward(record.value);
        },
      }),
      predict(price, { features: ({ letters }) => letters }),
      enrich((ware, predicted) => ({ ...ware, price: predicted })),
    )
    .to(prices);
});

const plus = (version: string, surcharge: number): Model<number, number> => ({
  identity: { name: 'price', version },
  open: async () => {},
  predict: async (letters) => letters.map((count) => count + surcharge),
  close: async () => {},
});
const models = { price: 'today', today: plus('1', 1), next: plus('2', 2) };
const main: ApplicationConfig = { 'application.id': 'shop', 'processing.guarantee': 'exactly_once_v2', models };
const trial: ApplicationConfig = {
  ...main,
  'application.id': 'shop-trial',
  models: { ...models, price: 'next' },
  topics: { prices: 'prices_trial' },
};

async function contents(broker: Broker, name: string, count: number): Promise<Record<string, unknown>> {
  const reader = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  reader.assign([{ topic: name, partition: 0, offset: 0 }]);
  const found: [string, unknown][] = [];
  while (found.length < count) {
    for (const { key, value } of await reader.poll(100, 1_000)) found.push([String(key), JSON.parse(String(value))]);
  }
  await reader.close();
  return Object.fromEntries(found);
}

async function runBoth(broker: Broker): Promise<void> {
  const admin = await broker.admin();
  for (const name of ['wares', 'prices', 'prices_trial']) await admin.createTopics([{ topic: name, partitions: 1 }]);
  const around = () => ({ broker, engines: memoryEngines() });
  const applications = [main, trial].map((config) => new Application(pricing, config, around()));
  for (const application of applications) await application.start();

  const producer = await broker.producer({});
  for (const [ware, letters] of Object.entries({ tea: 3, coffee: 6 })) {
    const value = Buffer.from(JSON.stringify({ letters }));
    const record = { partition: undefined, key: Buffer.from(ware), value, timestamp: 1, headers: NO_HEADERS };
    producer.produce({ topic: 'wares', ...record });
  }
  await producer.flush(10_000);
  await producer.close();

  expect(await contents(broker, 'prices', 2)).toEqual({
    tea: { letters: 3, price: 4 },
    coffee: { letters: 6, price: 7 },
  });
  expect(await contents(broker, 'prices_trial', 2)).toEqual({
    tea: { letters: 3, price: 5 },
    coffee: { letters: 6, price: 8 },
  });
  // Each has state of its own.
  expect((await admin.listTopics()).filter((name) => name.endsWith('-seen-changelog')).sort()).toEqual([
    'shop-seen-changelog',
    'shop-trial-seen-changelog',
  ]);
  for (const application of applications) {
    expect(application.status.finished.delivered).toBe(2);
    await application.drain();
    expect(application.failure).toBeUndefined();
  }
  await admin.close();
}

test('a shadow group on the embedded broker', async () => {
  const broker = await openEmbeddedBroker();
  await runBoth(broker);
  await broker.close();
});

const missing = await whyNoKafka();
describe.skipIf(missing !== undefined)(`on Kafka${missing === undefined ? '' : `: not tested, ${missing}`}`, () => {
  test('a shadow group', async () => {
    const kafka = await startTestKafka();
    try {
      await runBoth(kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers }));
    } finally {
      await kafka.stop();
    }
  });
});

describe('what is wrong is named:', () => {
  const around = { broker: {} as Broker, engines: memoryEngines() };
  test.each([
    [
      'a topic that there is not',
      { topics: { price: 'x' } },
      'topics.price',
      /has no topic 'price'; it has wares, prices/,
    ],
    ['two topics of one name', { topics: { wares: 'prices' } }, 'topics.prices', /is the name of another topic/],
    ['a model that there is not', { models: { price: 'tomorrow' } }, 'models.price', /no model has this name/],
    ['a model that is itself', { models: { price: 'price' } }, 'models.price', /leads back to itself/],
  ])('%s', (_what, config, setting, message) => {
    const make = () => new Application(pricing, { ...main, ...config }, around);
    expect(make).toThrow(expect.objectContaining({ name: 'ConfigurationError', setting }));
    expect(make).toThrow(message);
  });
});

test('what is described and watched goes by the names that it has', async () => {
  const broker = await openEmbeddedBroker();
  const application = new Application(pricing, trial, { broker, engines: memoryEngines() });
  expect(application.topology.describe()).toBe(pricing.describe().replace('topic: prices)', 'topic: prices_trial)'));
  expect(pricing.describe()).toContain('topic: prices)');
  expect(() => application.observe('prices')).not.toThrow();
  expect(() => application.observe('prices_trial')).not.toThrow();
  expect(() => application.observe('cars')).toThrow(/no topic or node 'cars'/);
  await broker.close();
});
