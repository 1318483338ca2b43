import { describe, expect, test } from 'vitest';
import { applicationSchema } from '../../src/app/config.js';
import { insteadOf } from '../../src/app/kafka-streams-settings.js';
import type { MillraceConfig } from '../../src/app/millrace-config.js';
import { type RunSettings, runSettings, runShape } from '../../src/cli/run/run-settings.js';
import {
  fromEnvironment,
  fromSetFlag,
  type GivenText,
  layered,
  variableOf,
  withOrigin,
} from '../../src/cli/run/setting-layers.js';
import { ConfigurationError } from '../../src/errors.js';

const config: MillraceConfig = {
  'application.id': 'a',
  'bootstrap.servers': 'kafka:9092',
  librdkafka: { 'linger.ms': 5 },
  topics: { cars: 'cars_file' },
};

function environment(variables: Readonly<Record<string, string>>): readonly GivenText[] {
  return fromEnvironment(variables, (warning) => {
    throw new Error(warning);
  });
}

/** The settings of a run, errors with their origin, as the command has them. */
function settled(texts: readonly GivenText[], over: object = {}): RunSettings {
  const layers = layered({ ...config, ...over }, 'millrace.config.ts', texts);
  try {
    return runSettings(layers.config);
  } catch (thrown) {
    throw withOrigin(thrown, layers);
  }
}

describe('later ones go first', () => {
  test('flags over the environment over the file over the default', () => {
    const variables = environment({ MILLRACE_COMMIT_INTERVAL_MS: '200', MILLRACE_MAX_POLL_RECORDS: '7' });
    const flags = [fromSetFlag('commit.interval.ms=300')];
    const file = { 'commit.interval.ms': 100, 'max.poll.records': 5, 'session.timeout.ms': 9_000 };
    expect(settled([...variables, ...flags], file).application).toMatchObject({
      'commit.interval.ms': 300,
      'max.poll.records': 7,
      'session.timeout.ms': 9_000,
    });
    expect(settled([]).application).not.toHaveProperty(['commit.interval.ms']);
  });

  test('settings inside others join those of the file', () => {
    const texts = [
      ...environment({ MILLRACE_LIBRDKAFKA_SOCKET_TIMEOUT_MS: '1000', MILLRACE_CONSUMER_FETCH_MIN_BYTES: '2' }),
      fromSetFlag('librdkafka.enable.ssl.certificate.verification=false'),
      fromSetFlag('topics.public.cars=cars_trial'),
      fromSetFlag('models.price=next'),
    ];
    const models = { next: { identity: { name: 'next', version: '1' } } as never };
    const { librdkafka, consumer, application } = settled(texts, { models });
    expect(librdkafka).toEqual({
      'linger.ms': 5,
      'socket.timeout.ms': 1_000,
      'enable.ssl.certificate.verification': false,
    });
    expect(consumer).toEqual({ 'fetch.min.bytes': 2 });
    expect(application.topics).toEqual({ cars: 'cars_file', 'public.cars': 'cars_trial' });
    expect(application.models).toMatchObject({ price: 'next' });
  });

  test('a text that is one stays one', () => {
    const { application } = settled([fromSetFlag('application.id=42'), fromSetFlag('instance.id=7')]);
    expect(application).toMatchObject({ 'application.id': '42', 'instance.id': '7' });
    expect(settled([fromSetFlag('bootstrap.servers=a:1,b:2')])['bootstrap.servers']).toBe('a:1,b:2');
  });

  test('every setting that a text can say has a variable of its own', () => {
    const settings = Object.keys({ ...applicationSchema.shape, ...runShape });
    expect(new Set(settings.map(variableOf)).size).toBe(settings.length);
    expect(variableOf('errors.dead.letter.queue.topic.name')).toBe('MILLRACE_ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME');
  });
});

