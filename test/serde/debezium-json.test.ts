import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Change, positionOf, UNAVAILABLE } from '../../src/cdc/change.js';
import { changeContextOf } from '../../src/operators/change-context.js';
import { decimal, fieldNamed, int32, int64, optional, string, struct } from '../../src/serde/connect-schema.js';
import { debezium } from '../../src/serde/debezium-json.js';
import { envelopeSchema } from '../../src/serde/envelope-schema.js';
import { parseJson, stringifyJson } from '../../src/serde/json-text.js';
import { contextOf, recorded } from './recorded.js';

type Row = Record<string, unknown>;

const read = (bytes: Buffer | string | null, context = contextOf()) =>
  debezium<Row>().deserialize(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, context);

describe.each(['json.jsonl', 'json-with-schema.jsonl'] as const)('the recorded changes of %s', (file) => {
  const withSchema = file === 'json-with-schema.jsonl';
  const serde = debezium<Row>();
  const context = contextOf();
  const changes = recorded(file).map(({ value }) => {
    const change = serde.deserialize(value, context);
    return { value, change, schema: context.schema };
  });

  test('are what parsing the whole gives, but for converted values', () => {
    for (const { value, change } of changes) {
      if (value === null) {
        expect(change).toBeNull();
        continue;
      }
      const json = parseJson(value) as Change<Row> & { payload?: Change<Row> };
      const whole = json.payload ?? json;
      const { before, after, ...rest } = change!;
      expect(rest).toEqual({ ...whole, before: undefined, after: undefined });
      for (const [row, parsed] of [
        [before, whole.before],
        [after, whole.after],
      ] as const) {
        expect(row && { ...row, tax: null }).toEqual(parsed && { ...parsed, tax: null });
      }
    }
  });

  test('have these operations and positions', () => {
    const lines = changes.map(({ change }) => (change === null ? null : `${change.op} ${positionOf(change).lsn}`));
    expect(lines.map((line) => line?.[0] ?? null)).toEqual([
      ...'rrucd',
      null,
      ...'cd',
      null,
      ...'cuud',
      null,
      ...'ccu',
    ]);
    for (const { change } of changes) {
      if (change !== null) expect(positionOf(change).lsn).toBe(BigInt(change.source.lsn!));
    }
  });

  test('have decimals with all their digits where there is a schema, and base64 where there is none', () => {
    const taxes = [0, 9, 11, 12].map((i) => (changes[i]!.change!.after ?? changes[i]!.change!.before)!.tax);
    expect(taxes).toEqual(withSchema ? ['150.00', '0.01', '-12345.67', '-12345.67'] : ['Opg=', 'AQ==', '7Sl5', '7Sl5']);
  });

  test('keep ts_ns exactly', () => {
    for (const { value, change } of changes) {
      if (change === null) continue;
      const digits = /.*"ts_ns":(\d+)\}+$/.exec(value!.toString())![1]!;
      expect(change.ts_ns).toBe(BigInt(digits));
      expect(typeof change.source.ts_ns).toBe('bigint');
    }
  });

  test('show a large column that was not touched as unavailable', () => {
    expect(changes[10]!.change!.after!.notes).toBe(UNAVAILABLE);
    expect(changes[9]!.change!.after!.notes).toHaveLength(12_800);
  });

  test(withSchema ? 'come with their schema, one object for each version' : 'come without a schema', () => {
    const schemas = new Set(changes.filter(({ value }) => value !== null).map(({ schema }) => schema));
    expect(schemas.size).toBe(withSchema ? 2 : 1);
    expect([...schemas].map((schema) => schema && fieldNamed(schema, 'after')?.fields?.length)).toEqual(
      withSchema ? [10, 11] : [undefined],
    );
  });

  test('have this context', () => {
    expect(changeContextOf(changes[3]!.change!)).toEqual({
      db: 'car_database',
      schema: 'public',
      table: 'car_data',
      op: 'c',
      lsn: 29260392n,
      txId: 774,
      sequence: '["29260392","29260392"]',
      tsMs: 1795232729528,
    });
  });

  test('are written as they were read', () => {
    const writer = debezium<Row>({ writes: withSchema ? 'connect-json' : 'json' });
    for (const { value, change, schema } of changes) {
      const written = writer.serialize(change, contextOf('cars', schema));
      expect(written && parseJson(written)).toEqual(value && parseJson(value));
    }
  });
});

