/** What goes wrong around `millrace run` on a real Kafka: the broker is killed, a topic grows, the model is away for long. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPartitions } from '../brokers/kafka/add-partitions.js';
import { startTestKafka, type TestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { type Line, temporaryFolder } from '../e2e/millrace-process.js';
import { FakeService, json } from '../model/http/fake-service.js';
import { CarPricesRun } from './car-prices-run.js';

const missing = await whyNoKafka();
const isRunning = ({ state }: Line) => state === 'RUNNING';

// Minutes on a machine that does other work besides.
describe.skipIf(missing !== undefined)('what goes wrong around it', { timeout: 180_000 }, () => {
  let kafka: TestKafka;
  let folder: string;
  const runs: CarPricesRun[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    kafka = await startTestKafka();
  });
  afterAll(async () => {
    for (const run of runs) await run.close();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function make(name: string, partitions?: number): Promise<CarPricesRun> {
    const run = await CarPricesRun.make(kafka.bootstrapServers, folder, name, partitions);
    runs.push(run);
    return run;
  }

  test('it is killed and comes back: the process goes on by itself, each car is priced once', async () => {
    const run = await make('restarted');
    const worker = run.start();
    await worker.line('RUNNING', isRunning);
    await run.write(500);
    await worker.line('some of them', ({ read }) => Number(read) > 0);
    await kafka.restart();
    await run.write(500);
    expect(await run.audited()).toEqual({ lost: [], twice: [] });
    expect(worker.output.join('\n')).toMatch(/"event":"warn".*(Connection refused|Disconnected)/);
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('the model is away for three times max.poll.interval.ms: no rebalance, and each car is priced once', async () => {
    const service = await new FakeService(({ body }, response) => {
      json(
        response,
        (body as { cars: unknown[] }).cars.map(() => 9_000),
      );
    }).up();
    const { url } = service;
    await service.down();
    const run = await make('waits');
    const interval = 6_000;
    const worker = run.start(['--set', `max.poll.interval.ms=${interval}`], { FORD_PRICE_URL: url });
    await worker.line('RUNNING', isRunning);
    const states = () => worker.events('info').filter(({ state }) => state !== undefined).length;
    const before = states();
    await run.write(500);
    const away = await worker.line('the outage', ({ message }) =>
      /the model 'ford-price' is away: .*Its records wait/.test(String(message)),
    );
    const until = Date.parse(String(away.time)) + 3 * interval;
    await worker.line('the end of it', ({ event, time }) => event === 'status' && Date.parse(String(time)) > until);
    await service.up();
    expect(await run.audited()).toEqual({ lost: [], twice: [] });
    await worker.line('its return', ({ message }) => /the model 'ford-price' is back after/.test(String(message)));
    expect(states()).toBe(before);
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await service.down();
  });

  test('an input grows: what was there is finished, then the application says why it cannot go on', async () => {
    const run = await make('grows', 1);
    const fast = ['--set', 'librdkafka.topic.metadata.refresh.interval.ms=500'];
    const worker = run.start(['--set', 'models.ford-price=ford-price-onnx', ...fast]);
    await worker.line('RUNNING', isRunning);
    await run.write(50);
    expect(await run.audited()).toEqual({ lost: [], twice: [] });
    await addPartitions(kafka.bootstrapServers, run.input, 3);
    expect(await worker.exit).toMatchObject({ code: 2 });
    expect(worker.output.at(-1)).toContain(
      `the input topic '${run.input}' has more partitions now, and 'grows' began with 1 of them ` +
        `(its topic 'grows-delivered-changelog' has as many)`,
    );
  });
});
