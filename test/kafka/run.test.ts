/** `millrace run` on a real Kafka: instances, restarts, metrics, health, topics; seen by a real Prometheus where there is one. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { carChanges, pricedCars } from '../../schemas/cars.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { Broker } from '../../src/brokers/port.js';
import { NO_HEADERS } from '../../src/record.js';
import { startTestKafka, type TestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { startPrometheus, whyNoPrometheus } from '../deploy/prometheus.js';
import { type Line, MillraceProcess, temporaryFolder } from '../e2e/millrace-process.js';

const missing = await whyNoKafka();
const noPrometheus = whyNoPrometheus();
const PARTITIONS = 2;

interface Change {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

const changes: readonly Change[] = readFileSync(
  new URL('../fixtures/debezium-3.6/json-with-schema.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const bytes = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64'));

/** Two ports that follow each other and are free. */
async function twoPorts(): Promise<number> {
  const listen = (port: number) =>
    new Promise<{ port: number; close(): void }>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const address = server.address() as { port: number };
        resolve({ port: address.port, close: () => server.close() });
      });
    });
  for (;;) {
    const first = await listen(0);
    const second = await listen(first.port + 1).catch(() => undefined);
    first.close();
    second?.close();
    if (second !== undefined) return first.port;
  }
}