/** Envelopes with all kinds of rows, as text: with white space, in any order of fields, as frame or alone. */
const member = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'é', '🚗', '\n', 'a') }),
  fc.integer(),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
  fc.boolean(),
  fc.constant(null),
  fc.json({ maxDepth: 2 }).map((json) => JSON.parse(json) as unknown),
);
const row = fc.dictionary(fc.string({ minLength: 1 }), member, { noNullPrototype: true });
const rowOrNull = fc.option(row);
const source = fc.record({
  version: fc.string(),
  connector: fc.constant('postgresql'),
  name: fc.string(),
  ts_ms: fc.nat(),
  db: fc.string(),
  schema: fc.string({ unit: 'binary' }),
  table: fc.string({ unit: 'binary' }),
  sequence: fc.option(fc.constant('[null,"123"]')),
  txId: fc.option(fc.nat()),
  lsn: fc.option(fc.bigInt(0n, 2n ** 63n - 1n)),
  ts_ns: fc.bigInt(0n, 2n ** 63n - 1n),
});
const envelope = fc
  .record({
    before: rowOrNull,
    after: rowOrNull,
    source,
    op: fc.constantFrom('c', 'u', 'd', 'r', 't'),
    ts_ms: fc.option(fc.nat()),
    ts_ns: fc.bigInt(0n, 2n ** 63n - 1n),
    transaction: fc.option(fc.record({ id: fc.string(), total_order: fc.nat(), data_collection_order: fc.nat() })),
  })
  .chain((fields) =>
    fc.shuffledSubarray(Object.keys(fields), { minLength: 7 }).map((names) => {
      return Object.fromEntries(names.map((name) => [name, (fields as Row)[name]]));
    }),
  );

/** The same JSON with white space wherever it may be. */
function spaced(json: string, space: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) =>
    token.startsWith('"') ? token : `${space}${token}${space}`,
  );
}

describe('a lazy change', () => {
  test('is what parsing the whole gives', () => {
    const serde = debezium<Row>();
    const space = fc.constantFrom('', ' ', '\n\t', '\r\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(envelope, space, fc.boolean()), { minLength: 1, maxLength: 4 }), (envelopes) => {
        for (const [change, filler, framed] of envelopes) {
          const text = spaced(stringifyJson(change), filler);
          const bytes = Buffer.from(
            framed ? `${filler}{"schema":null,"payload":${text}}${filler}` : filler + text + filler,
          );
          const lazy = serde.deserialize(bytes, contextOf())!;
          const whole = parseJson(Buffer.from(text)) as Change<Row>;
          expect(lazy.after).toEqual(whole.after);
          expect(lazy.op).toBe(whole.op);
          expect(lazy.source.lsn).toBe(whole.source.lsn);
          expect(lazy.source.table).toBe(whole.source.table);
          expect(lazy).toEqual(whole);
          expect(stringifyJson(lazy)).toBe(stringifyJson(whole));
        }
      }),
      { numRuns: 300 },
    );
  });

  const text =
    '{"before":null,"after":{"id":1,"tags":["a"],"n":1795232696781805639},"source":{"db":"d","schema":"s","table":"t","ts_ms":5,' +
    '"lsn":7,"ts_ns":1795232696164540001},"op":"c","ts_ms":6}';

  test('looks like a plain object', () => {
    const change = read(text)!;
    expect(Object.keys(change)).toEqual(['before', 'after', 'source', 'op', 'ts_ms']);
    expect('after' in change).toBe(true);
    expect('transaction' in change).toBe(false);
    expect(change.transaction).toBeUndefined();
    expect({ ...change }).toEqual(parseJson(Buffer.from(text)));
    expect(Object.keys(change.source)).toEqual(['db', 'schema', 'table', 'ts_ms', 'lsn', 'ts_ns']);
    expect(inspect(change)).toBe(inspect(parseJson(Buffer.from(text))));
    expect(Object.hasOwn(change, 'op')).toBe(true);
  });

  test('is written by JSON.stringify with long integers as texts', () => {
    expect(JSON.parse(JSON.stringify({ change: read(text) }))).toEqual({
      change: {
        before: null,
        after: { id: 1, tags: ['a'], n: '1795232696781805639' },
        source: { db: 'd', schema: 's', table: 't', ts_ms: 5, lsn: 7, ts_ns: '1795232696164540001' },
        op: 'c',
        ts_ms: 6,
      },
    });
    expect(stringifyJson({ change: read(text) })).toBe(`{"change":${text}}`);
  });

  test('keeps its members, whatever is read after it', () => {
    const serde = debezium<Row>();
    const texts = Array.from({ length: 500 }, (_, n) => {
      const wide = Array.from({ length: n % 100 === 99 ? 2_000 : n % 3 }, (_, i) => `"m${i}":"${n + i}",`).join('');
      return `{${wide}"after":{"id":${n}},"source":{"lsn":${n}},"op":"c"}`;
    });
    const changes = texts.map((each) => serde.deserialize(Buffer.from(each), contextOf())!);
    expect(changes.map((change) => stringifyJson(change))).toEqual(texts);
  });

  test('gives the same value each time, and nothing of it can be changed', () => {
    const change = read(text)! as { -readonly [Name in keyof Change<Row>]: Change<Row>[Name] };
    expect(change.after).toBe(change.after);
    expect(change.source).toBe(change.source);
    expect(() => {
      change.op = 'd';
    }).toThrow("'op' of a decoded value cannot be changed");
    expect(() => {
      delete change.transaction;
    }).toThrow(TypeError);
    expect(() => {
      change.after!.id = 2;
    }).toThrow(TypeError);
    expect(() => (change.after!.tags as string[]).push('b')).toThrow(TypeError);
    expect(() => Object.defineProperty(change, 'x', { value: 1 })).toThrow(TypeError);
    expect(() => Object.freeze(change)).toThrow(TypeError);
  });

  test('has null for a row that the envelope does not name', () => {
    const change = read('{"after":{"id":1},"source":{},"op":"c"}')!;
    expect(change.before).toBeNull();
    expect(Object.keys(change)).toEqual(['after', 'source', 'op']);
  });

  test('takes the last of two properties with one name, as JSON.parse does', () => {
    const change = read('{"before":null,"after":{"id":1},"source":{},"op":"c","after":{"id":2}}')!;
    expect(change.after).toEqual({ id: 2 });
  });
});

