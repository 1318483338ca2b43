/** What is written and read, against Java's Avro: random schemas, values, and versions that read each other. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { incompatibilities } from '../../src/registry/schema-compatibility.js';
import { AvroReader } from '../../src/serde/avro/avro-reader.js';
import { type AvroNode, type AvroRecord, nonNullBranch } from '../../src/serde/avro/avro-schema.js';
import { AvroWriter } from '../../src/serde/avro/avro-writer.js';
import { readAvroSchema } from '../../src/serde/avro/read-avro-schema.js';
import { scaleOfDecimal } from '../../src/serde/avro/to-connect.js';
import { PREFIX_LENGTH } from '../../src/serde/avro/wire.js';
import { decimalText, fromTwosComplement } from '../../src/serde/decimal.js';
import { FEATURES } from './avro-schemas.js';
import { branchName, isWrapped, values } from './avro-values.js';
import { CHANGES, versions } from './avro-versions.js';
import { Coverage } from './coverage.js';
import { bits } from './double-bits.js';
import { JavaOracle, RUNS, whyNoJava } from './java.js';

const missing = await whyNoJava();

interface Resolved {
  readonly written: unknown;
  /** The value, encoded again by Java. */
  readonly again: string;
  readonly resolved?: unknown;
  readonly refused?: string;
}

/** Longs are texts, doubles their bits, bytes base64, decimals their digits: as the oracle writes them. */
function dump(node: AvroNode, value: unknown): unknown {
  const scale = scaleOfDecimal(node);
  if (scale !== undefined) return Buffer.isBuffer(value) ? decimalText(fromTwosComplement(value), scale) : value;
  switch (node.kind) {
    case 'long':
      return String(value);
    case 'float':
    case 'double':
      return bits(value as number);
    case 'bytes':
    case 'fixed':
      return (value as Buffer).toString('base64');
    case 'array':
      return (value as readonly unknown[]).map((item) => dump(node.items, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([name, entry]) => [name, dump(node.values, entry)]),
      );
    case 'record':
      return Object.fromEntries(
        node.fields.map(({ name, type }) => [name, dump(type, (value as Record<string, unknown>)[name])]),
      );
    case 'union': {
      if (value === null) return null;
      if (isWrapped(node.branches)) {
        const [[name, inner]] = Object.entries(value as object) as [[string, unknown]];
        return dump(node.branches.find((branch) => branchName(branch) === name)!, inner);
      }
      return dump(nonNullBranch(node) ?? node.branches.find((branch) => isOf(branch, value))!, value);
    }
    default:
      return value;
  }
}

/** Whether the value is of the branch, where that can be seen in it. */
function isOf({ kind }: AvroNode, value: unknown): boolean {
  if (Buffer.isBuffer(value)) return kind === 'bytes' || kind === 'fixed';
  if (Array.isArray(value)) return kind === 'array';
  switch (typeof value) {
    case 'bigint':
      return kind === 'long';
    case 'number':
      return kind === 'int' || kind === 'long' || kind === 'float' || kind === 'double';
    case 'string':
      return kind === 'string' || kind === 'enum';
    case 'boolean':
      return kind === 'boolean';
    default:
      return kind === 'record' || kind === 'map';
  }
}

/**
 * A difference: Java's SchemaCompatibility goes by the aliases of fields whatever the record is called, its resolution
 * only where the records have the same full name. millrace goes by them in both.
 */
function hasAliasesUnderAnotherName(reader: AvroNode, writer: AvroNode): boolean {
  const written = new Set(recordsOf(writer).map(({ name }) => name));
  return recordsOf(reader).some(
    ({ name, fields }) => !written.has(name) && fields.some(({ aliases }) => aliases.length > 0),
  );
}

/**
 * A difference: bytes read as a string may be no UTF-8. For how many of them one U+FFFD stands is not the same in Java and
 * in Node, whose decoder is the web's.
 */
function withOneReplacement(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value).replace(/\uFFFD+/g, '\uFFFD'));
}

/** Every record inside a schema, which may contain itself. */
function recordsOf(node: AvroNode, found = new Set<AvroRecord>()): readonly AvroRecord[] {
  if (node.kind === 'array') recordsOf(node.items, found);
  else if (node.kind === 'map') recordsOf(node.values, found);
  else if (node.kind === 'union') for (const branch of node.branches) recordsOf(branch, found);
  else if (node.kind === 'record' && !found.has(node)) {
    found.add(node);
    for (const { type } of node.fields) recordsOf(type, found);
  }
  return [...found];
}

describe.skipIf(missing !== undefined)(`Java's Avro${missing === undefined ? '' : `: ${missing}`}`, () => {
  let java: JavaOracle;
  beforeAll(async () => {
    java = await JavaOracle.start();
  });
  afterAll(() => java.stop());

  const cases = versions.chain((version) =>
    values(readAvroSchema(version.writer)).map((value) => ({ ...version, value })),
  );

  test('reads what is written, writes what is read, and resolves to the same', async () => {
    const seen = { resolved: 0, refused: 0 };
    const coverage = new Coverage();
    await fc.assert(
      fc.asyncProperty(cases, async ({ writer, reader, features, value }) => {
        coverage.add(features);
        const node = readAvroSchema(writer);
        const bytes = new AvroWriter(node).write(1, value).subarray(PREFIX_LENGTH);
        const question = {
          writer: JSON.stringify(writer),
          reader: JSON.stringify(reader),
          bytes: bytes.toString('base64'),
        };
        const answer = await java.ask<Resolved>({ ask: 'resolve', ...question });
        expect(answer.error).toBeUndefined();
        expect(dump(node, new AvroReader(node).read(bytes, 0))).toEqual(answer.written);
        // Maps have no order.
        const again = Buffer.from(answer.again, 'base64');
        expect(dump(node, new AvroReader(node).read(again, 0))).toEqual(answer.written);
        expect(again.length).toBe(bytes.length);

        const target = readAvroSchema(reader);
        if (incompatibilities(target, node).length > 0) {
          // Java resolves value by value: what was written may be readable where not all that could be written is.
          seen.refused += 1;
          return;
        }
        if (hasAliasesUnderAnotherName(target, node)) return;
        seen.resolved += 1;
        expect(answer.refused).toBeUndefined();
        const resolved = dump(target, new AvroReader(node, target).read(bytes, 0));
        expect(withOneReplacement(resolved)).toEqual(withOneReplacement(answer.resolved));
      }),
      { numRuns: RUNS },
    );
    expect(seen.resolved).toBeGreaterThan(RUNS / 4);
    expect(seen.refused).toBeGreaterThan(RUNS / 20);
    coverage.expectAll([...FEATURES, ...CHANGES], 500);
  }, 600_000);
});
