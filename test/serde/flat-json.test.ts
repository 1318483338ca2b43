/** What the short ways for flat objects read and write is what the parser and `JSON.stringify` do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlatJsonReader } from '../../src/serde/flat-json-reader.js';
import { FlatJsonWriter } from '../../src/serde/flat-json-writer.js';
import { JsonSyntaxError } from '../../src/serde/json-parser.js';
import { parseFrozen, parseJson } from '../../src/serde/json-text.js';

const name = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('id', 'model', 'mileage', 'mpg') },
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', '0', '17', 'toJSON', ''),
);
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1e9, max: 1e9 }).map((hundredths) => hundredths / 100),
  fc.integer({ min: -1e9, max: 1e9 }).map((hundredths) => (hundredths / 100) * (1 + Number.EPSILON)),
  fc.constantFrom(0, -0, 0.1, -0.5, 1e-7, 1e21, 2 ** 53, 999_999_999, 1_000_000_000, 4_294_967_296, 9e15),
);
const member = fc.oneof(
  number,
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('Manual', 'Semi-Auto', 'with "quotes"', 'Škoda', '\u007f', '', 'x'.repeat(40), 'x'.repeat(300)),
  fc.boolean(),
  fc.constant(null),
);
const inner = fc.oneof(fc.dictionary(name, member, { maxKeys: 2 }), fc.array(member, { maxLength: 2 }));
const row = fc.dictionary(name, fc.oneof({ weight: 9, arbitrary: member }, inner), {
  maxKeys: 6,
  noNullPrototype: true,
});

/** What a read gives, or where it fails. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(JsonSyntaxError);
    return { fails: (thrown as Error).message };
  }
}

describe('reading', () => {
  /** Rows of one layout one after the other, whole, with white space, or with a byte that is wrong. */
  const texts = fc
    .tuple(
      fc.array(name, { minLength: 1, maxLength: 5 }),
      fc.array(
        fc.record({
          members: fc.array(member, { minLength: 5, maxLength: 5 }),
          indent: fc.constantFrom(0, 0, 0, 1),
          breakAt: fc.option(fc.nat(), { freq: 3 }),
          breakWith: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:.eE-+0 9ntf'))),
        }),
        { minLength: 2, maxLength: 6 },
      ),
    )
    .map(([names, records]) =>
      records.map(({ members, indent, breakAt, breakWith }) => {
        const object = Object.fromEntries(names.map((each, i) => [each, members[i % members.length]]));
        const bytes = Buffer.from(JSON.stringify(object, null, indent));
        if (breakAt !== null) bytes[breakAt % bytes.length] = breakWith;
        return bytes;
      }),
    );

  test.each([
    ['frozen', parseFrozen],
    ['changeable', parseJson],
  ] as const)('gives what the parser gives, and fails where it fails: %s', (gives, parse) => {
    fc.assert(
      fc.property(texts, (all) => {
        const reader = new FlatJsonReader(gives);
        for (const bytes of all) {
          const expected = outcome(() => parse(bytes, 0, bytes.length));
          expect(outcome(() => reader.read(bytes))).toStrictEqual(expected);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ...[
      '0',
      '-0',
      '7',
      '-7',
      '0.5',
      '-12.50',
      '1e5',
      '1.5E-3',
      '123456789012345',
      '1234567890123456',
      '0.1234567890123456',
    ],
    ...[
      '9007199254740993',
      '01',
      '-',
      '-01',
      '1.',
      '.5',
      '1.e5',
      '+1',
      '1x',
      '1 ',
      '',
      'nul',
      'nulls',
      'true',
      'tru',
      '"a',
    ],
  ])('a row with the value %s', (value) => {
    const reader = new FlatJsonReader('changeable');
    reader.read(Buffer.from('{"a":1,"b":2}'));
    const bytes = Buffer.from(`{"a":${value},"b":2}`);
    expect(outcome(() => reader.read(bytes))).toStrictEqual(outcome(() => parseJson(bytes)));
  });

  test('reads between two positions, and no byte behind', () => {
    const reader = new FlatJsonReader('changeable');
    const bytes = Buffer.from('[{"id":1},{"id":23},{"id":4');
    expect(reader.read(bytes, 1, 9)).toEqual({ id: 1 });
    expect(reader.read(bytes, 10, 19)).toEqual({ id: 23 });
    expect(() => reader.read(bytes, 20, bytes.length)).toThrow(JsonSyntaxError);
  });

  test('keeps the order of the members, and integers that no double holds', () => {
    const reader = new FlatJsonReader('changeable');
    for (const text of ['{"b":1,"a":1}', '{"b":2,"a":9007199254740993}', '{"a":2,"b":2.50}']) {
      const bytes = Buffer.from(text);
      expect(Object.entries(reader.read(bytes) as object)).toEqual(Object.entries(parseJson(bytes) as object));
    }
  });

  test('gives each text, also where it begins like one that was kept in its place', () => {
    const reader = new FlatJsonReader('changeable');
    for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
      for (let length = 0; length <= 40; length += 1) {
        const text = letter.repeat(length);
        for (const each of [text, text, `${text}a`]) {
          expect(reader.read(Buffer.from(`{"id":1,"text":"${each}"}`))).toEqual({ id: 1, text: each });
        }
      }
    }
  });

  test('freezes rows and what is in them, or nothing', () => {
    for (const gives of ['frozen', 'changeable'] as const) {
      const reader = new FlatJsonReader(gives);
      for (const text of ['{"id":1,"tags":["a"]}', '{"id":2,"tags":["b"]}']) {
        const read = reader.read(Buffer.from(text)) as { tags: unknown };
        expect([Object.isFrozen(read), Object.isFrozen(read.tags)]).toEqual([gives === 'frozen', gives === 'frozen']);
      }
    }
  });
});

describe('writing', () => {
  test('gives the bytes of JSON.stringify, or nothing', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
        const writer = new FlatJsonWriter();
        // What was written before stays as it is.
        const written = rows.map((each) => writer.write(each));
        for (const [i, bytes] of written.entries()) {
          if (bytes !== undefined) expect(bytes.toString()).toBe(JSON.stringify(rows[i]));
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test('writes what is flat, and leaves the rest', () => {
    const writer = new FlatJsonWriter();
    const date = new Date(0);
    for (const flat of [
      { id: 1 },
      { id: 1, model: 'Škoda "x"', price: 9_653.66, isNew: true, owner: null, mpg: -0.05 },
    ]) {
      expect(writer.write(flat)?.toString()).toBe(JSON.stringify(flat));
    }
    for (const other of [
      null,
      1,
      'a',
      [1],
      {},
      { a: 1n },
      { a: undefined },
      { a: {} },
      { a: NaN },
      { a: 2 ** 60 },
      date,
    ]) {
      expect(writer.write(other)).toBeUndefined();
    }
    expect(writer.write({ id: 1, toJSON: () => 'else' })).toBeUndefined();
    expect(writer.write(Object.create({ inherited: 1 }))).toBeUndefined();
  });

  test('begins another block when one is full, and leaves what is larger than one', () => {
    const writer = new FlatJsonWriter();
    const rows = Array.from({ length: 100 }, (_, id) => ({ id, text: 'x'.repeat(300 + id) }));
    const written = rows.map((each) => writer.write(each)!);
    expect(written.map(String)).toEqual(rows.map((each) => JSON.stringify(each)));
    expect(writer.write({ text: 'x'.repeat(9_000) })).toBeUndefined();
    expect(writer.write({ id: 1 })?.toString()).toBe('{"id":1}');
  });

  test('writes a text that comes again as it did the first time, whatever is in it', () => {
    const writer = new FlatJsonWriter();
    // More than are kept, so that they are forgotten and learned again.
    const texts = [
      'Manual',
      '',
      'Škoda',
      'with "quotes"',
      '\n',
      '\ud800',
      '"',
      ...Array.from({ length: 300 }, (_, n) => `${n}`),
    ];
    const rows = Array.from({ length: 50 * texts.length }, (_, id) => ({ id, text: texts[(id * 7) % texts.length] }));
    const written = rows.map((each) => writer.write(each)!);
    expect(written.map(String)).toEqual(rows.map((each) => JSON.stringify(each)));
  });
});
