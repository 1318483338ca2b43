import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import {
  bytes,
  type Change,
  changePositions,
  changes,
  distinct,
  enrich,
  filter,
  foreach,
  json,
  keyValueStore,
  long,
  mapAsync,
  mapValues,
  memoryEngines,
  model,
  onnx,
  operator,
  otherwise,
  type ProcessorContext,
  predict,
  predictionMemory,
  processValues,
  RecordError,
  recordOf,
  type Serde,
  type StoreDeclaration,
  type StreamRecord,
  string,
  type Topology,
  topic,
  topology,
  type ValueProcessorContext,
} from 'millrace';
import { DEAD_LETTERS, fake, TopologyTestDriver, type TopologyTestDriverOptions } from 'millrace/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Car, carChanges, pricedCars } from '../../schemas/cars.js';
import { delivered, predictions } from '../../state/cars.js';
import carPrices from '../../topology/car-prices.js';

const numbers = topic('numbers', { key: string(), value: json<number>() });
const words = topic('words', { key: string(), value: json<string>() });
const results = topic('results', { key: string(), value: json<number | string>() });
const others = topic('others', { key: string(), value: json<number | string>() });
const rawDeadLetters = topic(DEAD_LETTERS, { key: bytes(), value: bytes() });

async function driving(running: Topology, options: TopologyTestDriverOptions = {}): Promise<TopologyTestDriver> {
  const driver = await TopologyTestDriver.open(running, options);
  onTestFinished(() => driver.close());
  return driver;
}

const doubled = topology('doubled', ({ stream }) => {
  stream(numbers)
    .pipe(mapValues((n) => n * 2))
    .to(results);
});

describe('records in and out', () => {
  test('are read once each, as records, values or pairs', async () => {
    const driver = await driving(doubled);
    const input = driver.createInputTopic(numbers);
    const output = driver.createOutputTopic(results);
    expect(output.isEmpty).toBe(true);
    expect([output.readRecord(), output.readValue(), output.readKeyValue()]).toEqual([undefined, undefined, undefined]);
    for (const n of [1, 2, 3, 4, 5]) input.pipeInput('k', n);
    expect(output.queueSize).toBe(5);
    expect(output.readValue()).toBe(2);
    expect(output.readKeyValue()).toEqual(['k', 4]);
    expect(output.readRecord()).toMatchObject({ key: 'k', value: 6, topic: 'results', partition: 0, offset: 2 });
    expect(output.readValuesToList()).toEqual([8, 10]);
    expect(output.isEmpty).toBe(true);
    expect(driver.createOutputTopic(results).readRecordsToList()).toHaveLength(5);
  });

  test('carry timestamps and headers; without a timestamp it is that of the clock', async () => {
    const driver = await driving(doubled, { initialWallClockTimeMs: 5_000 });
    const input = driver.createInputTopic(numbers);
    const headers = [{ key: 'trace', value: Buffer.from('abc') }];
    input.pipeInput('k', 1, { timestamp: 77, headers });
    input.pipeInput('k', 2);
    await driver.advanceWallClockTime(30);
    input.pipeInput('k', 3);
    const read = driver.createOutputTopic(results).readRecordsToList();
    expect(read.map(({ timestamp }) => timestamp)).toEqual([77, 5_000, 5_030]);
    expect(read.map((record) => record.headers)).toEqual([headers, [], []]);
  });

  test('bytes are piped as they would lie in the topic', async () => {
    const driver = await driving(doubled);
    const parts = { timestamp: 9, headers: [{ key: 'h', value: null }] };
    driver.createInputTopic(numbers).pipeBytes(Buffer.from('k'), Buffer.from('21'), parts);
    expect(driver.createOutputTopic(results).readRecord()).toMatchObject({ key: 'k', value: 42, ...parts });
  });

  test('what Debezium wrote goes through as bytes, its schema with it', async () => {
    const recorded = changes<{ id: number }, { id: number }>('car_database.public.car_data');
    const seen: StreamRecord[] = [];
    const watching = topology('watching', ({ stream }) => {
      stream(recorded)
        .pipe(
          filter((_change, record) => {
            seen.push(record);
            return true;
          }),
          mapValues((change) => change?.op ?? 'none'),
        )
        .to(topic('ops', { key: json<{ id: number }>(), value: json<string>() }));
    });
    const driver = await driving(watching);
    const input = driver.createInputTopic(recorded);
    const lines = readFileSync(new URL('../fixtures/debezium-3.6/json-with-schema.jsonl', import.meta.url), 'utf8');
    for (const line of lines.trim().split('\n')) {
      const { key, value, timestamp } = JSON.parse(line);
      const decoded = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'));
      input.pipeBytes(decoded(key), decoded(value), { timestamp });
    }
    expect(seen).toHaveLength(17);
    expect(seen[0]?.valueSchema?.name).toBe('car_database.public.car_data.Envelope');
  });

  test('a topic that the topology does not know is refused, with those that it knows', async () => {
    const driver = await driving(doubled);
    expect(() => driver.createInputTopic(words)).toThrow(
      /'words' is not read by the topology 'doubled'; it reads numbers/,
    );
    expect(() => driver.createInputTopic(results)).toThrow(/'results' is not read/);
    expect(() => driver.createOutputTopic(words)).toThrow(/'words' is no topic.*numbers, results, dead-letters/);
    expect(() => driver.getStateStore(keyValueStore('counts'))).toThrow(/no store 'counts'; its stores are: none/);
  });
});

