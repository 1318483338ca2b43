/** Whether one schema reads what another has written, against Java's SchemaCompatibility. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { incompatibilities } from '../../src/registry/schema-compatibility.js';
import { readAvroSchema } from '../../src/serde/avro/read-avro-schema.js';
import { versions } from './avro-cases.js';
import { JavaOracle, RUNS, whyNoJava } from './java.js';

const missing = await whyNoJava();

describe.skipIf(missing !== undefined)(
  `Java's SchemaCompatibility${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    let java: JavaOracle;
    beforeAll(async () => {
      java = await JavaOracle.start();
    });
    afterAll(() => java.stop());

    test('finds the same kinds of incompatibility, or none', async () => {
      const seen = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(versions, async ({ writer, reader }) => {
          const ours = incompatibilities(readAvroSchema(reader), readAvroSchema(writer)).map(({ type }) => type);
          const answer = await java.ask<{ readonly types: readonly string[] }>({
            ask: 'compatible',
            reader: JSON.stringify(reader),
            writer: JSON.stringify(writer),
          });
          for (const type of ours.length === 0 ? ['COMPATIBLE'] : ours) seen.set(type, (seen.get(type) ?? 0) + 1);
          if (ours.includes('AMBIGUOUS_ALIASES')) {
            expect(answer.error).toContain('matches multiple fields');
            return;
          }
          expect(answer.error).toBeUndefined();
          expect([...new Set(ours)].sort()).toEqual(answer.types);
        }),
        { numRuns: RUNS },
      );
      for (const type of [
        'COMPATIBLE',
        'NAME_MISMATCH',
        'FIXED_SIZE_MISMATCH',
        'MISSING_ENUM_SYMBOLS',
        'READER_FIELD_MISSING_DEFAULT_VALUE',
        'TYPE_MISMATCH',
        'MISSING_UNION_BRANCH',
      ]) {
        expect(seen.get(type), `${type} among ${JSON.stringify([...seen])}`).toBeGreaterThan(0);
      }
    }, 600_000);
  },
);
