import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RegistryError } from '../../../src/registry/registry-error.js';
import { subjectName } from '../../../src/registry/subject-name.js';
import { AvroReader } from '../../../src/serde/avro/avro-reader.js';
import { AvroSerde } from '../../../src/serde/avro/avro-serde.js';
import { AvroWriter } from '../../../src/serde/avro/avro-writer.js';
import { KnownSchemas, UNKNOWN_MS } from '../../../src/serde/avro/known-schemas.js';
import { readAvroSchema } from '../../../src/serde/avro/read-avro-schema.js';
import { REFUSED_MS, RegisteredSchemas } from '../../../src/serde/avro/registered-schemas.js';
import {
  array,
  bytes,
  decimal,
  float64,
  int8,
  int32,
  int64,
  optional,
  string,
  struct,
} from '../../../src/serde/connect-schema.js';
import { NotReady } from '../../../src/serde/serde.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';
import { contextOf } from '../recorded.js';
import { avroSerde, decoded, FakeRegistry, schemasOf } from './recorded-avro.js';

const CAR = { type: 'record', name: 'Car', namespace: 'cars', fields: [{ name: 'id', type: 'int' }] };
const car = struct('cars.Car', { id: int32 });

/** A value through a serde that has its schema registered. */
async function through(schema: Parameters<AvroSerde<unknown>['prepareToWrite']>[1], value: unknown): Promise<unknown> {
  const serde = avroSerde<unknown>(new FakeRegistry());
  await serde.prepareToWrite('cars', schema);
  return (await decoded(serde, serde.serialize(value, contextOf('cars', schema)))).value;
}

describe('where the id stands', () => {
  const value = Buffer.from([2]);
  const header = (key: string, bytes: readonly number[]) => ({ key, value: Buffer.from(bytes) });
  const guid = 'a5b9a5eb-8eb5-2ce5-ab57-bec231c10c0b';
  const guidBytes = [1, ...Buffer.from(guid.replaceAll('-', ''), 'hex')];

  test.each([
    ['before the value', Buffer.from([0, 0, 0, 0, 7, 2]), []],
    ['in a header, as a number', value, [header('__value_schema_id', [0, 0, 0, 0, 7])]],
    ['in a header, as a GUID', value, [header('other', [1]), header('__value_schema_id', guidBytes)]],
  ])('%s', async (_where, bytes, headers) => {
    const registry = new FakeRegistry(
      new Map<number | string, unknown>([
        [7, CAR],
        [guid, CAR],
      ]),
    );
    expect((await decoded(avroSerde(registry), bytes, headers)).value).toEqual({ id: 1 });
    expect(registry.asked).toHaveLength(1);
  });

  test("the key's header is not the value's", async () => {
    const registry = new FakeRegistry(new Map([[7, CAR]]));
    const headers = [header('__key_schema_id', [0, 0, 0, 0, 7])];
    expect((await decoded(avroSerde(registry, 'key'), value, headers)).value).toEqual({ id: 1 });
    await expect(decoded(avroSerde(registry), value, headers)).rejects.toThrow('do not begin with 00 and the id');
  });
});

describe('schemas are fetched', () => {
  test('once for each id, before a batch is decoded; then nothing is missing', async () => {
    const registry = new FakeRegistry(new Map([[7, CAR]]));
    const serde = avroSerde(registry);
    const part = { topic: 'cars', bytes: Buffer.from([0, 0, 0, 0, 7, 2]), headers: [] };
    await Promise.all([serde.prepare([part, part]), serde.prepare([part])]);
    expect(registry.asked).toEqual([7]);
    expect(serde.prepare([part, { ...part, bytes: null }])).toBeUndefined();
    expect(() => serde.deserialize(Buffer.from([0, 0, 0, 0, 8, 2]), contextOf())).toThrow(
      'the schema 8 was not fetched from http://registry.example: prepare() does that',
    );
  });

  test('an unknown id is asked for again only after a while', async () => {
    const clock = new VirtualClock(0);
    const registry = new FakeRegistry();
    const serde = new AvroSerde({ ...schemasOf(registry), known: new KnownSchemas(registry, clock) }, 'value');
    const bytes = Buffer.from([0, 0, 0, 0, 7, 2]);
    await expect(decoded(serde, bytes)).rejects.toThrow('does not give the schema 7: Schema not found');
    await expect(decoded(serde, bytes)).rejects.toThrow('does not give the schema 7');
    expect(registry.asked).toEqual([7]);
    registry.add(7, CAR);
    await clock.run(UNKNOWN_MS);
    expect((await decoded(serde, bytes)).value).toEqual({ id: 1 });
    expect(registry.asked).toEqual([7, 7]);
  });
});