describe('several topics', () => {
  test('inputs, branches, merges and sinks that choose', async () => {
    const driver = await driving(
      topology('flow', ({ stream }) => {
        const { small, rest } = stream(numbers).split({ small: (n) => n < 10, rest: otherwise });
        small
          .pipe(mapValues((n) => `${n}`))
          .merge(stream(words))
          .to((record) => (record.value === 'other' ? others : results), { possible: [results, others] });
        rest.to(others);
      }),
    );
    driver.createInputTopic(numbers).pipeInput('k', 1);
    driver.createInputTopic(words).pipeInput('k', 'two');
    driver.createInputTopic(words).pipeInput('k', 'other');
    driver.createInputTopic(numbers).pipeInput('k', 30);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual(['1', 'two']);
    expect(driver.createOutputTopic(others).readValuesToList()).toEqual(['other', 30]);
  });

  test('what is written to a topic that is read goes on there', async () => {
    const between = topic('between', { key: string(), value: json<number>() });
    const driver = await driving(
      topology('two-steps', ({ stream }) => {
        stream(numbers)
          .pipe(mapValues((n) => n + 1))
          .to(between);
        stream(between)
          .pipe(mapValues((n) => n * 10))
          .to(results);
      }),
    );
    driver.createInputTopic(numbers).pipeInput('k', 1);
    expect(driver.createOutputTopic(between).readValuesToList()).toEqual([2]);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([20]);
    driver.createInputTopic(between).pipeInput('k', 5);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([20, 50]);
  });

  test('a failure there is thrown too, and what came before it stays', async () => {
    const between = topic('between', { key: string(), value: json<number>() });
    const driver = await driving(
      topology('two-steps', ({ stream }) => {
        stream(numbers)
          .pipe(mapValues((n) => n + 1))
          .to(between);
        stream(between)
          .pipe(
            mapValues((n) => {
              if (n === 3) throw new Error('not three');
              return n;
            }),
          )
          .to(results);
      }),
    );
    const input = driver.createInputTopic(numbers);
    input.pipeInput('k', 1);
    expect(() => input.pipeInput('k', 2)).toThrow(/between-0@1 failed.*not three/);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([2]);
  });
});

const counts = keyValueStore<string, number>('counts');

/** Counts each key, and forwards the counts when time has passed. */
const counting = (by: 'stream-time' | 'wall-clock-time') =>
  topology('counting', ({ stream }) => {
    stream(numbers)
      .pipe(
        operator('counting', {
          stores: [counts],
          init(context: ProcessorContext<StreamRecord<number, string>>) {
            context.schedule(100, by, (timestamp) => {
              for (const [key, count] of context.store(counts).entries()) {
                context.forward(recordOf(key, count, { timestamp }));
              }
            });
          },
          process(record: StreamRecord<number, string>, context: ProcessorContext<StreamRecord<number, string>>) {
            context.store(counts).put(record.key, (context.store(counts).get(record.key) ?? 0) + 1);
          },
        }),
      )
      .to(results);
  });