/** Sums the samples of a metric whose line holds all of these texts; undefined where there is none. */
async function metric(port: number, name: string, ...holding: readonly string[]): Promise<number | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && holding.every((part) => line.includes(part)))
    .map((line) => Number(line.slice(line.lastIndexOf(' '))));
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** What a probe is answered; undefined while nobody listens. */
async function probe(port: number, question: 'live' | 'ready'): Promise<{ status: number; body: Line } | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health/${question}`);
    return { status: response.status, body: (await response.json()) as Line };
  } catch {
    return undefined;
  }
}

describe.skipIf(missing !== undefined)(
  `millrace run on Kafka${missing === undefined ? '' : `: not tested, ${missing}`}`,
  () => {
    let kafka: TestKafka;
    let broker: Broker;
    let folder: string;
    const processes: MillraceProcess[] = [];

    beforeAll(async () => {
      folder = await temporaryFolder();
      kafka = await startTestKafka();
      broker = kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers });
    });

    afterAll(async () => {
      for (const each of processes) if (!each.hasEnded) await each.end('SIGTERM');
      await broker?.close();
      await kafka?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** The topology under names of its own, so that tests do not meet each other. */
    function run(name: string, ...args: readonly string[]): MillraceProcess {
      const started = new MillraceProcess([
        ...['run', 'topology/car-prices.ts', '--json', '--bootstrap-servers', kafka.bootstrapServers],
        ...['--application-id', name, '--state-dir', join(folder, 'state')],
        ...['--set', `topics.${carChanges.name}=${name}-in`, '--set', `topics.${pricedCars.name}=${name}-out`],
        ...['--set', 'models.ford-price=ford-price-onnx'],
        ...['--set', `errors.dead.letter.queue.topic.name=${name}-dead`],
        ...args,
      ]);
      processes.push(started);
      return started;
    }

    async function createTopics(name: string, partitions = PARTITIONS): Promise<void> {
      const admin = await broker.admin();
      await admin.createTopics([
        { topic: `${name}-in`, partitions },
        { topic: `${name}-out`, partitions, config: { 'cleanup.policy': 'compact' } },
        { topic: `${name}-dead`, partitions: 1 },
      ]);
      await admin.close();
    }

    async function produce(name: string): Promise<void> {
      const producer = await broker.producer({});
      for (const { key, value } of changes) {
        producer.produce({
          topic: `${name}-in`,
          partition: undefined,
          key: bytes(key),
          value: bytes(value),
          timestamp: Date.now(),
          headers: NO_HEADERS,
        });
      }
      // Bytes that are no change: a dead letter.
      const [key] = changes.map((change) => bytes(change.key)).filter((each) => each !== null);
      const broken = { key: key!, value: Buffer.from('no change'), timestamp: Date.now(), headers: NO_HEADERS };
      producer.produce({ topic: `${name}-in`, partition: undefined, ...broken });
      await producer.flush(10_000);
      await producer.close();
    }

    const ready = (port: number) =>
      expect.poll(async () => (await probe(port, 'ready'))?.status, { timeout: 60_000, interval: 100 }).toBe(200);

    test('two instances share the partitions, one that is killed comes back, SIGTERM drains both', async () => {
      const name = 'shared';
      await createTopics(name);
      const port = await twoPorts();
      const millrace = run(name, '--instances', '2', '--metrics-port', String(port));
      const ports = [port, port + 1];
      for (const each of ports) await ready(each);

      const total = async (metricName: string, ...holding: readonly string[]) => {
        const found = await Promise.all(ports.map((each) => metric(each, metricName, ...holding)));
        return found.reduce<number>((sum, value) => sum + (value ?? 0), 0);
      };
      await produce(name);
      const finished = () => total('millrace_records_finished_total');
      await expect.poll(finished, { timeout: 60_000, interval: 100 }).toBe(changes.length + 1);
      expect(await total('millrace_dead_letters_total', `topic="${name}-in"`)).toBe(1);
      expect(await total('millrace_record_errors_total', 'deserialization', 'dead-letter')).toBe(1);
      expect(await total('millrace_records_consumed_total')).toBe(changes.length + 1);
      expect(await total('millrace_records_produced_total')).toBeGreaterThan(0);
      expect(await total('millrace_changelog_records_produced_total')).toBeGreaterThan(0);
      expect(await total('millrace_record_e2e_latency_seconds_count')).toBeGreaterThan(0);
      expect(await total('millrace_model_batch_rows_sum')).toBe(
        await total('millrace_operator_events_total', '"asked"'),
      );
      const lags = () =>
        Promise.all([0, 1].map((partition) => total('millrace_consumer_lag_records', `="${partition}"`)));
      await expect.poll(lags, { timeout: 20_000 }).toEqual([0, 0]);
      // From librdkafka, which gives its statistics every five seconds.
      const connected = () => Promise.all(ports.map((each) => metric(each, 'millrace_broker_connection_up')));
      await expect.poll(connected, { timeout: 20_000 }).toEqual([1, 1]);

      const pids = await Promise.all(ports.map((each) => metric(each, 'process_start_time_seconds')));
      const pid = (line: Line) => line.pid as number;
      const killed = pid(
        await millrace.line('the process of slot 1', ({ slot, pid: id }) => slot === 1 && id !== undefined),
      );
      process.kill(killed, 'SIGKILL');
      await millrace.line('a restart', ({ slot, message }) => slot === 1 && /started again/.test(String(message)));
      const restarted = () => metric(ports[1]!, 'millrace_instance_restarts_total').catch(() => undefined);
      await expect.poll(restarted, { timeout: 60_000, interval: 100 }).toBe(1);
      await ready(ports[1]!);
      expect(await metric(ports[1]!, 'process_start_time_seconds')).toBeGreaterThan(pids[1]!);

      const { code } = await millrace.end('SIGTERM');
      expect({ code, errorOutput: millrace.errorOutput }).toEqual({ code: 0, errorOutput: '' });
      const lines = millrace.output.map((line) => JSON.parse(line) as Line);
      expect(new Set(lines.map(({ slot }) => slot))).toEqual(new Set([0, 1]));
      for (const slot of [0, 1]) {
        expect(lines.findLast((line) => line.slot === slot && line.state !== undefined)).toMatchObject({
          state: 'NOT_RUNNING',
          'application.id': name,
          level: 'info',
        });
      }
      const deadLetter = lines.find(({ decision }) => decision === 'dead-letter');
      expect(deadLetter).toMatchObject({ level: 'warn', topic: `${name}-in`, phase: 'deserialization' });
      expect(deadLetter).toMatchObject({ partition: expect.any(Number), offset: expect.any(Number) });
    });

    test('it is live and not ready before it has its partitions, and ready without any', async () => {
      const name = 'probed';
      await createTopics(name, 1);
      const port = await twoPorts();
      run(name, '--metrics-port', String(port));
      await expect.poll(() => probe(port, 'live'), { timeout: 60_000, interval: 20 }).toMatchObject({ status: 200 });
      await ready(port);
      run(name, '--metrics-port', String(port + 1));
      // The one partition stays where it is: this one waits for its turn, which is all that it can do.
      await ready(port + 1);
      expect(await probe(port + 1, 'ready')).toEqual({
        status: 200,
        body: { ready: true, state: 'RUNNING', because: [] },
      });
      await processes.at(-1)!.end('SIGTERM');
      await processes.at(-2)!.end('SIGTERM');
    });

    test('internal topics are as Kafka Streams makes them; inputs that grew are refused', async () => {
      const name = 'grown';
      await createTopics(name, 1);
      const first = run(name);
      await first.line('RUNNING', ({ state }) => state === 'RUNNING');
      expect(await first.end('SIGTERM')).toMatchObject({ code: 0 });

      const admin = await broker.admin();
      for (const store of ['delivered', 'predictions']) {
        const topic = `${name}-${store}-changelog`;
        expect(await admin.partitionCount(topic)).toBe(1);
        expect(await admin.topicConfig(topic)).toEqual({
          'cleanup.policy': 'compact',
          'message.timestamp.type': 'CreateTime',
        });
      }
      await admin.deleteTopics([`${name}-in`]);
      await admin.createTopics([{ topic: `${name}-in`, partitions: 3 }]);
      await admin.close();

      const second = run(name);
      expect(await second.exit).toMatchObject({ code: 2 });
      expect(second.output.at(-1)).toContain(
        `the input topic '${name}-in' has 3 partitions now, and '${name}' began with 1`,
      );
    });

    test('an input that is missing ends all instances at once', async () => {
      const millrace = run('nowhere', '--instances', '2');
      expect(await millrace.exit).toMatchObject({ code: 2 });
      expect(millrace.output.join('\n')).toContain("the topic 'nowhere-in' does not exist: create it before the start");
      expect(millrace.output.join('\n')).not.toContain('started again');
    });

    test.skipIf(noPrometheus !== undefined)('a real Prometheus scrapes it by the shipped configuration', async () => {
      const name = 'scraped';
      await createTopics(name);
      const port = await twoPorts();
      const millrace = run(name, '--metrics-port', String(port));
      const prometheus = await startPrometheus([`127.0.0.1:${port}`]);
      try {
        // Only what happens between two scrapes is an increase.
        const deadLetters = () => prometheus.value('sum(millrace_dead_letters_total)');
        await expect.poll(deadLetters, { timeout: 60_000, interval: 200 }).toBe(0);
        await produce(name);
        const finished = () => prometheus.value(`sum(millrace_records_finished_total{application_id="${name}"})`);
        await expect.poll(finished, { timeout: 60_000, interval: 200 }).toBe(changes.length + 1);
        expect(await prometheus.value('up{job="millrace"}')).toBe(1);
        const unknown = await prometheus.metricsWithoutSeries();
        expect(unknown).toEqual([]);
        const firing = () => prometheus.firing();
        await expect.poll(firing, { timeout: 30_000, interval: 200 }).toEqual(['MillraceDeadLetters']);
      } finally {
        await prometheus.stop();
        await millrace.end('SIGTERM');
      }
    });
  },
);
