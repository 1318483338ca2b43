/**
 * A replay: yesterday's records once more, through the topology as it is today, beside the application that runs. The
 * same from a shell: `millrace replay topology/car-prices.ts --name fixed --from -1d`.
 *
 *     npx tsx examples/12-replay.ts
 *
 * prints
 *
 *     live     focus: 9000
 *     live     fiesta: 7000
 *     planned  prices-replay-fixed reads cars-0 from 0 to 2, writes prices.replay-fixed
 *     finished 2 records
 *     fixed    focus: 9500
 *     fixed    fiesta: 7500
 *     again    there is nothing left to do
 */
import {
  Application,
  type Broker,
  json,
  mapValues,
  memoryEngines,
  NO_HEADERS,
  openEmbeddedBroker,
  type ReplayOptions,
  replay,
  string,
  topic,
  topology,
} from 'millrace';
import { lastValueFrom, tap } from 'rxjs';

const cars = topic('cars', { key: string(), value: json<{ price: number }>() });
const prices = topic('prices', { key: string(), value: json<number>() });

/** What was wrong until today: the fee was forgotten. */
const withFee = (fee: number) =>
  topology('prices', ({ stream }) => {
    stream(cars)
      .pipe(mapValues(({ price }) => price + fee))
      .to(prices);
  });

const broker = await openEmbeddedBroker();
const admin = await broker.admin();
await admin.createTopics([cars, prices].map(({ name }) => ({ topic: name, partitions: 1 })));
await admin.close();
const producer = await broker.producer({});
for (const [car, price] of [
  ['focus', 9_000],
  ['fiesta', 7_000],
] as const) {
  producer.produce({
    topic: cars.name,
    partition: undefined,
    key: Buffer.from(car),
    value: Buffer.from(JSON.stringify({ price })),
    timestamp: Date.now(),
    headers: NO_HEADERS,
  });
}
await producer.flush(5_000);
await producer.close();

const config = { 'application.id': 'prices', 'processing.guarantee': 'exactly_once_v2' } as const;
const live = new Application(withFee(0), config, { broker, engines: memoryEngines() });
await live.start();
await print('live    ', broker, prices.name);

const folders = new Map<string, ReturnType<typeof memoryEngines>>();
const options: ReplayOptions = {
  name: 'fixed',
  config,
  broker,
  engines: (folder) => folders.get(folder) ?? folders.set(folder, memoryEngines()).get(folder)!,
};
await lastValueFrom(
  replay(withFee(500), options).pipe(
    tap((progress) => {
      if (progress.phase === 'planned') {
        const { applicationId, partitions, outputs } = progress.plan;
        const read = partitions.map(({ topic, partition, from, to }) => `${topic}-${partition} from ${from} to ${to}`);
        console.log(`planned  ${applicationId} reads ${read}, writes ${outputs.map((output) => output.topic)}`);
      } else if (progress.phase === 'finished') console.log(`finished ${progress.counts.finished} records`);
    }),
  ),
);
await print('fixed   ', broker, 'prices.replay-fixed');

const again = await lastValueFrom(replay(withFee(500), options));
if (again.phase === 'finished' && !again.now) console.log('again    there is nothing left to do');

await live.drain();
await broker.close();

/** The two records of a topic, once they are there. */
async function print(what: string, from: Broker, topicName: string): Promise<void> {
  const consumer = await from.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  consumer.assign([{ topic: topicName, partition: 0, offset: 0 }]);
  for (let seen = 0; seen < 2; ) {
    const records = await consumer.poll(100, 1_000);
    for (const { key, value } of records) console.log(`${what} ${key}: ${value}`);
    seen += records.length;
  }
  await consumer.close();
}