describe('time', () => {
  test('punctuations come due as the wall clock is advanced', async () => {
    const driver = await driving(counting('wall-clock-time'));
    const input = driver.createInputTopic(numbers);
    const output = driver.createOutputTopic(results);
    const read = () => output.readRecordsToList().map(({ key, value, timestamp }) => [key, value, timestamp]);
    input.pipeInput('a', 1);
    input.pipeInput('a', 1, { timestamp: 1_000_000 });
    await driver.advanceWallClockTime(99);
    expect(read()).toEqual([]);
    await driver.advanceWallClockTime(1);
    expect(read()).toEqual([['a', 2, 100]]);
    input.pipeInput('b', 1);
    await driver.advanceWallClockTime(250);
    expect(read()).toEqual([
      ['a', 2, 200],
      ['b', 1, 200],
      ['a', 2, 300],
      ['b', 1, 300],
    ]);
  });

  test('or as timestamps advance, and the wall clock is no matter', async () => {
    const driver = await driving(counting('stream-time'));
    const input = driver.createInputTopic(numbers);
    const output = driver.createOutputTopic(results);
    input.pipeInput('a', 1, { timestamp: 1_000 });
    expect(output.readValuesToList()).toEqual([1]);
    await driver.advanceWallClockTime(500);
    input.pipeInput('a', 1, { timestamp: 1_099 });
    expect(output.readValuesToList()).toEqual([]);
    input.pipeInput('a', 1, { timestamp: 1_100 });
    expect(output.readRecord()).toMatchObject({ value: 3, timestamp: 1_100 });
  });

  test('what is synchronous has run when advanceWallClockTime returns', async () => {
    const driver = await driving(counting('wall-clock-time'));
    driver.createInputTopic(numbers).pipeInput('a', 1);
    const advanced = driver.advanceWallClockTime(100);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([1]);
    await advanced;
  });

  test('answers come before the timeouts behind them', async () => {
    const price = model<number, number>('price');
    const driver = await driving(
      topology('priced', ({ stream }) => {
        stream(numbers)
          .pipe(
            predict(price, { features: (n) => n, timeout: 300 }),
            enrich((n, p) => n + p),
            filter((n) => n !== null),
          )
          .to(results);
      }),
      { models: { price: fake(price, { answer: 1, delay: 200 }) } },
    );
    driver.createInputTopic(numbers).pipeInput('k', 1);
    expect(driver.inFlight).toBe(1);
    await driver.advanceWallClockTime(199);
    expect(driver.createOutputTopic(results).isEmpty).toBe(true);
    await driver.advanceWallClockTime(1_000);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([2]);
    expect(driver.inFlight).toBe(0);
  });

  test('a timeout fails its record when its time has come', async () => {
    const driver = await driving(
      topology('hanging', ({ stream }) => {
        stream(numbers)
          .pipe(mapAsync(() => new Promise<number>(() => undefined), { timeout: 300 }))
          .to(results);
      }),
    );
    driver.createInputTopic(numbers).pipeInput('k', 1);
    await driver.advanceWallClockTime(299);
    await expect(driver.advanceWallClockTime(1)).rejects.toThrow(/no result within 300 ms/);
  });
});

