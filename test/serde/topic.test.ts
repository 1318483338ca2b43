import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Change } from '../../src/cdc/change.js';
import type { ConnectSchema } from '../../src/record.js';
import {
  decimal,
  equalSchemas,
  fieldNamed,
  float64,
  int32,
  int64,
  optional,
  struct,
  string as text,
} from '../../src/serde/connect-schema.js';
import { type Encoding, jsonEncoding } from '../../src/serde/encoding.js';
import { json } from '../../src/serde/json.js';
import { string } from '../../src/serde/primitives.js';
import { row } from '../../src/serde/row-shape.js';
import { nullable } from '../../src/serde/shape.js';
import { changes, serdesFor, type TopicDeclaration, type TopicSink, table, topic } from '../../src/topology/topic.js';
import { contextOf, recorded } from './recorded.js';

interface CarKey {
  readonly id: number;
}
interface Car extends CarKey {
  readonly model: string | null;
  readonly tax: string | null;
}
interface PricedCar extends Car {
  readonly suggestedprice: number;
}

const carChanges = changes<Car, CarKey>('car_database.public.car_data');
const pricedCars = table('car_data_predicted', carChanges.row.plus({ suggestedprice: float64 }));

/** Reads the recorded changes and writes their rows with a price, as a topology would. */
function priced(encoding: 'connect-json' | 'json', index: number) {
  const input = serdesFor(carChanges, encoding);
  const output = serdesFor(pricedCars, encoding);
  const record = recorded(encoding === 'json' ? 'json.jsonl' : 'json-with-schema.jsonl')[index]!;
  const context = contextOf();
  const key = input.key.deserialize(record.key, context);
  const keySchema = context.schema;
  const change = input.value.deserialize(record.value, context)!;
  const rowSchema = context.schema && fieldNamed(context.schema, 'after');
  const value = { ...change.after!, suggestedprice: 9000.5 };
  return {
    output,
    value,
    rowSchema,
    keyBytes: output.key.serialize(key, contextOf('car_data_predicted', keySchema)),
    valueBytes: output.value.serialize(value, contextOf('car_data_predicted', rowSchema)),
    record,
  };
}

describe('a row taken off a change', () => {
  test('is written with the schema that came with it and the fields that were added', () => {
    const { valueBytes, keyBytes, record } = priced('connect-json', 0);
    expect(keyBytes).toEqual(record.key);
    const { schema, payload } = JSON.parse(valueBytes!.toString()) as { schema: ConnectSchema; payload: object };
    expect(schema).toMatchObject({ type: 'struct', name: 'car_data_predicted.Value', optional: false });
    expect(schema.field).toBeUndefined();
    expect(schema.fields!.map(({ field }) => field).join(' ')).toBe(
      'id model year transmission mileage fueltype tax mpg enginesize listed suggestedprice',
    );
    expect(fieldNamed(schema, 'suggestedprice')).toEqual({ type: 'double', optional: true, field: 'suggestedprice' });
    expect(payload).toMatchObject({ id: 1, tax: 'Opg=', suggestedprice: 9000.5 });
  });

  test('takes a column along that was added to its table later', () => {
    const { valueBytes } = priced('connect-json', 9);
    const { schema, payload } = JSON.parse(valueBytes!.toString()) as { schema: ConnectSchema; payload: object };
    expect(fieldNamed(schema, 'notes')).toEqual({ type: 'string', optional: true, field: 'notes' });
    expect(payload).toMatchObject({ notes: expect.stringMatching(/^[0-9a-f]{12800}$/) });
  });

  test('goes round', () => {
    const { output, value, valueBytes } = priced('connect-json', 0);
    expect(output.value.deserialize(valueBytes, contextOf())).toEqual(value);
  });

  test('is written without a schema where none came and none is needed', () => {
    const { valueBytes, keyBytes } = priced('json', 0);
    expect(keyBytes!.toString()).toBe('{"id":1}');
    expect(JSON.parse(valueBytes!.toString())).toMatchObject({ id: 1, tax: 'Opg=', suggestedprice: 9000.5 });
  });

  test('has one schema object for each that came with rows', () => {
    const written: (ConnectSchema | undefined)[] = [];
    const spy: Encoding = {
      ...jsonEncoding,
      values: <T>() => ({
        encoding: 'spy',
        serialize: (_value: T | null, context) => {
          written.push(context.schema);
          return null;
        },
        deserialize: () => null,
      }),
    };
    const { value } = serdesFor(pricedCars, spy);
    const travelled = struct('v', { id: int32 });
    const rows = { id: 1, model: null, tax: null, suggestedprice: 1 };
    for (const schema of [travelled, travelled, { ...travelled }]) value.serialize(rows, contextOf('t', schema));
    expect(written[0]).toBe(written[1]);
    expect(written[2]).not.toBe(written[0]);
    expect(equalSchemas(written[2]!, written[0]!)).toBe(true);
  });

  test('leaves the context as it was', () => {
    const { output, value, rowSchema } = priced('connect-json', 0);
    const context = contextOf('t', rowSchema);
    output.value.serialize(value, context);
    expect(context.schema).toBe(rowSchema);
  });

  test.each(['connect-json', 'json'] as const)('may be null: a delete in %s', (encoding) => {
    const { value } = serdesFor(pricedCars, encoding);
    expect(value.serialize(null, contextOf())).toBeNull();
    expect(value.deserialize(null, contextOf())).toBeNull();
  });
});

