/** KIP-848's group protocol, by choice: what it needs, what it refuses, and that it is exactly once on a real broker. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consumerSettings } from '../../../src/brokers/kafka/config.js';
import type { ConsumerConfig } from '../../../src/brokers/port.js';
import { temporaryFolder } from '../../e2e/millrace-process.js';
import { CarPricesRun } from '../../failures/car-prices-run.js';
import { startTestKafka, type TestKafka, whyNoKafka } from './real-kafka.js';

const config: ConsumerConfig = {
  ...{ groupId: 'g', instanceId: 'a-0', offsetReset: 'earliest', isolation: 'read_committed' },
  sessionTimeoutMs: 6_000,
};
const chosen = (more = {}) => ({
  'bootstrap.servers': '127.0.0.1:9',
  consumer: { 'group.protocol': 'consumer', ...more },
});

test('members are not static, and the session is left to the broker', () => {
  const { client } = consumerSettings(chosen(), config, 'g');
  expect(client).toMatchObject({ 'group.protocol': 'consumer', 'max.poll.interval.ms': 300_000 });
  for (const classic of ['group.instance.id', 'session.timeout.ms', 'partition.assignment.strategy']) {
    expect(client).not.toHaveProperty([classic]);
  }
});

test('topics that are read together are assigned together', () => {
  const copartitioned = [['a', 'b']];
  const { client } = consumerSettings(chosen(), { ...config, copartitioned }, 'g');
  expect(client['group.remote.assignor']).toBe('range');
  const uniform = chosen({ 'group.remote.assignor': 'uniform' });
  expect(consumerSettings(uniform, config, 'g').client['group.remote.assignor']).toBe('uniform');
  expect(() => consumerSettings(uniform, { ...config, copartitioned }, 'g')).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', setting: 'group.remote.assignor' }),
  );
});

test.each([
  ['session.timeout.ms', 'group.consumer.session.timeout.ms'],
  ['heartbeat.interval.ms', 'group.consumer.heartbeat.interval.ms'],
  ['partition.assignment.strategy', 'group.remote.assignor'],
])('%s is refused with it, and the error names %s', (setting, instead) => {
  expect(() => consumerSettings(chosen({ [setting]: '9' }), config, 'g')).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', setting, message: expect.stringContaining(instead) }),
  );
});

const missing = await whyNoKafka();

describe.skipIf(missing !== undefined)('on a real broker', () => {
  let kafka: TestKafka;
  let folder: string;
  let run: CarPricesRun;

  beforeAll(async () => {
    folder = await temporaryFolder();
    // The broker's shortest, so that the test need not wait for 45 s.
    const session = { 'group.consumer.min.session.timeout.ms': '3000', 'group.consumer.session.timeout.ms': '3000' };
    kafka = await startTestKafka({
      ...session,
      'group.consumer.heartbeat.interval.ms': '1000',
      'group.consumer.min.heartbeat.interval.ms': '1000',
      // What the killed one has open is in the way of readers until the broker has ended it.
      'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    });
    run = await CarPricesRun.make(kafka.bootstrapServers, folder, 'new-protocol', 4);
  });
  afterAll(async () => {
    await run?.close();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('one joins and is killed while cars come: each is priced once', async () => {
    const args = ['--set', 'models.ford-price=ford-price-onnx', '--set', 'consumer.group.protocol=consumer'];
    args.push('--set', 'producer.transaction.timeout.ms=5000');
    const start = () => run.start(args);
    const first = start();
    await run.write(100);
    await first.line('RUNNING', ({ state }) => state === 'RUNNING');
    const second = start();
    await second.line('RUNNING', ({ state }) => state === 'RUNNING');
    // It gets its partitions when the first has given them up.
    const shared = () => second.events('status').some(({ read }) => Number(read) > 0);
    while (!shared()) await run.write(20);
    await second.end('SIGKILL');
    await run.write(100);
    expect(await run.audited(60_000)).toEqual({ lost: [], twice: [] });
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