describe('schemas are registered', () => {
  test('once for each subject; who writes before is told to wait', async () => {
    const registry = new FakeRegistry();
    const serde = avroSerde(registry);
    const early = (() => {
      try {
        return serde.serialize({ id: 1 }, contextOf('cars', car));
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(early).toBeInstanceOf(NotReady);
    await (early as NotReady).ready;
    expect(serde.serialize({ id: 1 }, contextOf('cars', car))).toEqual(Buffer.from([0, 0, 0, 0, 101, 2]));
    // The same schema, another object; another topic.
    await serde.prepareToWrite('cars', struct('cars.Car', { id: int32 }));
    await serde.prepareToWrite('vans', car);
    expect(registry.registered.map(({ subject }) => subject)).toEqual(['cars-value', 'vans-value']);
  });

  test('what was refused is refused for a while, then asked again', async () => {
    const clock = new VirtualClock(0);
    const registry = new FakeRegistry();
    let asked = 0;
    registry.register = async () => {
      asked += 1;
      if (asked === 1) throw new RegistryError('incompatible', 409);
      return 5;
    };
    const schemas = { ...schemasOf(registry), registered: new RegisteredSchemas(registry, 'register', clock) };
    const serde = new AvroSerde(schemas, 'value');
    await serde.prepareToWrite('cars', car);
    const write = () => serde.serialize({ id: 1 }, contextOf('cars', car));
    expect(write).toThrow("does not take the schema under 'cars-value': incompatible");
    expect(write).toThrow('incompatible');
    await clock.run(REFUSED_MS);
    await serde.prepareToWrite('cars', car);
    expect(write()).toEqual(Buffer.from([0, 0, 0, 0, 5, 2]));
    expect(asked).toBe(2);
  });

  test('or must be there, where nothing is to be registered', async () => {
    const registry = new FakeRegistry();
    const schemas = { ...schemasOf(registry), registered: new RegisteredSchemas(registry, 'refuse') };
    const serde = new AvroSerde(schemas, 'value');
    await serde.prepareToWrite('cars', car);
    expect(() => serde.serialize({ id: 1 }, contextOf('cars', car))).toThrow(
      "the schema is not registered under 'cars-value' at http://registry.example (Schema not found): register it first",
    );
    expect(registry.registered).toEqual([]);
  });

  test.each([
    ['TopicNameStrategy', 'Test.Topic-value'],
    ['RecordNameStrategy', 'protocol.Message'],
    ['TopicRecordNameStrategy', 'Test.Topic-protocol.Message'],
  ] as const)('under a subject by %s', (strategy, subject) => {
    expect(subjectName(strategy, 'Test.Topic', 'value', 'protocol.Message')).toBe(subject);
    if (strategy !== 'TopicNameStrategy') {
      expect(() => subjectName(strategy, 'Test.Topic', 'key', undefined)).toThrow('names subjects by records');
    }
  });
});

describe('values', () => {
  test('long integers are exact', async () => {
    const schema = struct('s', { n: int64, m: optional(int64) });
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), async (long) => {
        const exact = Number.isSafeInteger(Number(long)) ? Number(long) : long;
        expect(await through(schema, { n: long, m: long })).toEqual({ n: exact, m: exact });
      }),
      { numRuns: 200 },
    );
    for (const edge of [2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(await through(schema, { n: edge, m: null })).toEqual({ n: edge, m: null });
    }
  });

  test.each([
    ['a fraction', int32, 1.5, "the field 'f': 1.5 is no integer and the schema says int32"],
    ['out of range', int8, 200, "the field 'f': 200 is out of the range of int8"],
    ['a number that is not exact', int64, 2 ** 53, "the field 'f': 9007199254740992 is beyond 2^53"],
    ['digits that would be lost', decimal(2), '1.005', "the field 'f': 1.005 has more than 2 digits after the point"],
    ['null', string, null, "the field 'f': is null, and its schema is neither optional nor has it a default"],
    ['inside a list', array(int32), [1, 'x'], "the field 'f[1]': an int32 was expected"],
    ['a Date', string, new Date(0), 'times are numbers or texts as on the wire'],
  ])('are refused in the words of JSON: %s', async (_what, type, value, message) => {
    const schema = struct('s', { f: type });
    const serde = avroSerde(new FakeRegistry());
    await serde.prepareToWrite('cars', schema);
    expect(() => serde.serialize({ f: value }, contextOf('cars', schema))).toThrow(message);
  });

  test('a field that the schema does not have is told how to declare', async () => {
    const serde = avroSerde(new FakeRegistry());
    await serde.prepareToWrite('cars', car);
    expect(() => serde.serialize({ id: 1, price: 2 }, contextOf('cars', car))).toThrow('row.plus({ price: … })');
    expect(() => serde.serialize({ id: 1 }, contextOf('cars'))).toThrow("a value for the topic 'cars' has no schema");
  });

  test('NaN and the infinities, which Avro has, and bytes of any kind are written', async () => {
    expect(await through(struct('s', { f: float64 }), { f: Number.NaN })).toEqual({ f: Number.NaN });
    expect(await through(struct('s', { f: float64 }), { f: -Infinity })).toEqual({ f: -Infinity });
    expect(await through(struct('s', { f: bytes }), { f: new Uint8Array([1, 2]) })).toEqual({ f: Buffer.from([1, 2]) });
  });

  test('larger than the writer had room for', async () => {
    const text = 'x'.repeat(300_000);
    expect(await through(struct('s', { f: string }), { f: text })).toEqual({ f: text });
  });
});

test('texts that come again are the texts that were written, whatever came in their place', () => {
  const writer = new AvroWriter(readAvroSchema('string'));
  const reader = new AvroReader(readAvroSchema('string'));
  const fromBytes = new AvroReader(readAvroSchema('bytes'), readAvroSchema('string'));
  // More than are kept, with the same ones in between.
  const texts = [
    'Manual',
    '',
    'Škoda',
    'é',
    'Ã©',
    '\0',
    'x'.repeat(32),
    'x'.repeat(33),
    ...Array.from({ length: 4_000 }, (_, n) => `${n % 1_500}`),
  ];
  const written = texts.map((text) => writer.writeBare(text));
  for (let round = 0; round < 2; round += 1) {
    expect(written.map((bytes) => reader.read(bytes, 0))).toEqual(texts);
    expect(written.map((bytes) => fromBytes.read(bytes, 0))).toEqual(texts);
  }
  for (const bytes of written.slice(0, 8)) {
    if (bytes.length > 1) expect(() => reader.read(bytes.subarray(0, -1), 0)).toThrow(/end in the middle/);
  }
});

test('garbage never hangs and is never taken for a value of another length', () => {
  const node = readAvroSchema({
    type: 'record',
    name: 'r',
    fields: [
      { name: 'names', type: { type: 'array', items: 'string' } },
      { name: 'nothing', type: { type: 'array', items: 'null' } },
      { name: 'by', type: { type: 'map', values: ['null', { type: 'array', items: 'long' }] } },
      { name: 'choice', type: ['null', 'int', 'string'] },
    ],
  });
  const few = readAvroSchema({
    type: 'record',
    name: 'r',
    fields: [{ name: 'choice', type: ['null', 'int', 'string'] }],
  });
  const readers = [new AvroReader(node), new AvroReader(node, few)];
  const good = new AvroWriter(node).write(1, { names: ['a'], nothing: [null], by: { k: [1] }, choice: null });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(good.length), (noise, at) => {
      for (const bytes of [Buffer.from(noise), Buffer.concat([good.subarray(5, 5 + at), Buffer.from(noise)])]) {
        for (const reader of readers) {
          try {
            reader.read(bytes, 0);
          } catch (error) {
            expect((error as Error).message).toMatch(/^the bytes are no value|^the Avro bytes end|bytes stand behind/);
          }
        }
      }
    }),
    { numRuns: 3_000 },
  );
  // A billion names, and a billion nulls.
  for (const bytes of [
    [0x80, 0xa8, 0xd6, 0xb9, 0x07],
    [0, 0x80, 0xa8, 0xd6, 0xb9, 0x07],
  ]) {
    expect(() => readers[0]!.read(Buffer.from(bytes), 0)).toThrow('end in the middle of a value');
  }
});
