/** Bytes that are no change of a car: the handler decides over the record, and the others go on. */
import { expect, test } from 'vitest';
import { fordPrice } from '../../models/ford/index.js';
import { fake } from '../../src/testing/fake.js';
import { altered, FOCUS, feed, KUGA } from './cars.js';

const model = () => fake(fordPrice, { answer: 9_000 });

const GARBAGE: Readonly<Record<string, { readonly key?: Buffer; readonly value: Buffer; readonly said: RegExp }>> = {
  'bytes of another kind': {
    value: Buffer.from([0xff, 0x00, 0x7b]),
    said: /\(deserialization\): there are bytes that are no UTF-8 at byte 0/,
  },
  'an empty value': { value: Buffer.alloc(0), said: /\(deserialization\): the JSON ends where a value was expected/ },
  'a value that is cut off': {
    value: FOCUS.value.subarray(0, -40),
    said: /\(deserialization\): the JSON ends before the object that begins at byte \d+/,
  },
  'an operation that Debezium has not': {
    value: altered('"op":"r"', '"op":"z"'),
    said: /\(deserialization\): the change is no envelope of Debezium: its 'op' is "z"/,
  },
  'a row that is no JSON': {
    value: altered('"mileage":9083', '"mileage":90x3'),
    said: /\(processing\): found 'x' where ',' or '}' was expected, at byte \d+/,
  },
  'a decimal that is none': {
    value: altered('"tax":"Opg="', '"tax":"%%%"'),
    said: /\(processing\): the field 'tax': the text "%%%" is no base64 text/,
  },
  'a value that its schema does not have': {
    value: altered('"mileage":9083', '"mileage":"many"'),
    said: /\(production\): the field 'mileage': an int32 was expected, and it is the text "many"/,
  },
  'a key that is no JSON': { key: Buffer.from('nonsense'), value: FOCUS.value, said: /\(deserialization\): found 'o'/ },
  'a key in another encoding': {
    key: Buffer.from('7'),
    value: FOCUS.value,
    said: /\(deserialization\): .*written with schemas\.enable=false; read it with the encoding json/,
  },
};

test.each(Object.entries(GARBAGE))('%s: skipped, the others go on', async (_name, { key = FOCUS.key, value, said }) => {
  const { driver, input, prices } = await feed(model(), { onError: 'skip' });
  input.pipeBytes(key, value);
  input.pipeBytes(KUGA.key, KUGA.value);
  await driver.settled();
  expect(prices()).toEqual({ Kuga: 9_000 });
  expect(driver.dropped.map(({ message }) => message)).toEqual([expect.stringMatching(said)]);
  // Whom the record is said to be of: where to find it.
  expect(driver.dropped[0]!.message).toMatch(/^car_database\.public\.car_data-0@0 failed in \S+ \(/);
  expect(driver.inFlight).toBe(0);
  driver.close();
});

test.each(Object.entries(GARBAGE))('%s: a dead letter, byte for byte', async (_name, { key = FOCUS.key, value }) => {
  const { driver, input, prices } = await feed(model(), { onError: 'dead-letter' });
  input.pipeBytes(key, value, { timestamp: 77 });
  input.pipeBytes(KUGA.key, KUGA.value);
  await driver.settled();
  expect(prices()).toEqual({ Kuga: 9_000 });
  const [letter, ...more] = driver.deadLetters;
  expect(more).toEqual([]);
  expect([letter!.key, letter!.value, letter!.timestamp]).toEqual([key, value, 77]);
  driver.close();
});

test.each(Object.entries(GARBAGE))('%s: fail stops before it', async (_name, { key = FOCUS.key, value, said }) => {
  const { driver, input, prices } = await feed(model(), { onError: 'fail' });
  input.pipeBytes(KUGA.key, KUGA.value);
  await driver.settled();
  const meeting = async () => {
    input.pipeBytes(key, value);
    await driver.settled();
  };
  await expect(meeting()).rejects.toThrow(said);
  expect(prices()).toEqual({ Kuga: 9_000 });
  driver.close();
});

test('what is JSON and no change is of no table: counted as filtered', async () => {
  const { driver, input, prices } = await feed(model(), { onError: 'fail' });
  for (const text of ['42', '"text"', '{"a":1}', '{"schema":null,"payload":{"a":1}}']) {
    input.pipeBytes(FOCUS.key, Buffer.from(text));
  }
  input.pipeBytes(KUGA.key, KUGA.value);
  await driver.settled();
  expect(prices()).toEqual({ Kuga: 9_000 });
  expect(driver.events.filtered).toBe(4);
  driver.close();
});

test('a change without a key cannot go to a compacted topic, and the message says what can be done', async () => {
  const { driver, input, prices } = await feed(model(), { onError: 'dead-letter' });
  input.pipeBytes(null, FOCUS.value);
  input.pipeBytes(null, KUGA.value);
  input.pipeBytes(KUGA.key, KUGA.value);
  await driver.settled();
  expect(prices()).toEqual({ Kuga: 9_000 });
  expect(driver.dropped.map(({ phase }) => phase)).toEqual(['production', 'production']);
  expect(driver.dropped[0]!.message).toMatch(
    /'car_data_predicted' has no key, and the topic is compacted.*primary key/,
  );
  expect(driver.deadLetters.map(({ key }) => key)).toEqual([null, null]);
  driver.close();
});
