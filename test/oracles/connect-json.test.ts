/** Connect's JSON against Kafka's own JsonConverter: what it reads of ours, and what we read of it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectSchema } from '../../src/record.js';
import { connectJson } from '../../src/serde/connect-json.js';
import { equalSchemas } from '../../src/serde/connect-schema.js';
import { contextOf } from '../serde/recorded.js';
import { isFloat, structs } from './connect-cases.js';
import { JavaOracle, RUNS, whyNoJava } from './java.js';

const missing = await whyNoJava();

/**
 * Java writes a float with the digits that tell it from other floats: 1.1, where the double of it is 1.100000023841858.
 * JsonConverter reads numbers as BigDecimals first, which have no negative zero.
 */
function asRead(schema: ConnectSchema, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (Object.is(value, -0)) return 0;
  if (isFloat(schema)) return Math.fround(value as number);
  switch (schema.type) {
    case 'struct':
      if (typeof value !== 'object') return value;
      return Object.fromEntries(
        schema.fields!.map((field) => [field.field, asRead(field, (value as Record<string, unknown>)[field.field!])]),
      );
    case 'array':
      return (value as readonly unknown[]).map((item) => asRead(schema.items!, item));
    case 'map':
      if (value instanceof Map) return new Map([...value].map(([key, entry]) => [key, asRead(schema.values!, entry)]));
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, asRead(schema.values!, entry)]));
    default:
      return value;
  }
}

describe.skipIf(missing !== undefined)(`Kafka's JsonConverter${missing === undefined ? '' : `: ${missing}`}`, () => {
  let java: JavaOracle;
  beforeAll(async () => {
    java = await JavaOracle.start();
  });
  afterAll(() => java.stop());

  test('reads what we write and writes what we read, for every type', async () => {
    await fc.assert(
      fc.asyncProperty(structs(), async ({ schema, value }) => {
        const bytes = connectJson().serialize(value, contextOf('cars', schema))!;
        const answer = await java.ask<{ readonly again: string }>({ ask: 'connect', bytes: bytes.toString('base64') });
        expect(answer.error).toBeUndefined();
        const context = contextOf('cars');
        const read = connectJson().deserialize(Buffer.from(answer.again, 'base64'), context);
        expect(equalSchemas(context.schema!, schema)).toBe(true);
        expect(asRead(schema, read)).toEqual(asRead(schema, value));
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});