describe('a delete', () => {
  test.each([
    ['null bytes', null],
    ['the literal null', 'null'],
    ['a null payload', '{"schema":null,"payload":null}'],
    [
      'a null payload under a schema',
      stringifyJson({ schema: envelopeSchema('t', struct('t.Value', {})), payload: null }),
    ],
  ])('is %s', (_name, bytes) => {
    expect(read(bytes)).toBeNull();
  });
});

describe('what is no envelope', () => {
  test('is given as it is, with its schema', () => {
    const schema = struct('cars.Value', { id: int32, tax: optional(decimal(2)), op: string });
    const context = contextOf();
    const value = read(stringifyJson({ schema, payload: { id: 1, tax: 'Opg=', op: 'c' } }), context);
    expect(value).toEqual({ id: 1, tax: '150.00', op: 'c' });
    expect(context.schema).toEqual(schema);
  });

  test.each([
    '{"id":1,"op":"c","after":"x","source":"a table column"}',
    '{"schema":"a column","id":1}',
    '{"schema":"a column","payload":1,"id":1}',
    '{"op":"m","source":{},"message":{}}',
    '[1,2]',
    '"text"',
    '{}',
  ])('without a schema: %s', (text) => {
    const context = contextOf();
    expect(read(text, context)).toEqual(JSON.parse(text));
    expect(context.schema).toBeUndefined();
  });
});

describe('a broken envelope is refused with its place', () => {
  const schema = stringifyJson(envelopeSchema('t', struct('t.Value', { id: int32 })));
  test.each([
    [
      '{"before":null,"after":{"id":1},"source":{},"op":"x"}',
      /'op' is "x", none of "c", "u", "d", "r", "t", at byte 49/,
    ],
    ['{"before":null,"after":5,"source":{},"op":"c"}', /'after' is neither a row nor null, at byte 23/],
    [`{"schema":${schema},"payload":{"after":{},"op":"c"}}`, /its 'source' is no struct, at byte \d+/],
    [`{"schema":${schema},"payload":{"after":{},"source":{}}}`, /its 'op' is missing/],
    ['{"before":null,"after":{"id":1', /the JSON ends before the object that begins at byte 23/],
    ['{"before":null,"after":{"id":"1', /a string has no closing quote; it begins at byte 29/],
    [`{"before":null,"after":{"id":"${'x'.repeat(200)}\\"}}`, /a string has no closing quote; it begins at byte 29/],
    ['{"before":null,"after":{},"source":{},"op":"c"} x', /found 'x' where the end was expected, at byte 48/],
    ['\u0000\u0001garbage', /found 0x00 where a value was expected, at byte 0/],
    ['{"schema":{"type":"strange"},"payload":{}}', /schema.type is "strange"/],
  ])('%s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test('what is inside a row when it is read', () => {
    const change = read('{"before":null,"after":{"id":x},"source":{},"op":"c"}')!;
    expect(change.op).toBe('c');
    expect(() => change.after).toThrow("found 'x' where a value was expected, at byte 29");
  });
});

test('records without a schema are read by the declared one', () => {
  const schemaless = envelopeSchema('cars', struct('cars.Value', { id: int32, tax: optional(decimal(2)), big: int64 }));
  const context = contextOf();
  const bytes = Buffer.from('{"before":null,"after":{"id":1,"tax":"Opg=","big":1},"source":{},"op":"c"}');
  expect(debezium<Row>({ schemaless }).deserialize(bytes, context)!.after).toEqual({ id: 1, tax: '150.00', big: 1 });
  expect(context.schema).toBe(schemaless);
});

test('positionOf orders by commit, then by place, and says what is no sequence', () => {
  const change = (sequence: unknown, lsn: unknown) =>
    ({ op: 'c', source: { sequence, lsn, ts_ms: 1 } }) as unknown as Change<unknown>;
  expect(positionOf(change('["10","20"]', 20))).toEqual({ lastCommit: 10n, lsn: 20n });
  expect(positionOf(change('[null, "20"]', 20))).toEqual({ lastCommit: null, lsn: 20n });
  expect(positionOf(change(null, 5))).toEqual({ lastCommit: null, lsn: 5n });
  expect(positionOf(change(undefined, undefined))).toEqual({ lastCommit: null, lsn: null });
  expect(() => positionOf(change('10/20', 20))).toThrow('source.sequence is "10/20"');
});
