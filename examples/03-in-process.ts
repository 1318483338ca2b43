/**
 * An application in one process, with a broker in memory: topics, a group, transactions, and no server. With
 * `openEmbeddedBroker({ directory })` and `lmdbEngines(directory)` everything is kept on disk.
 *
 *     npx tsx examples/03-in-process.ts
 *
 * prints
 *
 *     CREATED -> REBALANCING
 *     REBALANCING -> RUNNING
 *     ada: 1 visit
 *     grace: 1 visit
 *     ada: 2 visits
 *     RUNNING -> PENDING_SHUTDOWN
 *     PENDING_SHUTDOWN -> NOT_RUNNING
 *     read 3, delivered 3
 */
import {
  Application,
  json,
  keyValueStore,
  memoryEngines,
  NO_HEADERS,
  openEmbeddedBroker,
  processValues,
  string,
  topic,
  topology,
  type ValueProcessorContext,
} from 'millrace';

const visits = topic('visits', { key: string(), value: json<{ page: string }>() });
const totals = topic('totals', { key: string(), value: string(), cleanup: 'compact' });
const counts = keyValueStore<string, number>('counts');

const countVisits = topology('count-visits', ({ stream }) => {
  stream(visits)
    .pipe(
      processValues({
        stores: [counts],
        process(record, context: ValueProcessorContext<string, string>) {
          const count = (context.store(counts).get(record.key) ?? 0) + 1;
          context.store(counts).put(record.key, count);
          context.forward(`${count} visit${count === 1 ? '' : 's'}`);
        },
      }),
    )
    .to(totals);
});

const broker = await openEmbeddedBroker();
const admin = await broker.admin();
await admin.createTopics([
  { topic: visits.name, partitions: 1 },
  { topic: totals.name, partitions: 1, config: { 'cleanup.policy': 'compact' } },
]);
await admin.close();

const app = new Application(
  countVisits,
  { 'application.id': 'count-visits', 'processing.guarantee': 'exactly_once_v2' },
  { broker, engines: memoryEngines() },
);
app.onStateChange((state, before) => console.log(`${before} -> ${state}`));
await app.start();

const producer = await broker.producer({});
for (const visitor of ['ada', 'grace', 'ada']) {
  const value = Buffer.from(JSON.stringify({ page: '/' }));
  producer.produce({
    topic: visits.name,
    partition: undefined, // by the key, as Kafka's own producer has it
    key: Buffer.from(visitor),
    value,
    timestamp: Date.now(),
    headers: NO_HEADERS,
  });
}
await producer.flush(5_000);
await producer.close();

const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
consumer.assign([{ topic: totals.name, partition: 0, offset: 0 }]);
for (let seen = 0; seen < 3; ) {
  const records = await consumer.poll(100, 1_000);
  for (const { key, value } of records) console.log(`${key}: ${value}`);
  seen += records.length;
}
await consumer.close();

await app.drain();
console.log(`read ${app.status.read}, delivered ${app.status.finished.delivered}`);
await broker.close();