describe('records that fail', () => {
  const picky = topology('picky', ({ stream }) => {
    stream(numbers)
      .pipe(
        processValues({
          stores: [counts],
          process({ key, value }: StreamRecord<number, string>, context: ValueProcessorContext<string, number>) {
            const store = context.store(counts);
            store.put(key, (store.get(key) ?? 0) + 1);
            if (value < 0) throw new RangeError('below zero');
            context.forward(store.get(key)!);
          },
        }),
      )
      .to(results);
  });

  test('fail (the default) throws, and stops the topology before the record', async () => {
    const driver = await driving(picky);
    const input = driver.createInputTopic(numbers);
    input.pipeInput('k', 1);
    const failing = () => input.pipeInput('k', -1);
    expect(failing).toThrow(RecordError);
    expect(failing).toThrow(/'picky' has stopped, as an application would: numbers-0@1 failed.*below zero/);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([1]);
    expect(driver.getStateStore(counts).get('k')).toBe(1);
    await driver.settled();
  });

  test('skip goes on, and says what was dropped', async () => {
    const driver = await driving(picky, { onError: 'skip' });
    const input = driver.createInputTopic(numbers);
    for (const n of [1, -1, 3]) input.pipeInput('k', n);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([1, 2]);
    expect(driver.dropped).toMatchObject([
      {
        phase: 'processing',
        position: { topic: 'numbers', partition: 0, offset: 1 },
        cause: { message: 'below zero' },
      },
    ]);
    expect(driver.deadLetters).toEqual([]);
  });

  test('dead-letter keeps the bytes, and says in headers what was wrong', async () => {
    const driver = await driving(picky, { onError: 'dead-letter' });
    const headers = [{ key: 'trace', value: Buffer.from('abc') }];
    driver.createInputTopic(numbers).pipeInput('k', -1, { timestamp: 12, headers });
    const [letter] = driver.deadLetters;
    expect(letter).toMatchObject({ key: Buffer.from('k'), value: Buffer.from('-1'), timestamp: 12 });
    const said = Object.fromEntries(letter!.headers.map(({ key, value }) => [key, String(value)]));
    expect(said).toMatchObject({
      trace: 'abc',
      '__streams.errors.exception': 'RangeError',
      '__streams.errors.message': expect.stringContaining('below zero'),
      '__streams.errors.topic': 'numbers',
      '__streams.errors.partition': '0',
      '__streams.errors.offset': '0',
    });
    expect(driver.createOutputTopic(rawDeadLetters).readKeyValue()).toEqual([Buffer.from('k'), Buffer.from('-1')]);
  });

  test('a handler decides by the error', async () => {
    const driver = await driving(picky, { onError: ({ phase }) => (phase === 'deserialization' ? 'skip' : 'fail') });
    const input = driver.createInputTopic(numbers);
    input.pipeBytes(Buffer.from('k'), Buffer.from('no number'));
    expect(driver.dropped).toMatchObject([{ phase: 'deserialization' }]);
    expect(() => input.pipeInput('k', -1)).toThrow(/below zero/);
  });

  test('what a topic cannot take fails in production', async () => {
    const declared = changes<{ id: number }, { id: number }>('declared');
    const driver = await driving(
      topology('unwritable', ({ stream }) => {
        stream(declared)
          .pipe(mapValues(() => Symbol('no JSON') as unknown as string))
          .to(topic('ops', { key: json<{ id: number }>(), value: string() }));
      }),
      { onError: 'skip', encoding: 'json' },
    );
    driver.createInputTopic(declared).pipeInput({ id: 1 }, created({ id: 1 }));
    expect(driver.dropped).toMatchObject([{ phase: 'production' }]);
  });

  test('a record that fails later is thrown by settled', async () => {
    const driver = await driving(
      topology('late', ({ stream }) => {
        stream(numbers)
          .pipe(
            mapAsync(async (n) => {
              await turn();
              if (n < 0) throw new RangeError('below zero');
              return n;
            }),
          )
          .to(results);
      }),
    );
    driver.createInputTopic(numbers).pipeInput('k', 1);
    await driver.settled();
    driver.createInputTopic(numbers).pipeInput('k', -1);
    await turn();
    await expect(driver.settled()).rejects.toThrow(/numbers-0@1 failed.*below zero/);
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual([1]);
  });
});

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

function created<Row extends { readonly id: number }>(row: Row, lsn = 100): Change<Row> {
  const source = {
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
  } as const;
  return { before: null, after: row, source, op: 'c', ts_ms: 1_050, transaction: null };
}

