/** The examples of docs/testing.md. What the guide shows is here word for word; guide-in-docs.test.ts compares. */
import {
  avroContract,
  bytes,
  type Change,
  compose,
  earlierValues,
  enrich,
  filter,
  foreach,
  json,
  keyValueStore,
  mapValues,
  memoryEngines,
  onnx,
  operator,
  type ProcessorContext,
  predict,
  processValues,
  recordOf,
  type StreamRecord,
  string,
  topic,
  topology,
  type ValueProcessorContext,
  withValue,
} from 'millrace';
import { DEAD_LETTERS, fake, MemoryRegistry, marbles, replayFile, TopologyTestDriver } from 'millrace/testing';
import { expect, test } from 'vitest';
import { features, fordPrice } from '../../models/ford/index.js';
import { type Car, type CarKey, carChanges, pricedCars } from '../../schemas/cars.js';
import { predictions } from '../../state/cars.js';
import carPrices from '../../topology/car-prices.js';

const focus: Car = {
  id: 1,
  model: 'Focus',
  year: 2018,
  transmission: 'Manual',
  mileage: 9_083,
  fueltype: 'Petrol',
  tax: 150,
  mpg: 57.7,
  enginesize: 1,
};
const fiesta: Car = { ...focus, id: 2, model: 'Fiesta', mileage: 12_456 };

/** A change as Debezium writes it. */
function created(row: Car, lsn = 100): Change<Car> {
  return {
    before: null,
    after: row,
    source: {
      version: '3.6.0.Final',
      connector: 'postgresql',
      name: 'car_database',
      ts_ms: 1_000,
      snapshot: 'false',
      db: 'car_database',
      sequence: `[null,"${lsn}"]`,
      schema: 'public',
      table: 'car_data',
      txId: 7,
      lsn,
    },
    op: 'c',
    ts_ms: 1_050,
    transaction: null,
  };
}

test(
  'doubles',
  marbles(({ cold, expectRecords }) => {
    const one = recordOf('k', 1);
    const two = recordOf('k', 2);
    const numbers = cold('      a-b-|', { a: one, b: two });
    const doubled = numbers.pipe(mapValues((n) => n * 2));
    expectRecords(doubled).toBe('A-B-|', { A: withValue(one, 2), B: withValue(two, 4) });
  }),
);

const row = (car: Car): StreamRecord<Car, CarKey> => recordOf({ id: car.id }, car);
const priced = (car: Car, price: number) => recordOf({ id: car.id }, { ...car, suggestedprice: price });
const pricing = (model: typeof fordPrice) =>
  compose(
    predict(model, { features: (car: Car) => features(car), remember: predictions, timeout: 100 }),
    enrich((car: Car, price: number) => ({ ...car, suggestedprice: price })),
  );

test(
  'an unchanged car is not asked twice',
  marbles(({ cold, fake, stores, expectRecords }) => {
    const model = fake(fordPrice, { delay: 1, answer: 9_000 });
    const cars = cold('                         a-b-a-|', { a: row(focus), b: row(fiesta) });
    expectRecords(cars.pipe(pricing(model))).toBe('-a-ba-|', { a: priced(focus, 9_000), b: priced(fiesta, 9_000) });
    return () => {
      expect(model.asked).toBe(2);
      expect(stores(predictions).get({ id: 1 })?.prediction).toBe(9_000);
    };
  }),
);

test(
  'answers keep the order of the cars',
  marbles(({ cold, fake, expectRecords }) => {
    const model = fake(fordPrice, { delay: (car) => (car.model === 'Focus' ? 5 : 1), answer: 9_000 });
    const cars = cold('                         ab---|', { a: row(focus), b: row(fiesta) });
    expectRecords(cars.pipe(pricing(model))).toBe('-----(ab|)', { a: priced(focus, 9_000), b: priced(fiesta, 9_000) });
  }),
);

