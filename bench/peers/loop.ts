/**
 * The loop that one writes by hand on node-rdkafka, as well as one can: batches, the next of which is fetched while this
 * one is worked on; a producer that is asked for reports of failures alone; offsets committed after a flush, or in
 * transactions. For one member of a group: nothing is done about partitions that leave.
 *
 *   node --import tsx bench/peers/loop.ts '<job>' whole|millrace
 */
import rdkafka, { type Message } from 'node-rdkafka';
import type { Job } from '../kafka/job.js';
import { type Decoder, work } from './work.js';

const BATCH = 1_000;
/** A batch is given out when nothing came for so long (ms). */
const WAIT_MS = 5;
const TIMEOUT_MS = 30_000;
const QUEUE_FULL = -184;

const job = JSON.parse(process.argv[2]!) as Job;
const isTransactional = job.guarantee === 'exactly_once_v2';
const convert = await work(job, process.argv[3] as Decoder);

const consumer = new rdkafka.KafkaConsumer(
  {
    'bootstrap.servers': job.bootstrapServers,
    'group.id': job.group,
    'enable.auto.commit': false,
    'isolation.level': 'read_committed',
    // At its default of a second fetching stalls about once a second.
    'fetch.queue.backoff.ms': 10,
  },
  { 'auto.offset.reset': 'earliest' },
);
const producer = new rdkafka.Producer(
  {
    'bootstrap.servers': job.bootstrapServers,
    'enable.idempotence': true,
    dr_cb: true,
    'delivery.report.only.error': true,
    ...(isTransactional ? { 'transactional.id': job.group } : {}),
  },
  { partitioner: 'murmur2_random' },
);
producer.on('delivery-report', (error) => {
  if (error) throw error;
});

/** A call of the client as a promise. */
function asked<T = void>(ask: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => ask((error, result) => (error ? reject(error) : resolve(result))));
}

const nextBatch = () => asked<Message[]>((done) => consumer.consume(BATCH, done as never));

/** False when the queue of the client is full. */
function produced(key: Message['key'], value: Buffer, timestamp: number): boolean {
  try {
    producer.produce(job.output, null, value, key ?? null, timestamp);
    return true;
  } catch (thrown) {
    if ((thrown as { code?: number }).code !== QUEUE_FULL) throw thrown;
    producer.poll();
    return false;
  }
}

const positions = new Map<number, number>();

async function commit(): Promise<void> {
  if (positions.size === 0) return;
  const offsets = [...positions].map(([partition, offset]) => ({ topic: job.input, partition, offset }));
  positions.clear();
  if (!isTransactional) {
    await asked((done) => producer.flush(TIMEOUT_MS, done as never));
    consumer.commit(offsets);
    return;
  }
  await asked((done) => producer.sendOffsetsToTransaction(offsets, consumer, TIMEOUT_MS, done as never));
  await asked((done) => producer.commitTransaction(TIMEOUT_MS, done as never));
  await asked((done) => producer.beginTransaction(done as never));
}

let isEnding = false;
process.once('SIGTERM', () => {
  isEnding = true;
});
await asked((done) => producer.connect({}, done as never));
await asked((done) => consumer.connect({}, done as never));
if (isTransactional) {
  await asked((done) => producer.initTransactions(TIMEOUT_MS, done as never));
  await asked((done) => producer.beginTransaction(done as never));
} else {
  producer.setPollInterval(100);
}
consumer.subscribe([job.input]);
consumer.setDefaultConsumeTimeout(WAIT_MS);

let commitAt = performance.now() + job.commitMs;
let coming = nextBatch();
while (!isEnding) {
  const messages = await coming;
  coming = nextBatch();
  for (const { key, value, partition, offset, timestamp } of messages) {
    const row = value && convert(value);
    while (row && !produced(key, row, timestamp!)) await new Promise((resolve) => setTimeout(resolve, 1));
    positions.set(partition, offset + 1);
  }
  if (performance.now() < commitAt) continue;
  await commit();
  commitAt = performance.now() + job.commitMs;
}
await coming;
await commit();
await asked((done) => consumer.disconnect(done as never));
await asked((done) => producer.disconnect(done as never));
