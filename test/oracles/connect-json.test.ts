/** Connect's JSON against Kafka's own JsonConverter: what it reads of ours, and what we read of its. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectSchema } from '../../src/record.js';
import { connectJson } from '../../src/serde/connect-json.js';
import { equalSchemas } from '../../src/serde/connect-schema.js';
import { stringifyJson } from '../../src/serde/json-text.js';
import { contextOf } from '../serde/recorded.js';
import { FEATURES, structs } from './connect-cases.js';
import { dump } from './connect-dump.js';
import { Coverage } from './coverage.js';
import { bits } from './double-bits.js';
import { JavaOracle, RUNS, whyNoJava } from './java.js';

const missing = await whyNoJava();

/**
 * Differences: JsonConverter reads numbers as BigDecimals, which have no negative zero; and it writes NaN and the
 * infinities as texts, which it reads as zero.
 */
function asJavaReads(value: number): string {
  return bits(Number.isFinite(value) && !Object.is(value, -0) ? value : 0);
}

/** Java's maps have an order of their own. */
function sorted(schema: ConnectSchema, dumped: unknown): unknown {
  if (dumped === null) return null;
  switch (schema.type) {
    case 'array':
      return (dumped as readonly unknown[]).map((item) => sorted(schema.items!, item));
    case 'map':
      return (dumped as readonly (readonly unknown[])[])
        .map(([key, entry]) => [key, sorted(schema.values!, entry)])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    case 'struct':
      if (typeof dumped !== 'object') return dumped;
      return Object.fromEntries(
        schema.fields!.map((field) => [field.field, sorted(field, (dumped as Record<string, unknown>)[field.field!])]),
      );
    default:
      return dumped;
  }
}

describe.skipIf(missing !== undefined)(`Kafka's JsonConverter${missing === undefined ? '' : `: ${missing}`}`, () => {
  let java: JavaOracle;
  beforeAll(async () => {
    java = await JavaOracle.start();
  });
  afterAll(() => java.stop());

  test('reads what we write and writes what we read, for every type', async () => {
    const coverage = new Coverage();
    await fc.assert(
      fc.asyncProperty(structs(), async ({ schema, value, features }) => {
        coverage.add(features);
        const bytes = connectJson().serialize(value, contextOf('cars', schema))!;
        const dumped = dump(schema, value, bits);
        const answer = await java.ask<{ readonly read: unknown; readonly written: string }>({
          ask: 'connect',
          bytes: bytes.toString('base64'),
          schema: stringifyJson(schema),
          value: dumped,
        });
        expect(answer.error).toBeUndefined();
        expect(sorted(schema, answer.read)).toEqual(sorted(schema, dump(schema, value, asJavaReads)));

        const context = contextOf('cars');
        const read = connectJson().deserialize(Buffer.from(answer.written, 'base64'), context);
        expect(equalSchemas(context.schema!, schema)).toBe(true);
        expect(sorted(schema, dump(schema, read, bits))).toEqual(sorted(schema, dumped));
        // And what we have written ourselves.
        const ours = connectJson().deserialize(bytes, contextOf('cars'));
        expect(dump(schema, ours, bits)).toEqual(dumped);
      }),
      { numRuns: RUNS },
    );
    coverage.expectAll(FEATURES, 500);
  }, 600_000);
});
