/** What a lazy object gives is what the parser gives, whatever was read before it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlatJsonReader } from '../../src/serde/flat-json-reader.js';
import { JsonSyntaxError } from '../../src/serde/json-parser.js';
import { parseJson, parseMember, stringifyJson } from '../../src/serde/json-text.js';
import { type InnerReader, Outline } from '../../src/serde/outline.js';

const outline = () => {
  const row = new FlatJsonReader('frozen');
  const source = new Outline((_name, bytes, start, end) => parseMember(bytes, start, end));
  return new Outline(
    (name, bytes, start, end) => {
      if (bytes[start] === 0x7b && name === 'row') return row.readPart(bytes, start, end);
      return bytes[start] === 0x7b && name === 'source'
        ? source.read(bytes, start, end)
        : parseMember(bytes, start, end);
    },
    [],
    new Map<string, InnerReader>([
      ['row', row],
      ['source', source],
    ]),
  );
};

/** All members of the object, or that it fails. */
function outcome(by: Outline, bytes: Buffer): unknown {
  try {
    return { members: stringifyJson(by.read(bytes, 0, bytes.length)) };
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(JsonSyntaxError);
    return 'fails'; // at one of the bytes that are wrong
  }
}

const value = fc.oneof(
  // Mostly the same, as in a stream.
  { weight: 6, arbitrary: fc.constantFrom('postgresql', 'false', null, true, 17, 1795232652636, 0.5, '') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('postgresq1', 'x'.repeat(70), 'Škoda', '["a\\"b"]', 1795232652636781805n, -0.25),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true })),
  },
);
const flat = fc.record({ id: fc.nat(3), model: value, mpg: value });
const source = fc.record({ version: fc.constant('3.6.0.Final'), db: value, lsn: fc.nat(), table: value });
const object = fc.record({
  before: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, flat),
  row: fc.oneof({ weight: 5, arbitrary: flat }, fc.constant(null), fc.constant([1])),
  source: fc.oneof({ weight: 5, arbitrary: source }, value),
  op: fc.constantFrom('c', 'c', 'c', 'u'),
  ts: value,
});
/** One byte that is another one, or none. */
const fault = fc.option(
  fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:.eE-+0 9ntf')))),
  { freq: 3 },
);

test('objects one after the other are what each alone is', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(object, fault), { minLength: 2, maxLength: 8 }), (all) => {
      const reader = outline();
      for (const [each, broken] of all) {
        const bytes = Buffer.from(stringifyJson(each));
        if (broken === null) {
          const lazy = reader.read(bytes, 0, bytes.length);
          expect(lazy).toEqual(parseJson(bytes));
          expect(Object.keys(lazy)).toEqual(Object.keys(each));
          continue;
        }
        bytes[broken[0] % bytes.length] = broken[1];
        expect(outcome(reader, bytes)).toStrictEqual(outcome(outline(), bytes));
      }
    }),
    { numRuns: 3_000 },
  );
});

describe('members that were the same in all objects', () => {
  const read = (reader: Outline, text: string) => {
    const bytes = Buffer.from(text);
    return reader.read(bytes, 0, bytes.length) as Record<string, unknown>;
  };

  test('may become others, and lacking', () => {
    const reader = outline();
    const texts = [
      '{"op":"c","table":"cars","n":1}',
      '{"op":"c","table":"cars","n":2}',
      '{"op":"c","table":"carsandvans","n":3}',
      '{"op":"u","table":"cars","n":3}',
      '{"op":"u","n":3}',
      '{"op":"c","table":"cars","n":33}',
      '{"op":"c","table":"cars","n":3} ',
      '{"op":"c","table":null,"n":3}',
    ];
    for (const text of texts) expect(read(reader, text)).toEqual(JSON.parse(text));
  });

  test('are not mixed up between objects that are read late', () => {
    const reader = outline();
    const early = read(reader, '{"op":"c","n":1}');
    const next = read(reader, '{"op":"c","n":1}');
    const late = read(reader, '{"op":"u","n":1}');
    expect([late.op, early.op, next.op]).toEqual(['u', 'c', 'c']);
    expect(read(reader, '{"op":"d","n":1}').op).toBe('d');
  });

  test('are taken for the same only where the whole value is', () => {
    const reader = outline();
    read(reader, '{"a":1,"b":2}');
    for (const text of ['{"a":12,"b":2}', '{"a":1,"b":23}', '{"a":1,"b":2 }', '{"a":1,"b":2.5}']) {
      expect(read(reader, text)).toEqual(JSON.parse(text));
    }
    for (const text of ['{"a":1,"b":2', '{"a":1,"b":', '{"a":1,"b":2]', '{"a":1,"b":2}}', '{"a":1,"b":2},']) {
      expect(() => read(reader, text)).toThrow(JsonSyntaxError);
    }
  });

  test('are not looked for behind what can be read in one piece', () => {
    const reader = outline();
    const zeros = '\0'.repeat(40);
    const text = (length: number) => Buffer.from(`{"n":"${'x'.repeat(length)}","zeros":"${zeros}"}`);
    for (const each of [text(10), text(20)]) reader.read(each, 0, each.length);
    const cut = text(65_513).subarray(0, 65_536);
    expect(() => reader.read(cut, 0, cut.length)).toThrow(JsonSyntaxError);
  });

  test('are found in an object that is longer than what is read in one piece', () => {
    const reader = outline();
    for (const length of [10, 70_000, 65_520, 65_536, 10]) {
      const text = JSON.stringify({ op: 'c', text: 'x'.repeat(length), n: length });
      expect(read(reader, text)).toEqual(JSON.parse(text));
    }
  });
});
