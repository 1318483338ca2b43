/** `millrace replay`, `record` and `reset` as a user types them, over the topics of a `millrace dev` that does not run. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { NO_HEADERS } from '../../src/record.js';
import { readTopic } from '../../src/replay/read-topic.js';
import { millrace, temporaryPackage } from './command.js';

const CARS = 30;

let folder: string;
let env: Readonly<Record<string, string>>;
let topology: string;
let common: readonly string[];

beforeAll(async () => {
  folder = await temporaryPackage();
  env = { MILLRACE_HOME: join(folder, 'home') };
  topology = join(folder, 'prices.ts');
  await writeFile(
    topology,
    `import { json, mapValues, model, predict, string, topic, topology } from 'millrace';
const cars = topic('cars', { key: string(), value: json<{ miles: number }>() });
const prices = topic('prices', { key: string(), value: json<{ price: number }>() });
const price = model<number, number>('price');
export default topology('prices', ({ stream }) => {
  stream(cars)
    .pipe(predict(price, { features: ({ miles }) => miles }), mapValues((car) => ({ price: car!.prediction })))
    .to(prices);
});
`,
  );
  for (const [name, factor] of Object.entries({ first: 1, second: 2 })) {
    await writeFile(
      join(folder, `${name}.ts`),
      `export default {
  identity: { name: 'price', version: '${name}' },
  async open() {},
  predict: async (rows: readonly number[]) => rows.map((miles) => miles * ${factor}),
  async close() {},
};
`,
    );
  }
  await writeFile(join(folder, 'even.ts'), 'export default (car: { miles: number }) => car.miles % 2 === 0;\n');
  await writeFile(
    join(folder, 'millrace.config.ts'),
    `import first from './first.ts';
export default { 'application.id': 'prices', encoding: 'json', models: { price: first } };
`,
  );
  common = ['--dev', '--config', join(folder, 'millrace.config.ts')];

  const broker = await openEmbeddedBroker({ directory: join(env.MILLRACE_HOME!, 'broker') });
  const admin = await broker.admin();
  await admin.createTopics(['cars', 'prices'].map((name) => ({ topic: name, partitions: 2 })));
  await admin.close();
  const producer = await broker.producer({});
  for (let n = 0; n < CARS; n += 1) {
    const record = { key: Buffer.from(`car-${n}`), timestamp: 1_000_000 + n * 1_000, headers: NO_HEADERS };
    const partition = n % 2;
    producer.produce({ ...record, topic: 'cars', partition, value: Buffer.from(JSON.stringify({ miles: n })) });
    // What the live application wrote with the first model.
    const value = Buffer.from(JSON.stringify({ price: n }));
    producer.produce({ ...record, topic: 'prices', partition: undefined, value });
  }
  await producer.flush(30_000);
  await producer.close();
  await broker.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const replay = (...args: readonly string[]) => millrace(['replay', ...args, ...common], env);

/** The prices that lie in a topic, by key. */
async function pricesIn(topic: string): Promise<Readonly<Record<string, number>>> {
  const broker = await openEmbeddedBroker({ directory: join(env.MILLRACE_HOME!, 'broker') });
  const prices: Record<string, number> = {};
  for await (const { key, value } of readTopic(broker, topic)) prices[String(key)] = JSON.parse(String(value)).price;
  await broker.close();
  return prices;
}

describe('millrace replay', () => {
  test('--dry-run says what would be done, with a time that was measured, and does none of it', async () => {
    const { code, output } = await replay(topology, '--name', 'v2', '--dry-run');
    expect(code).toBe(0);
    expect(output).toContain('cars-0  offsets 0 to 15, 15 records at most  1970-01-01T00:16:40.000Z');
    expect(output).toContain('30 records at most');
    expect(output).toContain('makes     prices.replay-v2 (2 partitions, kept for ever) instead of prices');
    expect(output).toMatch(/takes {5}about .* records\/s \(measured on 30 of them in memory\)/);
    expect((await replay('list')).output).toBe('there is no replay of prices');
  });

  test('another model, compared with what the live application wrote: one command', async () => {
    const page = join(folder, 'report.html');
    const command = [topology, '--name', 'v2', '--from', '1970-01-01T00:16:50Z', '--model', join(folder, 'second.ts')];
    const compared = ['--compare', '--html', page, '--fail-if', 'price.max > 28', '--json'];
    const { code, output } = await replay(...command, ...compared);
    expect(code).toBe(3);
    const events = output.split('\n').map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['plan', 'progress', 'finished', 'compared', 'error']),
    );
    const report = events.find(({ event }) => event === 'compared');
    // Cars 10 to 29; there - here is the mileage itself.
    expect(report).toMatchObject({ joined: 20, equal: 0, changed: 20, onlyHere: 0, onlyThere: 0 });
    expect(report.fields.price.difference).toMatchObject({ count: 20, mean: 19.5, min: 10, max: 29 });
    expect(await readFile(page, 'utf8')).toContain('uPlot');
    expect(await pricesIn('prices.replay-v2')).toEqual(
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`car-${i + 10}`, (i + 10) * 2])),
    );

    const again = await replay(...command);
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).toContain("replay 'v2' has finished before; there is nothing left to do");
    const other = await replay(topology, '--name', 'v2');
    expect(other.code).toBe(2);
    expect(other.errorOutput).toContain('give the same to go on with it, choose another --name, or delete it');
  });

  test('list, status and delete', async () => {
    expect((await replay('list')).output).toMatch(/^v2 {3}finished {3}20 of 20 offsets/);
    const { output } = await replay('status', 'v2');
    expect(output).toContain('cars-1  offsets 5 to 15, committed 15');
    expect((await replay('delete', 'v2')).output).toContain('topic prices.replay-v2');
    expect(await replay('status', 'v2')).toMatchObject({ code: 2 });
  });

  test('some keys, some partitions, or what a file says yes to', async () => {
    await replay(topology, '--name', 'keys', '--keys', 'car-3,car-4');
    expect(await pricesIn('prices.replay-keys')).toEqual({ 'car-3': 3, 'car-4': 4 });
    const filter = ['--filter', join(folder, 'even.ts'), '--partitions', '0', '--to', '0=3'];
    await replay(topology, '--name', 'even', ...filter);
    expect(await pricesIn('prices.replay-even')).toEqual({ 'car-0': 0, 'car-2': 2, 'car-4': 4 });
  });

  test('into the live topic only when somebody has said yes, at the rate that was asked for', async () => {
    const command = [
      topology,
      '--name',
      'live',
      '--into-live',
      '--model',
      join(folder, 'second.ts'),
      '--keys',
      'car-7',
    ];
    const asked = await replay(...command);
    expect(asked.code).toBe(2);
    expect(asked.output).toContain('WRITES    prices, the live topic');
    expect(asked.errorOutput).toContain(
      '--into-live writes into prices, which others read: say --yes if that is meant',
    );
    expect((await pricesIn('prices'))['car-7']).toBe(7);
    const startedAt = performance.now();
    expect((await replay(...command, '--yes', '--rate', '20')).code).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
    expect((await pricesIn('prices'))['car-7']).toBe(14);
  });
});

test('millrace record writes what a test replays', async () => {
  const file = join(folder, 'cars.jsonl');
  const command = ['record', 'cars', '--to', file, '--from', '1970-01-01T00:17:00Z', '--limit', '3'];
  expect(await millrace([...command, ...common], env)).toMatchObject({ code: 0 });
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).timestamp)).toEqual([1_020_000, 1_022_000, 1_024_000]);
});
