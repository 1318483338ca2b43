import { describe, expect, test } from 'vitest';
import type { ConnectSchema } from '../../src/record.js';
import { connectJson, connectJsonPlain } from '../../src/serde/connect-json.js';
import { int32, optional, string, struct } from '../../src/serde/connect-schema.js';
import { json } from '../../src/serde/json.js';
import { contextOf, recorded } from './recorded.js';

const carKey = struct('cars.Key', { id: int32 });
const framed = (schema: unknown, payload: unknown) => Buffer.from(JSON.stringify({ schema, payload }));

describe('with schemas', () => {
  test('a key is exactly schema and payload', () => {
    const bytes = connectJson().serialize({ id: 1 }, contextOf('cars', carKey))!;
    expect(bytes.toString()).toBe(
      '{"schema":{"type":"struct","fields":[{"type":"int32","optional":false,"field":"id"}],"optional":false,"name":"cars.Key"},"payload":{"id":1}}',
    );
  });

  test("Debezium's keys are written as they were read, byte by byte", () => {
    const serde = connectJson<{ id: number }>();
    const context = contextOf();
    for (const { key } of recorded('json-with-schema.jsonl')) {
      const value = serde.deserialize(key, context);
      expect(value).toEqual({ id: expect.any(Number) });
      expect(serde.serialize(value, context)).toEqual(key);
    }
  });

  test('the same schema is the same object from record to record, also when schemas alternate', () => {
    const serde = connectJson<unknown>();
    const context = contextOf();
    const seen: (ConnectSchema | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      serde.deserialize(framed(i % 2 === 0 ? carKey : string, i % 2 === 0 ? { id: i } : 'a'), context);
      seen.push(context.schema);
    }
    expect(new Set(seen).size).toBe(2);
    expect(seen[4]).toBe(seen[0]);
    expect(Object.isFrozen(seen[0]) && Object.isFrozen(seen[0]!.fields)).toBe(true);
  });

  test('more schemas than are kept are all read rightly', () => {
    const serde = connectJson<unknown>();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 40; i++) {
        const context = contextOf();
        expect(serde.deserialize(framed(struct(`s${i}`, { id: int32 }), { id: i }), context)).toEqual({ id: i });
        expect(context.schema!.name).toBe(`s${i}`);
      }
    }
  });

  test.each([
    ['white space', (schema: string) => `\n{ "schema" : ${schema} , "payload" : {"id":1} } \n`],
    ['the payload first', (schema: string) => `{"payload":{"id":1},"schema":${schema}}`],
  ])('%s makes no difference', (_name, text) => {
    const serde = connectJson<unknown>();
    for (let times = 0; times < 2; times++) {
      const context = contextOf();
      expect(serde.deserialize(Buffer.from(text(JSON.stringify(carKey))), context)).toEqual({ id: 1 });
      expect(context.schema).toEqual(carKey);
    }
  });

  test('null bytes, a null payload and the literal null are deletes; null is written as null bytes', () => {
    const serde = connectJson<unknown>();
    for (const bytes of [null, framed(optional(carKey), null), framed(null, null), Buffer.from(' null ')]) {
      expect(serde.deserialize(bytes, contextOf())).toBeNull();
    }
    expect(serde.serialize(null, contextOf())).toBeNull();
  });

  test('a schema of the record before does not stay in the context', () => {
    const serde = connectJson<unknown>();
    const context = contextOf('cars', carKey);
    serde.deserialize(null, context);
    expect(context.schema).toBeUndefined();
  });

  test('writing without a schema says what to do', () => {
    expect(() => connectJson().serialize({ id: 1 }, contextOf('cars'))).toThrow(
      /a value for the topic 'cars' has no schema.*Declare its fields/,
    );
  });

  test.each([
    ['a payload alone', '{"id":1}', 'no object of exactly "schema" and "payload"'],
    ['a third property', JSON.stringify({ schema: carKey, payload: { id: 1 }, more: 1 }), 'no object of exactly'],
    ['an array', '[1]', 'no object of exactly'],
    ['a cut record', JSON.stringify({ schema: carKey, payload: { id: 1 } }).slice(0, -1), 'the JSON ends where'],
    [
      'a cut schema',
      JSON.stringify({ schema: carKey, payload: { id: 1 } }).slice(0, 30),
      'a string has no closing quote; it begins at byte 27',
    ],
    [
      'a bad schema',
      '{"schema":{"type":"struct"},"payload":{}}',
      'schema.fields is missing: a struct lists its fields',
    ],
    ['nothing', '', 'the JSON ends where a value was expected, at byte 0'],
  ])('%s is refused', (_name, text, message) => {
    const serde = connectJson<unknown>();
    expect(() => serde.deserialize(Buffer.from(text), contextOf())).toThrow(message);
    serde.deserialize(framed(carKey, { id: 1 }), contextOf());
    expect(() => serde.deserialize(Buffer.from(text), contextOf())).toThrow();
  });

  test('something after the payload is refused also where the schema is known', () => {
    const serde = connectJson<unknown>();
    serde.deserialize(framed(carKey, { id: 1 }), contextOf());
    const text = JSON.stringify({ schema: carKey, payload: { id: 1 }, more: 1 });
    expect(() => serde.deserialize(Buffer.from(text), contextOf())).toThrow("found ',' where the end was expected");
  });
});

describe('without schemas', () => {
  test('the payload alone is written, converted by the schema', () => {
    const serde = connectJsonPlain<unknown>();
    expect(serde.serialize({ id: 1 }, contextOf('cars', carKey))!.toString()).toBe('{"id":1}');
    expect(() => serde.serialize({ id: 1.5 }, contextOf('cars', carKey))).toThrow("the field 'id'");
    expect(serde.serialize({ id: 1.5, long: 2n ** 60n }, contextOf())!.toString()).toBe(
      '{"id":1.5,"long":1152921504606846976}',
    );
  });

  test.each([
    ['json', json<unknown>()],
    ['connectJsonPlain', connectJsonPlain<unknown>()],
  ])('%s: null bytes and the literal null are deletes, and no schema is set', (_name, serde) => {
    const context = contextOf('cars', carKey);
    expect(serde.deserialize(null, context)).toBeNull();
    expect(context.schema).toBeUndefined();
    expect(serde.deserialize(Buffer.from('null'), context)).toBeNull();
    expect(serde.deserialize(Buffer.from('{"a":[1795232696781805639]}'), context)).toEqual({
      a: [1795232696781805639n],
    });
    expect(serde.serialize(null, context)).toBeNull();
    expect(() => serde.deserialize(Buffer.from('{'), context)).toThrow('at byte 1');
  });
});
