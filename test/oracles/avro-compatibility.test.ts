/** Whether one schema reads what another has written, against Java's SchemaCompatibility. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { incompatibilities } from '../../src/registry/schema-compatibility.js';
import { readAvroSchema } from '../../src/serde/avro/read-avro-schema.js';
import { FEATURES } from './avro-schemas.js';
import { CHANGES, versions } from './avro-versions.js';
import { Coverage } from './coverage.js';
import { JavaOracle, RUNS, whyNoJava } from './java.js';

const missing = await whyNoJava();

const INCOMPATIBILITIES = [
  'NAME_MISMATCH',
  'FIXED_SIZE_MISMATCH',
  'MISSING_ENUM_SYMBOLS',
  'READER_FIELD_MISSING_DEFAULT_VALUE',
  'TYPE_MISMATCH',
  'MISSING_UNION_BRANCH',
];

describe.skipIf(missing !== undefined)(
  `Java's SchemaCompatibility${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    let java: JavaOracle;
    beforeAll(async () => {
      java = await JavaOracle.start();
    });
    afterAll(() => java.stop());

    test('finds the same kinds of incompatibility, or none', async () => {
      const coverage = new Coverage();
      await fc.assert(
        fc.asyncProperty(versions, async ({ writer, reader, features }) => {
          const ours = incompatibilities(readAvroSchema(reader), readAvroSchema(writer)).map(({ type }) => type);
          const answer = await java.ask<{ readonly types: readonly string[] }>({
            ask: 'compatible',
            reader: JSON.stringify(reader),
            writer: JSON.stringify(writer),
          });
          coverage.add([...features, ...(ours.length === 0 ? ['COMPATIBLE'] : ours)]);
          if (ours.includes('AMBIGUOUS_ALIASES')) {
            expect(answer.error).toContain('matches multiple fields');
            return;
          }
          expect(answer.error).toBeUndefined();
          expect([...new Set(ours)].sort()).toEqual(answer.types);
        }),
        { numRuns: RUNS },
      );
      coverage.expectAll([...FEATURES, ...CHANGES, 'COMPATIBLE', ...INCOMPATIBILITIES], 500);
    }, 600_000);
  },
);
