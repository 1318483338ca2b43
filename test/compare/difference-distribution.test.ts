import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Differences } from '../../src/compare/difference-distribution.js';

const gathered = (values: readonly number[]) => {
  const differences = new Differences();
  for (const value of values) differences.add(0, value);
  return differences.distribution;
};
/** Numbers so near to zero that dividing them gives zero fall into the bar of zero. */
const number = fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((value) => (Math.abs(value) < 1e-200 ? 0 : value));
const numbers = fc.array(number, { minLength: 1, maxLength: 300 });

test('sums, extremes and percentiles are those of all differences', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const found = gathered(values)!;
      const sorted = [...values].sort((a, b) => a - b);
      expect(found.min).toBe(sorted[0]);
      expect(found.max).toBe(sorted.at(-1));
      expect(found.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
      const middle = (sorted.length - 1) / 2;
      expect(found.median).toBeCloseTo((sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2, 3);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('every difference is in the bar that it belongs to, whatever the order of their sizes', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const { histogram } = gathered(values)!;
      expect(histogram.bars.length).toBeLessThanOrEqual(48);
      for (const { from, count } of histogram.bars) {
        expect(values.filter((value) => value >= from && value < from + histogram.width)).toHaveLength(count);
      }
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('beyond 100,000 differences percentiles are of a sample, and say so; the rest stays exact', () => {
  const found = gathered(Array.from({ length: 400_000 }, (_, index) => (index * 7_919) % 400_000))!;
  expect(found.percentilesAre).toBe('sampled');
  expect([found.count, found.min, found.max, found.mean]).toEqual([400_000, 0, 399_999, 199_999.5]);
  expect(found.histogram.bars.reduce((sum, { count }) => sum + count, 0)).toBe(400_000);
  for (const [percentile, exact] of [
    ['p5', 20_000],
    ['p50', 200_000],
    ['p95', 380_000],
  ] as const) {
    expect(Math.abs(found.percentiles[percentile] - exact)).toBeLessThan(400_000 * 0.01);
  }
});

test('what is no number is left out', () => {
  expect(gathered([Number.NaN, Number.POSITIVE_INFINITY])).toBeUndefined();
});
