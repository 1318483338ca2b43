/**
 * Whatever happens to rows, models, calls and processes: the output is the model applied to the table. Under
 * exactly_once_v2 each change has its output once and in order; under at_least_once none is missing, and the last is
 * right.
 *
 * `MILLRACE_RUNS` sets how many histories are lived through; a failure prints its seed and the shortest history.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { history, live } from './history.js';

const numRuns = Number(process.env.MILLRACE_RUNS ?? 40);

test.each(['at_least_once', 'exactly_once_v2'] as const)(
  'with %s random histories leave the model applied to the table',
  async (guarantee) => {
    const property = fc.asyncProperty(history, async (lived) => {
      expect(await live(guarantee, lived)).toEqual([]);
    });
    await fc.assert(property, { numRuns });
  },
  3_600_000,
);
