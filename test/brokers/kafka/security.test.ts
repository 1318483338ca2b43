/** TLS and logins on a real broker, with certificates made for it. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kafkaBroker } from '../../../src/brokers/kafka/index.js';
import { renewalOf } from '../../../src/brokers/kafka/oauth-token.js';
import type { Broker } from '../../../src/brokers/port.js';
import { NO_HEADERS } from '../../../src/record.js';
import { readTopic } from '../../../src/replay/read-topic.js';
import { temporaryPackage, writeConfig } from '../../cli/command.js';
import { temporaryFolder } from '../../e2e/millrace-process.js';
import { CarPricesRun } from '../../failures/car-prices-run.js';
import { whyNoKafka } from './real-kafka.js';
import { type SecureKafka, startSecureKafka } from './secure-kafka.js';

const missing = await whyNoKafka();
const USER = { name: 'car-prices', password: 'not a secret' };

/** A token without a signature, which Kafka takes where it is not told whom to trust. */
function unsignedToken(livesMs: number): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  return `${part({ alg: 'none' })}.${part({ sub: USER.name, iat: now, exp: now + livesMs / 1_000 })}.`;
}

describe.skipIf(missing !== undefined)('by SASL_SSL', () => {
  let kafka: SecureKafka;
  let folder: string;
  let scram: Readonly<Record<string, string>>;
  let topics = 0;

  beforeAll(async () => {
    folder = await temporaryFolder();
    kafka = await startSecureKafka(USER);
    scram = {
      'security.protocol': 'sasl_ssl',
      'ssl.ca.location': kafka.ca,
      'sasl.mechanisms': 'SCRAM-SHA-512',
      'sasl.username': USER.name,
      'sasl.password': USER.password,
    };
  });
  afterAll(async () => {
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const brokerBy = (librdkafka: Readonly<Record<string, string>>, oauthBearerToken?: () => string) =>
    kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers, librdkafka, oauthBearerToken });

  /** Creates a topic, asks for its settings, writes and reads: each kind of client. */
  async function use(broker: Broker): Promise<void> {
    const topic = `topic-${topics++}`;
    const admin = await broker.admin();
    await admin.createTopics([{ topic, partitions: 1, config: { 'cleanup.policy': 'compact' } }]);
    expect(await admin.topicConfig(topic)).toEqual({ 'cleanup.policy': 'compact' });
    await admin.close();
    const producer = await broker.producer({ transactionalId: topic });
    await producer.initTransactions(10_000);
    producer.beginTransaction();
    const value = Buffer.from('hello');
    producer.produce({ topic, partition: 0, key: value, value, timestamp: 1, headers: NO_HEADERS });
    await producer.commitTransaction(10_000);
    await producer.close();
    const read: string[] = [];
    for await (const record of readTopic(broker, topic)) read.push(String(record.value));
    expect(read).toEqual(['hello']);
  }

  test.each(['SCRAM-SHA-512', 'PLAIN'])('%s', (mechanism) => use(brokerBy({ ...scram, 'sasl.mechanisms': mechanism })));

  test('OAUTHBEARER, by tokens that a function gives', async () => {
    let asked = 0;
    const token = () => {
      asked += 1;
      return unsignedToken(60_000);
    };
    const { 'security.protocol': protocol, 'ssl.ca.location': ca } = scram;
    await use(
      brokerBy({ 'security.protocol': protocol!, 'ssl.ca.location': ca!, 'sasl.mechanisms': 'OAUTHBEARER' }, token),
    );
    expect(asked).toBeGreaterThan(2);
  });

  // A client tries for ten seconds before it says why, so they try side by side.
  test('what is wrong is said by its setting', async () => {
    const { 'sasl.mechanisms': _, ...withoutMechanism } = scram;
    const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ['sasl.password', { ...scram, 'sasl.password': 'another' }],
      ['sasl.mechanisms', { ...scram, 'sasl.mechanisms': 'SCRAM-SHA-256' }],
      ['sasl.mechanisms', withoutMechanism],
      ['ssl.ca.location', { ...scram, 'ssl.ca.location': kafka.anotherCa }],
      ['ssl.ca.location', { ...scram, 'ssl.ca.location': '/there/is/none.pem' }],
      ['security.protocol', { 'security.protocol': 'ssl', 'ssl.ca.location': kafka.ca }],
      ['security.protocol', {}],
    ];
    const said = await Promise.all(
      wrong.map(([, settings]) =>
        brokerBy(settings)
          .producer({})
          .then(() => 'connected')
          .catch((error: Error & { setting?: string }) => `${error.name} ${error.setting}`),
      ),
    );
    expect(said).toEqual(wrong.map(([setting]) => `ConfigurationError ${setting}`));
  });

  test('millrace run takes it from the configuration, and says what is wrong', async () => {
    const lines = `librdkafka: ${JSON.stringify(scram)}`;
    const config = await writeConfig(await temporaryPackage(), 'millrace.config.ts', lines);
    const run = await CarPricesRun.make(kafka.bootstrapServers, folder, 'secure', 1, scram);
    try {
      const model = ['--set', 'models.ford-price=ford-price-onnx', '--config', config];
      const right = run.start(model);
      await right.line('RUNNING', ({ state }) => state === 'RUNNING');
      await run.write(20);
      expect(await run.audited()).toEqual({ lost: [], twice: [] });
      expect(await right.end('SIGTERM')).toEqual({ code: 0, signal: null });

      const wrong = run.start(model, { MILLRACE_LIBRDKAFKA_SASL_PASSWORD: 'another' });
      expect(await wrong.exit).toMatchObject({ code: 2 });
      expect(wrong.output.at(-1)).toContain('sasl.password: the broker does not know this sasl.username');
      expect(wrong.output.at(-1)).toContain('from the environment variable MILLRACE_LIBRDKAFKA_SASL_PASSWORD');
    } finally {
      await run.close();
    }
  });
});

test('a token is replaced at four fifths of its life, and one that hides it every five minutes', async () => {
  const now = Date.now();
  expect(renewalOf(unsignedToken(100_000), now)).toBeGreaterThan(78_000);
  expect(renewalOf(unsignedToken(100_000), now)).toBeLessThanOrEqual(80_000);
  expect(renewalOf(unsignedToken(-5_000), now)).toBe(0);
  expect(renewalOf('opaque', now)).toBe(300_000);
});
