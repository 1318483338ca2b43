/**
 * What the embedded broker does on this machine: `npx tsx bench/embedded-broker.ts`.
 *
 * Throughput: 200-byte records produced, acknowledged and consumed in one process, the same thread doing all of it.
 * Latency: one record from `produce` to the waiting `poll`, and a transaction with one record and one offset.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedBroker, EmbeddedBrokerOptions } from '../src/brokers/embedded/index.js';
import { openEmbeddedBroker } from '../src/brokers/embedded/index.js';
import type { ProduceRequest } from '../src/brokers/port.js';
import { NO_HEADERS } from '../src/record.js';

const RECORDS = 1_000_000;
const IN_FLIGHT = 5_000;
const ROUNDS = 2_000;

const value = Buffer.alloc(190, 'x');
const record = (topic: string, i: number): ProduceRequest => ({
  topic,
  partition: undefined,
  key: Buffer.from(`key-${i % 10_000}`),
  value,
  timestamp: i,
  headers: NO_HEADERS,
});

function report(what: string, text: string): void {
  console.log(`  ${what.padEnd(46)} ${text}`);
}

function percentiles(samples: number[]): string {
  samples.sort((a, b) => a - b);
  const at = (share: number): string => samples[Math.floor(samples.length * share)]!.toFixed(3);
  return `median ${at(0.5)} ms, 99 % ${at(0.99)} ms`;
}

async function throughput(broker: EmbeddedBroker): Promise<void> {
  await (await broker.admin()).createTopics([{ topic: 'load', partitions: 4 }]);
  const producer = await broker.producer({});
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  const partitions = [0, 1, 2, 3].map((partition) => ({ topic: 'load', partition, offset: 0 }));
  consumer.assign(partitions);

  const begin = performance.now();
  let consumed = 0;
  for (let produced = 0; produced < RECORDS; ) {
    for (let i = 0; i < IN_FLIGHT; i += 1) producer.produce(record('load', produced + i));
    produced += IN_FLIGHT;
    await producer.flush(60_000);
    while (consumed < produced) consumed += (await consumer.poll(1_000, 1_000)).length;
  }
  const seconds = (performance.now() - begin) / 1000;
  report('produced, acknowledged and consumed', `${Math.round(RECORDS / seconds).toLocaleString('en')} records/s`);

  consumer.assign(partitions);
  const again = performance.now();
  for (let read = 0; read < RECORDS; ) read += (await consumer.poll(1_000, 1_000)).length;
  const readSeconds = (performance.now() - again) / 1000;
  report('read again from the beginning', `${Math.round(RECORDS / readSeconds).toLocaleString('en')} records/s`);
  report('resident memory', `${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB`);
}

async function latency(broker: EmbeddedBroker): Promise<void> {
  await (await broker.admin()).createTopics([{ topic: 'single', partitions: 1 }]);
  const producer = await broker.producer({});
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  consumer.assign([{ topic: 'single', partition: 0, offset: 0 }]);
  const samples: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const polling = consumer.poll(1, 1_000);
    await new Promise((resolve) => setImmediate(resolve));
    const begin = performance.now();
    producer.produce(record('single', i));
    await polling;
    samples.push(performance.now() - begin);
  }
  report('produce to a waiting poll', percentiles(samples));
}

async function commits(broker: EmbeddedBroker): Promise<void> {
  await (await broker.admin()).createTopics([{ topic: 'outputs', partitions: 1 }]);
  const producer = await broker.producer({ transactionalId: 'bench' });
  await producer.initTransactions(10_000);
  const member = await broker.consumer({ groupId: 'bench', offsetReset: 'earliest', isolation: 'read_committed' });
  member.subscribe(['single'], { onAssigned: async () => {}, onRevoked: async () => {}, onLost: async () => {} });
  while (member.assignment().length === 0) await member.poll(1, 10);
  const samples: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const begin = performance.now();
    producer.beginTransaction();
    producer.produce(record('outputs', i));
    await producer.sendOffsets([{ topic: 'single', partition: 0, offset: i }], member);
    await producer.commitTransaction(10_000);
    samples.push(performance.now() - begin);
  }
  report('transaction of a record and an offset', percentiles(samples));
}

async function measure(name: string, options: EmbeddedBrokerOptions): Promise<void> {
  console.log(`${name}:`);
  const broker = await openEmbeddedBroker(options);
  await throughput(broker);
  await latency(broker);
  await commits(broker);
  await broker.close();
  if (options.directory === undefined) return;
  const begin = performance.now();
  await (await openEmbeddedBroker(options)).close();
  report('opened again, every checksum read', `${Math.round(performance.now() - begin)} ms`);
}

console.log(`${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}, ${process.platform}`);
const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
try {
  await measure('in memory', {});
  await measure('on disk', { directory: join(directory, 'process') });
  await measure('on disk, with fsync', { directory: join(directory, 'disk'), flush: 'disk' });
} finally {
  await rm(directory, { recursive: true });
}
