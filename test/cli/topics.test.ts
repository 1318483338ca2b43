/** `millrace topics`: what is listed is what an application makes and looks for. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fordPrice } from '../../models/ford/index.js';
import { Application } from '../../src/app/application.js';
import { topicPlan } from '../../src/app/topic-plan.js';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { memoryEngines } from '../../src/state/memory.js';
import { fake } from '../../src/testing/fake.js';
import carPrices from '../../topology/car-prices.js';
import { temporaryFolder } from '../e2e/millrace-process.js';
import { millrace } from './command.js';

const SOURCE = 'car_database.public.car_data';
const INTERNAL = [
  'car-prices-delivered-changelog',
  'car-prices-predictions-changelog',
  `car-prices-${SOURCE}-redrive`,
] as const;
const [DELIVERED] = INTERNAL;

test('the plan has the topics that an application then has, with their settings', async () => {
  const broker = await openEmbeddedBroker();
  onTestFinished(() => broker.close());
  const settings = { 'application.id': 'car-prices', 'errors.dead.letter.queue.topic.name': 'dead' } as const;
  const plan = topicPlan(carPrices, settings);
  const admin = await broker.admin();
  const given = plan.filter(({ like }) => like === undefined);
  expect(given.map(({ topic, roles }) => [topic, ...roles])).toEqual([
    [SOURCE, 'source'],
    ['car_data_predicted', 'sink'],
    ['dead', 'dead-letter'],
  ]);
  await admin.createTopics(given.map(({ topic }) => ({ topic, partitions: 3 })));
  const models = { 'ford-price': fake(fordPrice, { answer: 1 }) };
  const app = new Application(carPrices, { ...settings, models }, { broker, engines: memoryEngines() });
  await app.start();
  await app.drain();
  expect((await admin.listTopics()).toSorted()).toEqual(plan.map(({ topic }) => topic).toSorted());
  for (const { topic, config } of plan.filter(({ like }) => like === SOURCE)) {
    expect(await admin.partitionCount(topic)).toBe(3);
    expect(await admin.topicConfig(topic)).toEqual(config);
  }
  await admin.close();
});

test('what is there, what is missing, and an internal topic with another number of partitions', async () => {
  const home = await temporaryFolder();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const broker = await openEmbeddedBroker({ directory: join(home, 'broker') });
  const admin = await broker.admin();
  await admin.createTopics([
    { topic: SOURCE, partitions: 3 },
    { topic: DELIVERED, partitions: 1 },
  ]);
  await admin.close();
  await broker.close();
  const ask = (...args: readonly string[]) =>
    millrace(['topics', 'topology/car-prices.ts', ...args], { MILLRACE_HOME: home });

  const { code, output } = await ask('--dev');
  expect(code).toBe(0);
  const said = new Map(output.split('\n').map((line) => [line.split(/ {3,}/)[0], line.split(/ {3,}/).at(-1)]));
  expect(Object.fromEntries(said)).toEqual({
    topic: 'on the broker',
    [SOURCE]: '3 partitions',
    car_data_predicted: 'missing: create it',
    [INTERNAL[0]]: `1 partition, and ${SOURCE} has 3`,
    [INTERNAL[1]]: 'missing: the application creates it',
    [INTERNAL[2]]: 'missing: the application creates it',
    car_prices_dead_letters: 'missing: create it',
  });
  const lines = (await ask('--dev', '--json')).output.split('\n').map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ event: 'topic', topic: SOURCE, roles: ['source'], found: 3 });
  expect(lines[1]).toMatchObject({ roles: ['sink'], found: null, config: { 'cleanup.policy': 'compact' } });
});
