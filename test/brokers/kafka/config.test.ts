import { expect, test } from 'vitest';
import { kafkaBroker } from '../../../src/brokers/kafka/broker.js';
import { consumerSettings, producerSettings } from '../../../src/brokers/kafka/config.js';
import { ConfigurationError } from '../../../src/errors.js';

const servers = { 'bootstrap.servers': '127.0.0.1:9' };
const config = { groupId: 'g', offsetReset: 'earliest', isolation: 'read_committed' } as const;

test('a consumer commits nothing by itself and reads what is committed', () => {
  expect(consumerSettings(servers, config, 'g').client).toMatchObject({
    'group.id': 'g',
    'isolation.level': 'read_committed',
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'allow.auto.create.topics': false,
    'partition.assignment.strategy': 'cooperative-sticky',
    'session.timeout.ms': 6_000,
    'fetch.queue.backoff.ms': 10,
  });
});

test('only a static member has an instance id, only a transactional producer a transactional id', () => {
  expect(consumerSettings(servers, config, 'g').client).not.toHaveProperty(['group.instance.id']);
  expect(consumerSettings(servers, { ...config, instanceId: 'a-0' }, 'g').client).toMatchObject({
    'group.instance.id': 'a-0',
  });
  expect(producerSettings(servers, {}).client).not.toHaveProperty(['transactional.id']);
  expect(producerSettings(servers, { transactionalId: 't' }).client).toMatchObject({
    'transactional.id': 't',
    'transaction.timeout.ms': 60_000,
  });
});

test('heartbeats are sent at least three times in a session', () => {
  const settings = consumerSettings(servers, { ...config, sessionTimeoutMs: 6_000 }, 'g');
  expect(settings.client['heartbeat.interval.ms']).toBe(2_000);
  expect(consumerSettings(servers, { ...config, sessionTimeoutMs: 45_000 }, 'g').client['heartbeat.interval.ms']).toBe(
    3_000,
  );
});

test("a user's settings are passed on, the client's after those of all", () => {
  const options = { ...servers, librdkafka: { 'linger.ms': 1, debug: 'msg' }, producer: { 'linger.ms': 50 } };
  expect(producerSettings(options, {}).client).toMatchObject({ 'linger.ms': 50, debug: 'msg' });
  expect(consumerSettings(options, config, 'g').client).toMatchObject({ 'linger.ms': 1, debug: 'msg,consumer' });
});

test.each(['enable.auto.commit', 'partitioner', 'enable.idempotence', 'group.id', 'rebalance_cb', 'isolation.level'])(
  '%s cannot be overridden, and the error says why',
  (setting) => {
    const options = { ...servers, librdkafka: { [setting]: 'x' } };
    for (const build of [() => consumerSettings(options, config, 'g'), () => producerSettings(options, {})]) {
      expect(build).toThrow(ConfigurationError);
      expect(build).toThrow(new RegExp(`librdkafka: ${setting.replaceAll('.', '\\.')} cannot be set here; .+`));
    }
  },
);

test('an undefined setting is refused by its name: the binding would abort the process', () => {
  expect(() => producerSettings({ ...servers, producer: { 'linger.ms': undefined } }, {})).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', setting: 'linger.ms' }),
  );
});

test('without bootstrap.servers there is no broker', () => {
  expect(() => kafkaBroker({ 'bootstrap.servers': '' })).toThrow(ConfigurationError);
});

test('a setting that librdkafka does not know is named', async () => {
  const broker = kafkaBroker({ ...servers, producer: { 'no.such.setting': '1' } });
  await expect(broker.producer({})).rejects.toMatchObject({ name: 'ConfigurationError', setting: 'no.such.setting' });
});

test('a value that librdkafka does not take is named', async () => {
  const broker = kafkaBroker({ ...servers, producer: { 'batch.size': 'much' } });
  await expect(broker.producer({})).rejects.toMatchObject({ name: 'ConfigurationError', setting: 'batch.size' });
});

test("a topic's settings go where the binding does not lose them", () => {
  const options = { ...servers, librdkafka: { 'compression.codec': 'lz4', 'socket.keepalive.enable': true } };
  const { client, topic } = producerSettings(options, {});
  expect(topic).toEqual({ partitioner: 'murmur2_random', 'compression.codec': 'lz4' });
  expect(client).toMatchObject({ 'socket.keepalive.enable': true });
  expect(Object.keys(client)).not.toEqual(expect.arrayContaining(['partitioner']));
  expect(consumerSettings(servers, config, 'g').topic).toEqual({ 'auto.offset.reset': 'earliest' });
});

test('a poll interval shorter than the session is refused', () => {
  const impatient = { ...config, maxPollIntervalMs: 5_999 };
  expect(() => consumerSettings(servers, impatient, 'g')).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', setting: 'max.poll.interval.ms' }),
  );
});
