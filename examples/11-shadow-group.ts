/**
 * A shadow group: the same topology twice on one input, with another `application.id`, another model and another output
 * topic. Only the configuration differs. On Kafka: `millrace run … --application-id … --set models.price=…`.
 *
 *     npx tsx examples/11-shadow-group.ts
 *
 * prints
 *
 *     shop: tea costs 4
 *     shop: coffee costs 6
 *     shop-trial: tea costs 5
 *     shop-trial: coffee costs 7
 */
import {
  Application,
  enrich,
  json,
  type Model,
  memoryEngines,
  model,
  NO_HEADERS,
  nullable,
  openEmbeddedBroker,
  predict,
  string,
  topic,
  topology,
} from 'millrace';

const wares = topic('wares', { key: string(), value: json<{ letters: number }>() });
const prices = topic('prices', { key: string(), value: nullable(json<{ letters: number; price: number }>()) });
const price = model<number, number>('price');

const pricing = topology('pricing', ({ stream }) => {
  stream(wares)
    .pipe(
      predict(price, { features: ({ letters }) => letters }),
      enrich((ware, predicted) => ({ ...ware, price: predicted })),
    )
    .to(prices);
});

/** A model is anything that answers batches. */
const plus = (version: string, surcharge: number): Model<number, number> => ({
  identity: { name: 'price', version },
  open: async () => {},
  predict: async (letters) => letters.map((count) => count + surcharge),
  close: async () => {},
});

// Both models are there under names of their own; each application says which of them is its `price`.
const models = { price: 'today', today: plus('1', 1), next: plus('2', 2) };
const main = { 'application.id': 'shop', models };
const trial = {
  'application.id': 'shop-trial',
  models: { ...models, price: 'next' },
  topics: { prices: 'prices_trial' },
};

const broker = await openEmbeddedBroker();
const admin = await broker.admin();
for (const name of ['wares', 'prices', 'prices_trial']) await admin.createTopics([{ topic: name, partitions: 1 }]);
await admin.close();

const applications = [main, trial].map(
  (config) => new Application(pricing, config, { broker, engines: memoryEngines() }),
);
for (const application of applications) await application.start();

const producer = await broker.producer({});
for (const [ware, letters] of Object.entries({ tea: 3, coffee: 5 })) {
  producer.produce({
    topic: wares.name,
    partition: undefined,
    key: Buffer.from(ware),
    value: Buffer.from(JSON.stringify({ letters })),
    timestamp: Date.now(),
    headers: NO_HEADERS,
  });
}
await producer.flush(1_000);
await producer.close();

for (const [group, output] of [
  ['shop', 'prices'],
  ['shop-trial', 'prices_trial'],
] as const) {
  const reader = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  reader.assign([{ topic: output, partition: 0, offset: 0 }]);
  for (let read = 0; read < 2; ) {
    for (const { key, value } of await reader.poll(10, 1_000)) {
      console.log(`${group}: ${key} costs ${JSON.parse(String(value)).price}`);
      read += 1;
    }
  }
  await reader.close();
}
for (const application of applications) await application.drain();
await broker.close();