test(
  'a question that is not answered fails the record',
  marbles(({ cold, fake, expectRecords }) => {
    const model = fake(fordPrice, { delay: Number.POSITIVE_INFINITY, answer: 9_000 });
    expectRecords(cold('a|', { a: row(focus) }).pipe(pricing(model))).toBe('100ms #', {}, /no answer within 100 ms/);
  }),
);

test('a price for every car', async () => {
  const model = fake(fordPrice, { answer: 9_000 });
  const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': model }, encoding: 'json' });
  driver.createInputTopic(carChanges).pipeInput({ id: 1 }, created(focus));
  await driver.settled();
  expect(driver.createOutputTopic(pricedCars).readRecord()?.value).toMatchObject({ id: 1, suggestedprice: 9_000 });
  expect(driver.getStateStore(predictions).has({ id: 1 })).toBe(true);
  await driver.close();
});

test('a slow model holds nothing up but its own record', async () => {
  const model = fake(fordPrice, { delay: 200, answer: 9_000 });
  const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': model }, encoding: 'json' });
  driver.createInputTopic(carChanges).pipeInput({ id: 1 }, created(focus));
  await driver.settled();
  expect(driver.inFlight).toBe(1);
  await driver.advanceWallClockTime(200);
  expect(driver.createOutputTopic(pricedCars).queueSize).toBe(1);
  await driver.close();
});

test('a car that the model cannot price becomes a dead letter, and the next one is priced', async () => {
  const model = fake(fordPrice, { answer: (car) => (car.model === 'Focus' ? new Error('no such car') : 8_000) });
  const models = { 'ford-price': model };
  const driver = await TopologyTestDriver.open(carPrices, { models, onError: 'dead-letter', encoding: 'json' });
  const input = driver.createInputTopic(carChanges);
  input.pipeInput({ id: 1 }, created(focus));
  input.pipeInput({ id: 2 }, created(fiesta));
  await driver.settled();
  expect(driver.createOutputTopic(pricedCars).readValuesToList()).toMatchObject([{ id: 2, suggestedprice: 8_000 }]);
  expect(driver.dropped[0]?.message).toMatch(/car_data-0@0 failed in MILLRACE-PREDICT-.*no such car/);
  const letters = driver.createOutputTopic(topic(DEAD_LETTERS, { key: json<CarKey>(), value: bytes() }));
  expect(letters.readRecord()?.key).toEqual({ id: 1 });
  await driver.close();
});

test('the model that goes into production', async () => {
  const model = onnx<object>('models/ford/ford_price.onnx');
  const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': model }, encoding: 'json' });
  driver.createInputTopic(carChanges).pipeInput({ id: 1 }, created(focus));
  await driver.settled();
  expect(driver.createOutputTopic(pricedCars).readValue()?.suggestedprice).toBeCloseTo(13_741, 0);
  await driver.close();
});

const readings = topic('readings', { key: string(), value: json<number>() });
const sums = keyValueStore<string, number>('sums');

const hourly = topology('hourly', ({ stream }) => {
  stream(readings)
    .pipe(
      operator('sums', {
        stores: [sums],
        init(context: ProcessorContext<StreamRecord<number, string>>) {
          context.schedule(3_600_000, 'wall-clock-time', (timestamp) => {
            for (const [key, sum] of context.store(sums).entries()) context.forward(recordOf(key, sum, { timestamp }));
          });
        },
        process({ key, value }: StreamRecord<number, string>, context) {
          context.store(sums).put(key, (context.store(sums).get(key) ?? 0) + value);
        },
      }),
    )
    .to(topic('sums', { key: string(), value: json<number>() }));
});

test('sums come out every hour', async () => {
  const driver = await TopologyTestDriver.open(hourly);
  const input = driver.createInputTopic(readings);
  const output = driver.createOutputTopic(topic('sums', { key: string(), value: json<number>() }));
  input.pipeInput('hall', 19, { timestamp: 1_000 });
  input.pipeInput('hall', 2);
  expect(output.isEmpty).toBe(true);
  await driver.advanceWallClockTime(3_600_000);
  expect(output.readRecord()).toMatchObject({ key: 'hall', value: 21, timestamp: 3_600_000 });
  await driver.close();
});

