/**
 * The topology of `npm start`, on Kafka alone: the changes that Debezium once wrote are put into its first topic,
 * `millrace run` prices them with the model in process, and the priced rows are read. Needs a Kafka that has the topics:
 * `npm run stack -- --only kafka`.
 *
 *     npx tsx examples/kafka/car-prices-on-kafka.ts 127.0.0.1:9092
 *
 * It may be run again: each run adds the same changes, and `distinct` lets none of them pass twice.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Broker, NO_HEADERS } from 'millrace';
import { carChanges, pricedCars } from '../../schemas/cars.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';

const [servers = '127.0.0.1:9092'] = process.argv.slice(2);

const broker = kafkaBroker({ 'bootstrap.servers': servers });
try {
  const changes = await produceRecording(broker);
  console.log(`${changes} changes are in ${carChanges.name}`);
  await runUntilIdle();
  for (const line of await readPriced(broker)) console.log(line);
} finally {
  await broker.close();
}

async function produceRecording(at: Broker): Promise<number> {
  const recording = new URL('../../test/fixtures/debezium-3.6/json-with-schema.jsonl', import.meta.url);
  const lines = readFileSync(recording, 'utf8').trim().split('\n');
  const producer = await at.producer({});
  for (const line of lines) {
    const { key, value, timestamp } = JSON.parse(line);
    producer.produce({
      topic: carChanges.name,
      partition: undefined,
      key: bytes(key),
      value: bytes(value),
      timestamp,
      headers: NO_HEADERS,
    });
  }
  await producer.flush(10_000);
  await producer.close();
  return lines.length;
}

/** `millrace run`, until it says that nothing is in flight and nothing more is to be read. */
async function runUntilIdle(): Promise<void> {
  const model = ['--set', 'models.ford-price=ford-price-onnx'];
  const command = [
    'bin/millrace.js',
    'run',
    'topology/car-prices.ts',
    '--bootstrap-servers',
    servers,
    ...model,
    '--json',
  ];
  const millrace = spawn('node', command, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(millrace, 'exit');
  let text = '';
  for await (const chunk of millrace.stdout) {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line);
      if (event.event === 'error') throw new Error(event.message);
      if (event.event !== 'status') continue;
      console.log(`millrace run: ${event.state}, read ${event.read}, in flight ${event.inFlight}, lag ${event.lag}`);
      if (event.state === 'RUNNING' && event.lag === 0 && event.inFlight === 0) millrace.kill('SIGTERM');
    }
  }
  await ended;
}

async function readPriced(at: Broker): Promise<readonly string[]> {
  const admin = await at.admin();
  const count = (await admin.partitionCount(pricedCars.name)) ?? 0;
  await admin.close();
  const consumer = await at.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  const lines: string[] = [];
  for (let partition = 0; partition < count; partition += 1) {
    const place = { topic: pricedCars.name, partition };
    const { low, high } = await consumer.watermarks(place);
    consumer.assign([{ ...place, offset: low }]);
    while ((consumer.position(place) ?? low) < high) {
      for (const { key, value } of await consumer.poll(100, 1_000)) {
        const id = JSON.parse(String(key)).payload.id;
        const row = value === null ? undefined : JSON.parse(String(value)).payload;
        lines.push(`car ${id}: ${row === undefined ? 'deleted' : `${row.model} £${row.suggestedprice.toFixed(2)}`}`);
      }
    }
  }
  await consumer.close();
  return lines;
}

function bytes(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64');
}