describe('models and stores', () => {
  const keyed = { id: 1 };

  test('a store shows what finished records have left, and not what is in flight', async () => {
    const { fordPrice } = await import('../../models/ford/index.js');
    const price = fake(fordPrice, { answer: 9_000, delay: 10 });
    const driver = await driving(carPrices, { models: { 'ford-price': price }, encoding: 'json' });
    driver.createInputTopic(carChanges).pipeInput(keyed, created(focus));
    await driver.settled();
    expect(driver.inFlight).toBe(1);
    expect(driver.getStateStore(delivered).has(keyed)).toBe(false);
    await driver.advanceWallClockTime(10);
    expect(driver.getStateStore(delivered).get(keyed)).toMatchObject([{ position: { lsn: '100' }, offset: 0 }]);
    expect(driver.getStateStore(predictions).get(keyed)).toMatchObject({ prediction: 9_000, version: 'fake' });
    expect([...driver.getStateStore(predictions).entries()]).toHaveLength(1);
    expect(driver.events).toMatchObject({ asked: 1, duplicate: 0 });
    driver.createInputTopic(carChanges).pipeInput(keyed, created(focus));
    expect(driver.events).toMatchObject({ asked: 1, duplicate: 1 });
  });

  test('the real model answers before settled resolves', async () => {
    const ford = onnx<object>(new URL('../../models/ford/ford_price.onnx', import.meta.url));
    const driver = await driving(carPrices, { models: { 'ford-price': ford }, encoding: 'json' });
    const input = driver.createInputTopic(carChanges);
    input.pipeInput(keyed, created(focus));
    input.pipeInput({ id: 2 }, created({ ...focus, id: 2, mileage: 90_000 }));
    await driver.settled();
    const prices = driver.createOutputTopic(pricedCars).readValuesToList();
    expect(prices.map((row) => row?.id)).toEqual([1, 2]);
    expect(prices[0]?.suggestedprice).toBeGreaterThan(prices[1]!.suggestedprice);
    expect(driver.inFlight).toBe(0);
  });

  test('real time does not run into virtual timeouts', async () => {
    const ford = onnx<object>(new URL('../../models/ford/ford_price.onnx', import.meta.url));
    const driver = await driving(carPrices, { models: { 'ford-price': ford }, encoding: 'json' });
    driver.createInputTopic(carChanges).pipeInput(keyed, created(focus));
    await driver.advanceWallClockTime(3_600_000);
    expect(driver.createOutputTopic(pricedCars).queueSize).toBe(1);
  });

  test('a model that is not given is an error, which says what to give', async () => {
    await expect(TopologyTestDriver.open(carPrices)).rejects.toThrow(
      /the model 'ford-price' is not bound: give the driver models: \{ 'ford-price': fake\(…\) \}/,
    );
  });

  test('models are opened and closed by the driver, also when it does not come to be', async () => {
    const price = model<number, number>('price');
    const said: string[] = [];
    const watched = (name: string) => {
      const made = fake(price, { answer: 1 });
      return Object.assign(made, {
        open: async () => void said.push(`open ${name}`),
        close: async () => void said.push(`close ${name}`),
      });
    };
    const driver = await TopologyTestDriver.open(doubled, { models: { price: watched('one') } });
    await driver.close();
    const failing = Object.assign(fake(price, { answer: 1 }), { open: () => Promise.reject(new Error('no file')) });
    const models = { price: watched('two'), failing };
    await expect(TopologyTestDriver.open(doubled, { models })).rejects.toThrow('no file');
    await expect(TopologyTestDriver.open(carPrices, { models: { price: watched('three') } })).rejects.toThrow();
    expect(said).toEqual(['open one', 'close one', 'open two', 'close two', 'open three', 'close three']);
  });

  test('a memory of predictions forgets by the clock of the driver', async () => {
    const price = model<number, number>('price');
    const asked = fake(price, { answer: (n) => n });
    const driver = await driving(
      topology('forgetting', ({ stream }) => {
        stream(numbers)
          .pipe(
            predict(price, { features: (n) => n, remember: predictionMemory('short', { retentionMs: 1_000 }) }),
            mapValues((predicted) => `${predicted?.remembered}`),
          )
          .to(results);
      }),
      { models: { price: asked } },
    );
    const input = driver.createInputTopic(numbers);
    for (const wait of [500, 600, 0]) {
      input.pipeInput('k', 1);
      await driver.advanceWallClockTime(wait);
    }
    expect(driver.createOutputTopic(results).readValuesToList()).toEqual(['false', 'true', 'false']);
  });
});