interface Reading {
  readonly celsius: number;
  readonly place: string | null;
}
const before = { type: 'record', name: 'Reading', fields: [{ name: 'celsius', type: 'double' }] };
const after = { ...before, fields: [...before.fields, { name: 'place', type: ['null', 'string'], default: null }] };

const measured = topic('measured', { key: string(), value: avroContract<Reading>(after) });
const warm = topic('warm', { key: string(), value: avroContract<Reading>(after) });
const warmOnly = topology('warm-only', ({ stream }) => {
  stream(measured)
    .pipe(filter(({ celsius }) => celsius > 20))
    .to(warm);
});

test('a producer and a consumer of the version before go on', async () => {
  const driver = await TopologyTestDriver.open(warmOnly, { encoding: new MemoryRegistry().encoding() });
  const old = { key: string(), value: avroContract<Pick<Reading, 'celsius'>>(before) };
  driver.createInputTopic(topic('measured', old)).pipeInput('hall', { celsius: 21 });
  driver.createInputTopic(measured).pipeInput('yard', { celsius: 22, place: 'gate' });
  expect(driver.createOutputTopic(warm).readValuesToList()).toEqual([
    { celsius: 21, place: null },
    { celsius: 22, place: 'gate' },
  ]);
  expect(driver.createOutputTopic(topic('warm', old)).readValuesToList()).toEqual([{ celsius: 21 }, { celsius: 22 }]);
  await driver.close();
});

interface Visits {
  readonly count: number;
  readonly last: number | null;
}
const counts = keyValueStore<string, number>('visits');
const visits = keyValueStore<string, Visits>('visits', {
  version: 2,
  earlier: [earlierValues(1, json<number>(), (count): Visits => ({ count, last: null }))],
});
const pages = topic('pages', { key: string(), value: json<number>() });

const firstVersion = topology('visits', ({ stream }) => {
  stream(pages).pipe(
    processValues({
      stores: [counts],
      process({ key }: StreamRecord<number, string>, context: ValueProcessorContext<string, number>) {
        context.store(counts).put(key, (context.store(counts).get(key) ?? 0) + 1);
      },
    }),
    foreach(() => {}),
  );
});
const secondVersion = topology('visits', ({ stream }) => {
  stream(pages).pipe(
    processValues({
      stores: [visits],
      process({ key, value: last }: StreamRecord<number, string>, context: ValueProcessorContext<string, number>) {
        const count = (context.store(visits).get(key)?.count ?? 0) + 1;
        context.store(visits).put(key, { count, last });
      },
    }),
    foreach(() => {}),
  );
});

test('the second version goes on with what the first one has remembered', async () => {
  const engines = memoryEngines();
  const first = await TopologyTestDriver.open(firstVersion, { engines });
  for (const page of ['/', '/about', '/']) first.createInputTopic(pages).pipeInput(page, 1);
  await first.close();

  const second = await TopologyTestDriver.open(secondVersion, { engines });
  second.createInputTopic(pages).pipeInput('/', 7);
  expect(Object.fromEntries(second.getStateStore(visits).entries())).toEqual({
    '/': { count: 3, last: 7 },
    '/about': { count: 1, last: null },
  });
  await second.close();

  await expect(TopologyTestDriver.open(firstVersion, { engines })).rejects.toThrow(/version 2 by a newer program/);
});

test('what was recorded is priced, with its timestamps', async () => {
  const model = fake(fordPrice, { answer: 9_000 });
  const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': model } });
  replayFile('test/fixtures/debezium-3.6/json-with-schema.jsonl').pipeInto(driver.createInputTopic(carChanges));
  await driver.settled();
  const [first] = driver.createOutputTopic(pricedCars).readRecordsToList();
  expect(first).toMatchObject({ key: { id: 1 }, value: { suggestedprice: 9_000 }, timestamp: 1_795_232_653_063 });
  await driver.close();
});