describe('a row that does not fit says what to do', () => {
  const { output, value, rowSchema } = priced('connect-json', 0);
  const write = (changed: unknown, schema = rowSchema) =>
    output.value.serialize(changed as PricedCar, contextOf('car_data_predicted', schema));

  test.each<[string, unknown, ConnectSchema | undefined, RegExp]>([
    [
      'a field that nobody declared',
      { ...value, discount: 5 },
      rowSchema,
      /the field 'discount'.*row\.plus\(\{ discount: … \}\)/,
    ],
    [
      'an added field that is missing',
      { ...value, suggestedprice: undefined },
      rowSchema,
      /has no 'suggestedprice' \(it is undefined\)/,
    ],
    ['an added field that is null', { ...value, suggestedprice: null }, rowSchema, /declare optional\(…\)/],
    ['the schema of a change', value, { ...struct('x.Envelope', {}) }, /unwrap\(\) takes the row off the change/],
    ['the schema of a number', value, int32, /came with a schema of type int32.*declare the topic with row/],
    ['no schema at all', value, undefined, /has no schema.*\{ id: int32, model: string.*suggestedprice: float64 \}/],
  ])('%s', (_name, changed, schema, message) => {
    expect(() => output.value.serialize(changed as PricedCar, contextOf('car_data_predicted', schema))).toThrow(
      message,
    );
  });

  test('and the next one is written', () => {
    expect(() => write({ ...value, discount: 5 })).toThrow();
    expect(write(value)).not.toBeNull();
  });
});

describe('added and removed fields', () => {
  const base = struct('v', { id: int32, tax: optional(decimal(2)), notes: optional(text) });
  const fieldsOf = (shape: ReturnType<typeof changes<Car, CarKey>>['row'], value: unknown) => {
    const serde = shape.serdeFor('t', 'value', jsonEncoding);
    return JSON.parse(serde.serialize(value as Car, contextOf('t', base))!.toString()) as unknown;
  };

  test('a field of the same name is replaced in its place', () => {
    const shape = carChanges.row.plus({ tax: float64 });
    const serde = shape.serdeFor('t', 'value', jsonEncoding);
    expect(
      serde
        .serialize(
          { id: 1, model: null, tax: 1.5 } as never,
          contextOf('t', struct('v', { id: int32, tax: text, model: optional(text) })),
        )!
        .toString(),
    ).toBe('{"id":1,"tax":1.5,"model":null}');
  });

  test('a field that is taken away is not written, and its value is refused', () => {
    const shape = carChanges.row.without('tax') as never;
    expect(fieldsOf(shape, { id: 1, notes: 'n' })).toEqual({ id: 1, notes: 'n' });
    expect(() => fieldsOf(shape, { id: 1, tax: '1.00' })).toThrow("the field 'tax'");
  });

  test('without() takes back what plus() added, and plus() what without() took', () => {
    const added = carChanges.row.plus({ price: float64 }).without('price') as never;
    expect(fieldsOf(added, { id: 1 })).toEqual({ id: 1, tax: null, notes: null });
    const again = carChanges.row.without('tax').plus({ tax: optional(decimal(1)) }) as never;
    expect(fieldsOf(again, { id: 1, tax: '1.5' })).toEqual({ id: 1, tax: 'Dw==', notes: null });
  });
});

describe('changes that list their columns', () => {
  const listed = changes<Car, CarKey>('cars', {
    row: { id: int32, model: optional(text), tax: optional(decimal(2)) },
    key: { id: int32 },
  });
  const output = table('priced', listed.row.plus({ suggestedprice: float64 }));

  test('convert records that come without a schema, and give them one', () => {
    const { key, value } = serdesFor(listed, 'json');
    const context = contextOf();
    expect(key.deserialize(Buffer.from('{"id":1}'), context)).toEqual({ id: 1 });
    expect(context.schema).toMatchObject({ name: 'cars.Key' });
    const bytes = Buffer.from('{"before":null,"after":{"id":1,"model":"a","tax":"Opg="},"source":{},"op":"c"}');
    expect(value.deserialize(bytes, context)!.after).toEqual({ id: 1, model: 'a', tax: '150.00' });
    expect(context.schema).toMatchObject({ name: 'cars.Envelope' });
  });

  test('give rows that came without a schema the declared one', () => {
    const { key, value } = serdesFor(output, 'connect-json');
    const bytes = value.serialize({ id: 1, model: 'a', tax: '150.00', suggestedprice: 1 }, contextOf())!;
    const { schema, payload } = JSON.parse(bytes.toString()) as { schema: ConnectSchema; payload: unknown };
    expect(schema.fields!.map(({ field, optional }) => `${field}${optional ? '?' : ''}`)).toEqual([
      'id',
      'model?',
      'tax?',
      'suggestedprice?',
    ]);
    expect(payload).toEqual({ id: 1, model: 'a', tax: 'Opg=', suggestedprice: 1 });
    expect(JSON.parse(key.serialize({ id: 1 }, contextOf())!.toString())).toMatchObject({
      schema: { name: 'priced.Key' },
      payload: { id: 1 },
    });
  });
});