describe('how models are asked', () => {
  const answers = topic('answers', { key: string(), value: json<number | null>() });
  const asking = topology('asking', ({ stream }) => {
    stream(numbers)
      .pipe(
        predict(model<number, number>('tens'), { features: (n: number) => n, timeout: 1_000 }),
        enrich((_n, answer: number) => answer),
      )
      .to(answers);
  });
  const tens = () => fake(model<number, number>('tens'), { answer: (n) => n * 10 });
  const pipe = (driver: TopologyTestDriver) => {
    for (const n of [1, 2, 3, 4, 5]) driver.createInputTopic(numbers).pipeInput('k', n);
  };

  test('maxRows of the binding, and of the model itself, limits a batch; the binding goes first', async () => {
    const bound = tens();
    const own = Object.assign(tens(), { batching: { maxRows: 3 } });
    const both = Object.assign(tens(), { batching: { maxRows: 3 } });
    for (const given of [{ model: bound, maxRows: 2, maxConcurrent: 1 }, own, { model: both, maxRows: 4 }]) {
      const driver = await driving(asking, { models: { tens: given } });
      pipe(driver);
      await driver.settled();
      expect(driver.createOutputTopic(answers).readValuesToList()).toEqual([10, 20, 30, 40, 50]);
    }
    expect([bound.batches, own.batches, both.batches]).toEqual([
      [2, 2, 1],
      [3, 2],
      [4, 1],
    ]);
  });

  test('maxWaitMs is of the clock of the driver', async () => {
    const patient = tens();
    const driver = await driving(asking, { models: { tens: { model: patient, maxWaitMs: 5 } } });
    pipe(driver);
    await driver.advanceWallClockTime(4);
    expect([patient.batches, driver.inFlight]).toEqual([[], 5]);
    await driver.advanceWallClockTime(1);
    expect([patient.batches, driver.inFlight]).toEqual([[5], 0]);
  });

  test('an option that is no number is refused by its name', async () => {
    const opened = TopologyTestDriver.open(asking, { models: { tens: { model: tens(), maxRows: 0 } } });
    await expect(opened).rejects.toThrow(/maxRows/);
  });
});

describe('stores that a driver before has left', () => {
  const counting = (store: StoreDeclaration<string, number>) =>
    topology('counting', ({ stream }) => {
      stream(numbers).pipe(
        processValues({
          stores: [store],
          process({ key, value }: StreamRecord<number, string>, context: ValueProcessorContext<string, number>) {
            context.store(store).put(key, (context.store(store).get(key) ?? 0) + value);
          },
        }),
        foreach(() => {}),
      );
    });

  test('are refused where they were written otherwise, and free again for who reads them', async () => {
    const engines = memoryEngines();
    const plain = counting(keyValueStore<string, number>('sums'));
    const first = await TopologyTestDriver.open(plain, { engines });
    first.createInputTopic(numbers).pipeInput('k', 7);
    await first.close();

    const other = counting(keyValueStore<string, number>('sums', { value: long() as Serde<number> }));
    await expect(TopologyTestDriver.open(other, { engines })).rejects.toThrow(
      /the store 'sums' cannot be read on: its values of version 1 were written as json, and are declared as long/,
    );
    const mistaken = topology('mistaken', ({ stream }) => {
      stream(numbers)
        .pipe(distinct({ remember: changePositions<string>('sums') }))
        .to(results);
    });
    await expect(TopologyTestDriver.open(mistaken, { engines })).rejects.toThrow(/declared to hold 'change positions'/);
    const retained = counting(keyValueStore<string, number>('sums', { retentionMs: 1_000 }));
    await expect(TopologyTestDriver.open(retained, { engines })).rejects.toThrow(/first retention.*changelog/);

    const again = await driving(plain, { engines });
    expect(again.getStateStore(keyValueStore<string, number>('sums')).get('k')).toBe(7);
  });
});
