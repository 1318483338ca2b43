/** The capture on a real Kafka: the same promises as on the embedded broker. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kafkaBroker } from '../../../src/brokers/kafka/broker.js';
import { startTestKafka, type TestKafka, whyNoKafka } from '../../brokers/kafka/real-kafka.js';
import { type Bench, eventually, openBench, story } from './capture-bench.js';

const missing = await whyNoKafka();

describe.skipIf(missing !== undefined)('on Kafka', () => {
  let kafka: TestKafka;
  let bench: Bench;
  beforeAll(async () => {
    kafka = await startTestKafka();
    bench = await openBench(kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers }));
  });
  afterAll(async () => {
    await bench?.close();
    await kafka?.stop();
  });

  test('snapshot, stream, a restart of the broker and a new capture: each change once, in its order', async () => {
    await bench.sql(
      'create schema cars',
      'create table cars.t (id int primary key, note text)',
      `insert into cars.t select id, 'before' from generate_series(1, 1000) id`,
    );
    const first = bench.capture('cars', { 'max.queue.size': 500 });
    await first.start();
    const reader = bench.reader('cars.cars.t');
    await reader.atLeast(1_000);
    await eventually(() => first.status.state).toBe('streaming');
    await bench.sql(`insert into cars.t select id, 'stream' from generate_series(1001, 3000) id`);
    await reader.atLeast(2_000);
    const restarted = kafka.restart();
    for (let id = 3_001; id <= 4_000; id++) await bench.sql(`insert into cars.t values (${id}, 'away')`);
    await restarted;
    await reader.atLeast(4_000);
    await first.stop();

    await bench.sql(`insert into cars.t select id, 'again' from generate_series(4001, 5000) id`);
    const second = bench.capture('cars');
    await second.start();
    await reader.atLeast(5_000);
    await second.stop();
    const expected = Array.from({ length: 5_000 }, (_, i) => `${i < 1_000 ? 'r' : 'c'} ${i + 1}`);
    const actual = story(await reader.toTheEnd());
    const outOfPlace = actual.findIndex((entry, i) => entry !== expected[i]);
    expect(actual.slice(outOfPlace === -1 ? actual.length : outOfPlace)).toEqual([]);
    expect(actual.length).toBe(5_000);
    expect(second.status.snapshot).toBeUndefined();
  }, 120_000);
});