describe('what is wrong is named, with where it was said', () => {
  test.each<[string, () => unknown, string, RegExp]>([
    [
      'a value of the environment',
      () => settled(environment({ MILLRACE_COMMIT_INTERVAL_MS: 'often' })),
      'commit.interval.ms',
      /^commit\.interval\.ms: .*number.* \(from the environment variable MILLRACE_COMMIT_INTERVAL_MS\)$/,
    ],
    [
      'a value of a flag',
      () => settled([fromSetFlag('processing.guarantee=exactly_once')]),
      'processing.guarantee',
      /"at_least_once"\|"exactly_once_v2".*\(from the flag --set processing\.guarantee\)$/,
    ],
    [
      'a value of the file',
      () => settled([], { 'max.poll.records': 0 }),
      'max.poll.records',
      /\(from millrace\.config\.ts\)$/,
    ],
    ['a port', () => settled([fromSetFlag('metrics.port=99999')]), 'metrics.port', /^metrics\.port: /],
    [
      'no setting',
      () => settled([fromSetFlag('comit.interval.ms=1')]),
      'comit.interval.ms',
      /is no setting of millrace/,
    ],
    ['no key', () => settled([fromSetFlag('=1')]), 'set', /--set =1: write --set setting=value/],
    ['a whole group', () => settled([fromSetFlag('topics=x')]), 'topics', /say topics\.<name>=/],
    ['no name', () => settled([], { 'application.id': undefined }), 'application.id', /--application-id/],
    ['no broker', () => settled([], { 'bootstrap.servers': undefined }), 'bootstrap.servers', /where is Kafka\?/],
    ['brokers with spaces', () => settled([], { 'bootstrap.servers': 'a:1, b:2' }), 'bootstrap.servers', /commas/],
    [
      'a setting of Kafka Streams in the file',
      () => settled([], { 'num.stream.threads': 4 }),
      'num.stream.threads',
      /^num\.stream\.threads: is a setting of Kafka Streams that millrace does not have: .*--instances N/,
    ],
    [
      'a setting of Kafka Streams in the environment',
      () => environment({ MILLRACE_NUM_STANDBY_REPLICAS: '1' }),
      'num.standby.replicas',
      /^num\.standby\.replicas \(the environment variable .*no standby replicas/,
    ],
    [
      'a setting of its clients',
      () => settled([fromSetFlag('sasl.mechanism=PLAIN')]),
      'sasl.mechanism',
      /say it in `librdkafka`/,
    ],
  ])('%s', (_what, make, setting, message) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(expect.objectContaining({ setting, message: expect.stringMatching(message) }));
  });

  test('a setting that librdkafka refuses, by whoever said it', () => {
    const layers = layered(config, 'millrace.config.ts', [fromSetFlag('producer.batch.size=much')]);
    expect(withOrigin(new ConfigurationError('no', 'batch.size'), layers)).toMatchObject({
      message: 'no (from the flag --set producer.batch.size)',
    });
    expect(withOrigin(new ConfigurationError('no', 'linger.ms'), layers)).toMatchObject({
      message: 'no (from millrace.config.ts)',
    });
    const other = new Error('something else');
    expect(withOrigin(other, layers)).toBe(other);
  });
});

test('a variable that is no setting is told and not read; those of others are left alone', () => {
  const warnings: string[] = [];
  const given = fromEnvironment(
    { MILLRACE_SERVICE_HOST: '10.0.0.1', MILLRACE_HOME: '/h', MILLRACE_PG_PORT: '1', PATH: '/bin' },
    (warning) => warnings.push(warning),
  );
  expect(given).toEqual([]);
  expect(warnings).toEqual(['MILLRACE_SERVICE_HOST is no setting of millrace and is not read']);
});

test('no setting of ours is refused as one of Kafka Streams', () => {
  const ours = Object.keys({ ...applicationSchema.shape, ...runShape });
  expect(ours.filter((setting) => insteadOf(setting) !== undefined)).toEqual([]);
});
