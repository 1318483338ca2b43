/** Metrics and health of an application on the embedded broker, as they are served. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import { Lag } from '../../src/app/lag.js';
import { together } from '../../src/app/together.js';
import {
  ConfigurationError,
  type EmbeddedBroker,
  enrich,
  json,
  type Model,
  ModelAway,
  memoryEngines,
  model,
  NO_HEADERS,
  nullable,
  openEmbeddedBroker,
  predict,
  predictionMemory,
  string,
  systemClock,
  topic,
  topology,
} from '../../src/index.js';
import { ApplicationMetrics } from '../../src/metrics/application-metrics.js';
import { Health } from '../../src/metrics/health.js';
import { type MetricsServer, serveMetrics } from '../../src/metrics/server.js';

interface Ware {
  readonly letters: number;
}

const wares = topic('wares', { key: string(), value: json<Ware>() });
const prices = topic('prices', { key: string(), value: nullable(json<Ware & { price: number }>()) });
const price = model<number, number>('price');
const remembered = predictionMemory<string, number>('remembered');
const pricing = topology('pricing', ({ stream }) => {
  stream(wares)
    .pipe(
      predict(price, { features: ({ letters }) => letters, remember: remembered }),
      enrich((ware, predicted) => ({ ...ware, price: predicted })),
    )
    .to(prices);
});

let isAway = false;
const plusOne: Model<number, number> = {
  identity: { name: 'price', version: '1' },
  open: async () => {},
  async predict(letters) {
    if (isAway) throw new ModelAway('the shop is closed');
    return letters.map((count) => count + 1);
  },
  close: async () => {},
};

let broker: EmbeddedBroker;
let application: Application;
let lag: Lag;
let server: MetricsServer;
let started: Application | undefined;

beforeEach(async () => {
  isAway = false;
  started = undefined;
  broker = await openEmbeddedBroker();
  const admin = await broker.admin();
  for (const name of ['wares', 'prices', 'dead']) await admin.createTopics([{ topic: name, partitions: 1 }]);
  await admin.close();
  const identity = { applicationId: 'shop', instanceId: 'here-0', topology: 'pricing', version: '1', restarts: 2 };
  const metrics = new ApplicationMetrics(identity);
  const health = new Health(() => started, systemClock);
  application = new Application(
    pricing,
    {
      'application.id': 'shop',
      'processing.guarantee': 'exactly_once_v2',
      'deserialization.exception.handler': 'dead-letter',
      'errors.dead.letter.queue.topic.name': 'dead',
      models: { price: plusOne },
    },
    { broker, engines: memoryEngines() },
    together(metrics.listener, health.listener),
  );
  lag = new Lag(application, broker, systemClock);
  metrics.watch(application, lag);
  server = await serveMetrics({ host: '127.0.0.1', port: 0 }, metrics, health);
});

afterEach(async () => {
  isAway = false;
  await application.stop();
  await server.close();
  await lag.close();
  await broker.close();
});

async function start(): Promise<void> {
  started = application;
  await application.start();
}

async function produce(...texts: readonly string[]): Promise<void> {
  const producer = await broker.producer({});
  for (const [index, text] of texts.entries()) {
    const record = { partition: 0, key: Buffer.from(`${index % 2}`), timestamp: Date.now(), headers: NO_HEADERS };
    producer.produce({ topic: 'wares', value: Buffer.from(text), ...record });
  }
  await producer.flush(1_000);
  await producer.close();
}

async function probe(question: 'live' | 'ready') {
  const response = await fetch(`${server.url}/health/${question}`);
  return { status: response.status, body: await response.json() };
}

async function samples(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [
        line
          .slice(0, at)
          .replace(/,?application_id="shop"/, '')
          .replace('{}', ''),
        Number(line.slice(at)),
      ];
    }),
  );
}

const settled = (finished: number) =>
  expect
    .poll(() => {
      const { delivered, deadLettered } = application.status.finished;
      return delivered + deadLettered;
    })
    .toBe(finished);

test('the figures are those of the records', async () => {
  await start();
  await produce('{"letters":3}', '{"letters":5}', '{"letters":3}', '{"letters":6}', 'no JSON');
  await settled(5);
  const found = await samples();
  const expected = {
    'millrace_info{instance_id="here-0",topology="pricing",version="1"}': 1,
    millrace_instance_restarts_total: 2,
    'millrace_application_state{state="RUNNING"}': 1,
    'millrace_application_state{state="ERROR"}': 0,
    'millrace_records_finished_total{outcome="delivered"}': 4,
    'millrace_records_finished_total{outcome="dead_lettered"}': 1,
    millrace_records_consumed_total: 5,
    millrace_records_produced_total: 5,
    // Three predictions, and the first record of the changelog, which says how the store writes.
    millrace_changelog_records_produced_total: 4,
    millrace_records_in_flight: 0,
    'millrace_operator_events_total{event="asked"}': 3,
    'millrace_operator_events_total{event="remembered"}': 1,
    'millrace_record_errors_total{phase="deserialization",decision="dead-letter"}': 1,
    'millrace_dead_letters_total{topic="wares"}': 1,
    'millrace_consumer_lag_records{topic="wares",partition="0"}': 0,
    'millrace_model_available{model="price"}': 1,
    'millrace_model_batch_rows_sum{model="price"}': 3,
    'millrace_model_queue_length{model="price"}': 0,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, found.get(name)]))).toEqual(expected);
  const calls = found.get('millrace_model_batch_rows_count{model="price"}')!;
  expect(found.get('millrace_model_call_duration_seconds_count{model="price"}')).toBe(calls);
  expect(found.get('millrace_model_call_duration_seconds_bucket{model="price",le="+Inf"}')).toBe(calls);
  expect(found.get('millrace_commit_duration_seconds_count')).toBeGreaterThan(0);
  // The first and the last record of each commit: here commits have one of either kind at least.
  expect(found.get('millrace_record_e2e_latency_seconds_count')).toBe(
    2 * found.get('millrace_commit_duration_seconds_count')!,
  );
  expect(found.get('millrace_record_e2e_latency_seconds_sum')).toBeLessThan(60);
});

test('a model that is away: not ready, live, lag counts what waits; back again, ready', async () => {
  expect(await probe('ready')).toEqual({
    status: 503,
    body: { ready: false, state: 'CREATED', because: ['it is starting'] },
  });
  await start();
  expect(await probe('ready')).toEqual({ status: 200, body: { ready: true, state: 'RUNNING', because: [] } });
  isAway = true;
  await produce('{"letters":3}', '{"letters":5}');
  await expect
    .poll(() => probe('ready'))
    .toMatchObject({
      status: 503,
      body: { because: [expect.stringMatching(/^the model price is away since 20\d\d-.*: .*the shop is closed/)] },
    });
  expect(await probe('live')).toMatchObject({ status: 200, body: { live: true, state: 'RUNNING' } });
  const found = await samples();
  expect(found.get('millrace_consumer_lag_records{topic="wares",partition="0"}')).toBe(2);
  expect(found.get('millrace_records_in_flight')).toBe(2);
  expect(found.get('millrace_model_available{model="price"}')).toBe(0);
  expect(found.get('millrace_model_outages_total{model="price"}')).toBe(1);
  isAway = false;
  await settled(2);
  await expect.poll(() => probe('ready')).toMatchObject({ status: 200 });
  expect((await samples()).get('millrace_consumer_lag_records{topic="wares",partition="0"}')).toBe(0);
});

test('one that has failed or ended is not live, and says why', async () => {
  await start();
  await application.drain();
  expect(await probe('live')).toEqual({
    status: 503,
    body: { live: false, state: 'NOT_RUNNING', because: ['it has ended'] },
  });
  expect(await probe('ready')).toMatchObject({ status: 503, body: { because: ['it is NOT_RUNNING'] } });
});

describe('an address', () => {
  test('that is taken is a wrong setting', async () => {
    const metrics = new ApplicationMetrics({
      applicationId: 'a',
      instanceId: 'b',
      topology: 'c',
      version: '1',
      restarts: 0,
    });
    const port = Number(new URL(server.url).port);
    const serving = serveMetrics({ host: '127.0.0.1', port }, metrics, new Health(() => undefined, systemClock));
    await expect(serving).rejects.toBeInstanceOf(ConfigurationError);
    await expect(serving).rejects.toMatchObject({ setting: 'metrics.port' });
  });
});
