/**
 * What the Kafka adapter costs: its consume and produce rates beside loops on bare node-rdkafka, against a real broker on
 * this machine. The rounds alternate and the median counts; the broker shares the processors, so trust the ratio more
 * than the rates.
 *
 *   npx tsx bench/kafka-adapter.ts [records] [rounds]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import rdkafka, { type Message } from 'node-rdkafka';
import { startKafka } from '../deploy/stack/kafka.js';
import { kafkaBroker } from '../src/brokers/kafka/broker.js';
import { NO_HEADERS } from '../src/record.js';

const RECORDS = Number(process.argv[2] ?? 300_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const BATCH = 1_000;
const VALUE = Buffer.alloc(200, 'x');
const KEYS = Array.from({ length: 1_000 }, (_, i) => Buffer.from(`key-${i}`));
const PARTITIONS = 4;

const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
const kafka = await startKafka({ directory, port: 0, settings: { 'log.retention.ms': '-1' }, say: console.log });
const servers = { 'bootstrap.servers': kafka.bootstrapServers };
const broker = kafkaBroker(servers);
const admin = await broker.admin();
let topics = 0;

async function newTopic(): Promise<string> {
  const topic = `bench-${topics++}`;
  await admin.createTopics([{ topic, partitions: PARTITIONS }]);
  return topic;
}

const perSecond = (since: number): number => RECORDS / ((performance.now() - since) / 1_000);
const start = (topic: string) =>
  Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0 }));

async function adapterProduce(topic: string): Promise<number> {
  const producer = await broker.producer({});
  const since = performance.now();
  for (let i = 0; i < RECORDS; ) {
    try {
      const key = KEYS[i % KEYS.length]!;
      producer.produce({ topic, partition: undefined, key, value: VALUE, timestamp: 1_000, headers: NO_HEADERS });
      i++;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1)); // the queue is full
    }
  }
  await producer.flush(60_000);
  const rate = perSecond(since);
  await producer.close();
  return rate;
}

async function bareProduce(topic: string): Promise<number> {
  const settings = { ...servers, 'enable.idempotence': true, 'delivery.report.only.error': true };
  const producer = new rdkafka.Producer(settings, { partitioner: 'murmur2_random' });
  await new Promise((resolve) => producer.connect({}, resolve));
  const since = performance.now();
  for (let i = 0; i < RECORDS; ) {
    try {
      producer.produce(topic, null, VALUE, KEYS[i % KEYS.length]!, 1_000);
      i++;
    } catch {
      producer.poll();
      await new Promise((resolve) => setTimeout(resolve, 1)); // the queue is full
    }
  }
  await new Promise((resolve) => producer.flush(60_000, resolve));
  const rate = perSecond(since);
  await new Promise((resolve) => producer.disconnect(resolve));
  return rate;
}

async function adapterConsume(topic: string): Promise<number> {
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  consumer.assign(start(topic));
  const since = performance.now();
  for (let read = 0; read < RECORDS; ) read += (await consumer.poll(BATCH, 1_000)).length;
  const rate = perSecond(since);
  await consumer.close();
  return rate;
}

async function bareConsume(topic: string): Promise<number> {
  const consumer = new rdkafka.KafkaConsumer(
    { ...servers, 'group.id': 'bench', 'enable.auto.commit': false, 'fetch.queue.backoff.ms': 10 },
    { 'auto.offset.reset': 'earliest' },
  );
  await new Promise((resolve) => consumer.connect({}, resolve));
  consumer.assign(start(topic));
  consumer.setDefaultConsumeTimeout(5);
  const since = performance.now();
  for (let read = 0; read < RECORDS; ) {
    read += await new Promise<number>((resolve, reject) => {
      consumer.consume(BATCH, (error, messages: Message[]) => (error ? reject(error) : resolve(messages.length)));
    });
  }
  const rate = perSecond(since);
  await new Promise((resolve) => consumer.disconnect(resolve));
  return rate;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const rates = { adapterProduce: [], bareProduce: [], adapterConsume: [], bareConsume: [] } as Record<string, number[]>;

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, librdkafka ${rdkafka.librdkafkaVersion}`);
console.log(
  `${RECORDS} records of ${VALUE.length} bytes, ${PARTITIONS} partitions, ${ROUNDS} rounds and one to warm up`,
);
for (let round = 0; round <= ROUNDS; round++) {
  const topic = await newTopic();
  const measured: Record<string, number> = {};
  // The one that comes second finds the broker warmer: they take turns.
  const first = round % 2 === 0;
  if (first) measured.adapterProduce = await adapterProduce(topic);
  measured.bareProduce = await bareProduce(first ? await newTopic() : topic);
  if (!first) measured.adapterProduce = await adapterProduce(await newTopic());
  if (first) measured.adapterConsume = await adapterConsume(topic);
  measured.bareConsume = await bareConsume(topic);
  if (!first) measured.adapterConsume = await adapterConsume(topic);
  if (round > 0) for (const [name, rate] of Object.entries(measured)) rates[name]!.push(rate);
}
for (const what of ['Produce', 'Consume']) {
  const [adapter, bare] = [median(rates[`adapter${what}`]!), median(rates[`bare${what}`]!)];
  const line = `adapter ${Math.round(adapter)}/s, bare ${Math.round(bare)}/s, ratio ${(adapter / bare).toFixed(2)}`;
  console.log(`${what.toLowerCase()}: ${line}`);
}

await admin.close();
await kafka.stop();
await rm(directory, { recursive: true, force: true });
