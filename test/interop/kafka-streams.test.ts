/** An operator of ours inside a KStream of nodefluent's kafka-streams: the real package, its streams fed in memory. */
import { KafkaStreams, type KStream, type StreamDSL } from 'kafka-streams';
import {
  compose,
  filter,
  keyValueStore,
  mapAsync,
  mapValues,
  operator,
  processValues,
  recordOf,
  type StreamRecord,
  selectKey,
  type ValueProcessorContext,
} from 'millrace';
import { type KafkaMessage, recordOfMessage, through } from 'millrace/kafka-streams';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface Car {
  readonly id: number;
  readonly model: string;
  readonly price: number;
}

let streams: KafkaStreams;
let cars: KStream;
beforeEach(() => {
  streams = new KafkaStreams({ kafkaHost: '127.0.0.1:1', groupId: 'bridge', clientName: 'bridge', options: {} });
  cars = streams.getKStream('cars');
});
afterEach(async () => {
  await streams.closeAll();
});

const focus = { id: 1, model: 'Focus', price: 9_800 };
const mustang = { id: 2, model: 'Mustang', price: 32_500 };
const message = (value: unknown, offset = 0): KafkaMessage => ({
  key: 'k',
  value,
  topic: 'cars',
  partition: 3,
  offset,
  timestamp: 1_000 + offset,
});

/** Gathers what comes out, and how it ends. */
function gathered(stream: StreamDSL): { readonly messages: unknown[]; readonly ended: Promise<void> } {
  const messages: unknown[] = [];
  return { messages, ended: stream.forEach((each) => void messages.push(each)) };
}

test('its records go through an operator and come back as messages of a KStream', async () => {
  const cheap = through(
    cars,
    filter((car: Car) => car.price < 10_000),
  );
  const { messages } = gathered(cheap.map(({ key, value }) => `${key}: ${value.model}`));
  cars.writeToStream([message(focus), message(mustang)]);
  await expect.poll(() => messages).toEqual(['k: Focus']);
});

test('what comes out names no topic and no partition, which would redirect its to()', async () => {
  const { messages } = gathered(
    through(
      cars,
      mapValues((car: Car) => car.price),
    ),
  );
  cars.writeToStream([message(focus, 5)]);
  await expect.poll(() => messages).toEqual([{ key: 'k', value: 9_800, timestamp: 1_005 }]);
});

test('steps of kafka-streams stand before and behind it', async () => {
  const decoded = cars.mapJSONConvenience();
  const keyed = through(
    decoded,
    selectKey((car: Car) => car.model),
  );
  const { messages } = gathered(keyed.mapStringify().take(1));
  const value = Buffer.from(JSON.stringify(focus));
  cars.writeToStream([{ ...message(value), key: Buffer.from('1') }]);
  await expect.poll(() => messages).toEqual([JSON.stringify({ key: 'Focus', value: focus, timestamp: 1_000 })]);
});

test('an asynchronous operator keeps the order, though the first answer comes last', async () => {
  let answerFirst = (_: string) => {};
  const first = new Promise<string>((resolve) => {
    answerFirst = resolve;
  });
  const slow = mapAsync((car: Car) => (car.id === 1 ? first : Promise.resolve('second')));
  const { messages } = gathered(through(cars, slow).map(({ value }) => value));
  cars.writeToStream([message(focus), message(mustang)]);
  await new Promise(setImmediate);
  expect(messages).toEqual([]);
  answerFirst('first');
  await expect.poll(() => messages).toEqual(['first', 'second']);
});

/** How often each model was met. */
function counted() {
  const counts = keyValueStore<string, number>('counts');
  return processValues({
    stores: [counts],
    process({ value, key }: StreamRecord<Car, string>, context: ValueProcessorContext<string, string>) {
      const count = (context.store(counts).get(value.model) ?? 0) + 1;
      context.store(counts).put(value.model, count);
      context.forward(`${key}: ${value.model} ${count}`);
    },
  });
}

test('stores work, in memory, and compose joins operators', async () => {
  const shouted = compose(
    counted(),
    mapValues((text: string) => text.toUpperCase()),
  );
  const { messages } = gathered(through(cars, shouted).map(({ value }) => value));
  cars.writeToStream([message(focus, 0), message(focus, 1), message(mustang, 2)]);
  await expect.poll(() => messages).toEqual(['K: FOCUS 1', 'K: FOCUS 2', 'K: MUSTANG 1']);
});

test('two streams of one KStream have state of their own', async () => {
  const values = () => gathered(through(cars, counted()).map(({ value }) => value)).messages;
  const [a, b] = [values(), values()];
  cars.writeToStream([message(focus, 0), message(focus, 1)]);
  await expect.poll(() => [a, b]).toEqual(Array(2).fill(['k: Focus 1', 'k: Focus 2']));
});

describe('what fails errors the stream', () => {
  test('a callback that throws', async () => {
    const broken = mapValues((car: Car) => {
      if (car.id === 2) throw new Error('no price for a Mustang');
      return car.model;
    });
    const { messages, ended } = gathered(through(cars, broken));
    const told = expect(ended).rejects.toThrow('no price for a Mustang');
    cars.writeToStream([message(focus), message(mustang), message(focus)]);
    await told;
    expect(messages).toHaveLength(1);
  });

  test('what is no message', async () => {
    const { ended } = gathered(
      through(
        cars.map(({ value }) => value.model),
        filter(() => true),
      ),
    );
    const told = expect(ended).rejects.toThrow('takes messages { key, value');
    cars.writeToStream([message(focus)]);
    await told;
  });
});

describe('a message as a record', () => {
  test('keeps its place, and its time', () => {
    expect(recordOfMessage({ ...message(focus, 7) })).toEqual(
      recordOf('k', focus, { topic: 'cars', partition: 3, offset: 7, timestamp: 1_007 }),
    );
  });

  test('kafkajs gives offset and timestamp as text', () => {
    const { offset, timestamp } = recordOfMessage({ key: null, value: null, offset: '12', timestamp: '1700000000000' });
    expect([offset, timestamp]).toEqual([12, 1_700_000_000_000]);
  });

  test.each<[string, KafkaMessage['headers'], StreamRecord['headers']]>([
    ['none', undefined, []],
    ['no list', null, []],
    [
      'of node-rdkafka',
      [{ a: Buffer.from('1') }, { a: '2' }],
      [
        { key: 'a', value: Buffer.from('1') },
        { key: 'a', value: Buffer.from('2') },
      ],
    ],
    [
      'of kafkajs',
      { a: Buffer.from('1'), b: [Buffer.from('2'), '3'] },
      [
        { key: 'a', value: Buffer.from('1') },
        { key: 'b', value: Buffer.from('2') },
        { key: 'b', value: Buffer.from('3') },
      ],
    ],
    ['without a value', { a: undefined }, [{ key: 'a', value: null }]],
  ])('headers: %s', (_name, headers, expected) => {
    expect(recordOfMessage({ key: 'k', value: 1, headers: headers as KafkaMessage['headers'] }).headers).toEqual(
      expected,
    );
  });

  test('an operator reads them', async () => {
    const withHeader = operator('with-header', {
      process: (record: StreamRecord<Car>, context) =>
        context.forward({ ...record, value: record.headers.map(({ key }) => key).join() }),
    });
    const { messages } = gathered(through(cars, withHeader).map(({ value }) => value));
    cars.writeToStream([{ ...message(focus), headers: [{ traceparent: Buffer.from('00') }] }]);
    await expect.poll(() => messages).toEqual(['traceparent']);
  });
});