describe('rows declared by all their fields', () => {
  const visits = topic('visits', { key: string(), value: row({ page: text, ms: int64, fee: decimal(2) }) });

  test.each(['connect-json', 'json'] as const)('go round in %s, whatever schema came', (encoding) => {
    const { value } = serdesFor(visits, encoding);
    const visit = { page: '/', ms: 5, fee: '1.50' };
    expect(value.deserialize(value.serialize(visit, contextOf('visits', int32)), contextOf())).toEqual(visit);
  });

  test('refuse null unless it is declared', () => {
    const { value } = serdesFor(visits, 'json');
    expect(() => value.serialize(null, contextOf())).toThrow(
      "'visits' has a null value, and the topic does not declare it: value: nullable(…)",
    );
    expect(() => value.deserialize(null, contextOf())).toThrow('nullable');
    const declared = serdesFor(topic('visits', { key: string(), value: nullable(row({ page: text })) }), 'json');
    expect(declared.value.deserialize(null, contextOf())).toBeNull();
  });
});

describe('a declaration', () => {
  test('opens nothing and is frozen', () => {
    for (const declared of [carChanges, pricedCars, topic('x', { key: string(), value: json() })]) {
      expect(Object.isFrozen(declared)).toBe(true);
    }
    expect(Object.isFrozen(carChanges.row)).toBe(true);
  });

  test('is compacted when it is a table', () => {
    expect([carChanges.cleanup, pricedCars.cleanup, topic('x', { key: string(), value: json() }).cleanup]).toEqual([
      'delete',
      'compact',
      'delete',
    ]);
    expect(table('x', carChanges.row, { cleanup: 'delete', partitions: 3 })).toMatchObject({
      cleanup: 'delete',
      partitions: 3,
    });
  });

  test.each(['', '.', '..', 'a b', 'ä', 'x'.repeat(250)])('cannot have the name %j', (name) => {
    expect(() => topic(name, { key: string(), value: json() })).toThrow('cannot name a topic');
  });

  test('has one partition or more', () => {
    expect(() => topic('x', { key: string(), value: json(), partitions: 0 })).toThrow('cannot have 0 partitions');
  });

  test('keeps the serdes it was given, whatever the encoding', () => {
    const key = string();
    const value = json<number>();
    const serdes = serdesFor(topic('x', { key, value }), 'connect-json');
    expect(serdes.key).toBe(key);
    expect(serdes.value).toBe(value);
  });

  test('with an encoding that does not exist is refused', () => {
    expect(() => serdesFor(carChanges, 'avroo' as never)).toThrow("'avroo': known are connect-json and json");
  });

  test('takes a key of its own', () => {
    const { key } = serdesFor(table('x', carChanges.row, { key: string() as never }), 'json');
    expect(key.encoding).toBe('string');
  });
});

test('types flow, and null goes only where it is declared', () => {
  expectTypeOf(carChanges).toExtend<TopicDeclaration<CarKey, Change<Car> | null>>();
  expectTypeOf(pricedCars).toExtend<TopicDeclaration<CarKey, PricedCar | null>>();
  expectTypeOf(serdesFor(carChanges, 'json').value.deserialize(null, contextOf())).toEqualTypeOf<Change<Car> | null>();
  const inferred = topic('x', { key: string(), value: row({ id: int32, note: optional(text) }) });
  expectTypeOf(serdesFor(inferred, 'json').key.deserialize(null, contextOf())).toEqualTypeOf<string | null>();
  type Value = typeof inferred extends TopicDeclaration<string, infer V> ? V : never;
  expectTypeOf<Value>().toEqualTypeOf<{ id: number; note: string | null }>();

  const takes = <K, V>(_topic: TopicSink<K, V>): void => undefined;
  takes<CarKey, PricedCar>(pricedCars);
  takes<CarKey, PricedCar | null>(pricedCars);
  const cars = topic('cars', { key: string(), value: json<Car>() });
  takes<string, Car>(cars);
  // @ts-expect-error: the topic does not declare null
  takes<string, Car | null>(cars);
  // @ts-expect-error: another key
  takes<number, Car>(cars);
  takes<string, Car | null>(topic('cars', { key: string(), value: nullable(json<Car>()) }));
  // @ts-expect-error: a table of PricedCar needs the price
  table<PricedCar, CarKey>('x', carChanges.row);
  table<PricedCar, CarKey>('x', carChanges.row.plus({ suggestedprice: float64 }));
  // @ts-expect-error: there is no such column
  carChanges.row.without('colour');
});
