/**
 * A loop written by hand on millrace's own client, with its decoder: what millrace has less than it is the price of the
 * engine. It does with the broker's port what `loop.ts` does with node-rdkafka.
 *
 *   node --import tsx bench/peers/port-loop.ts '<job>'
 */
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import { BrokerError } from '../../src/errors.js';
import { NO_HEADERS } from '../../src/record.js';
import type { Job } from '../kafka/job.js';
import { work } from './work.js';

const BATCH = 1_000;
/** A batch is given out when nothing came for so long (ms). */
const WAIT_MS = 5;
const TIMEOUT_MS = 30_000;

const job = JSON.parse(process.argv[2]!) as Job;
const isTransactional = job.guarantee === 'exactly_once_v2';
const convert = await work(job, 'millrace');

const broker = kafkaBroker({ 'bootstrap.servers': job.bootstrapServers });
const consumer = await broker.consumer({ groupId: job.group, offsetReset: 'earliest', isolation: 'read_committed' });
const producer = await broker.producer(isTransactional ? { transactionalId: job.group } : {});

/** False when the queue of the client is full. */
function produced(key: Buffer | null, value: Buffer, timestamp: number): boolean {
  try {
    producer.produce({ topic: job.output, partition: undefined, key, value, timestamp, headers: NO_HEADERS });
    return true;
  } catch (thrown) {
    if (thrown instanceof BrokerError && thrown.code === 'QUEUE_FULL') return false;
    throw thrown;
  }
}

const positions = new Map<number, number>();

async function commit(): Promise<void> {
  if (positions.size === 0) return;
  const offsets = [...positions].map(([partition, offset]) => ({ topic: job.input, partition, offset }));
  positions.clear();
  if (!isTransactional) {
    await producer.flush(TIMEOUT_MS);
    await consumer.commit(offsets);
    return;
  }
  await producer.sendOffsets(offsets, consumer);
  await producer.commitTransaction(TIMEOUT_MS);
  producer.beginTransaction();
}

let isEnding = false;
process.once('SIGTERM', () => {
  isEnding = true;
});
if (isTransactional) {
  await producer.initTransactions(TIMEOUT_MS);
  producer.beginTransaction();
}
const nothing = async () => {};
consumer.subscribe([job.input], { onAssigned: nothing, onRevoked: nothing, onLost: nothing });

let commitAt = performance.now() + job.commitMs;
while (!isEnding) {
  for (const { key, value, partition, offset, timestamp } of await consumer.poll(BATCH, WAIT_MS)) {
    const row = value && convert(value);
    while (row && !produced(key, row, timestamp)) await new Promise((resolve) => setTimeout(resolve, 1));
    positions.set(partition, offset + 1);
  }
  if (performance.now() < commitAt) continue;
  await commit();
  commitAt = performance.now() + job.commitMs;
}
await commit();
await consumer.close();
await producer.close();
