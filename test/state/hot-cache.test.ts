import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrowingLru } from '../../src/state/growing-lru.js';
import { type HotCache, HotCaches } from '../../src/state/hot-cache.js';
import type { Content } from '../../src/state/value-codec.js';

const content = (value: number): Content<number> => ({ bytes: undefined, value, expiresAt: Number.POSITIVE_INFINITY });
const fill = (cache: HotCache<number>, keys: number) => {
  for (let key = 0; key < keys; key += 1) cache.set(`${key}`, content(key));
};

describe('caches of one process', () => {
  test('hold no more together than they may, whatever is done with them', () => {
    const step = fc.record({
      what: fc.constantFrom('set', 'set', 'set', 'get', 'clear', 'close' as const),
      cache: fc.nat({ max: 3 }),
      key: fc.nat({ max: 30 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 300 }), (maxEntries, steps) => {
        const caches = new HotCaches(maxEntries);
        const open = [0, 1, 2, 3].map(() => caches.open<number>());
        const written = open.map(() => new Map<string, number>());
        for (const [n, { what, cache, key }] of steps.entries()) {
          if (what === 'set') {
            open[cache]!.set(`${key}`, content(n));
            written[cache]!.set(`${key}`, n);
          } else if (what === 'get') {
            const found = open[cache]!.get(`${key}`);
            if (found !== undefined) expect(found.value).toBe(written[cache]!.get(`${key}`));
          } else {
            open[cache]![what]();
            written[cache]!.clear();
            if (what === 'close') open[cache] = caches.open<number>();
          }
          expect(open.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(maxEntries);
        }
      }),
    );
  });

  test('an entry too many goes from the fullest, the one that was used least recently', () => {
    const caches = new HotCaches(100);
    const [early, late] = [caches.open<number>(), caches.open<number>()];
    fill(early, 100);
    early.get('0');
    fill(late, 50);
    expect([early.size, late.size]).toEqual([50, 50]);
    expect(early.get('0')).toBeDefined();
    expect(early.get('1')).toBeUndefined();
  });

  test('a closed one leaves its room to the others', () => {
    const caches = new HotCaches(10);
    const [first, second] = [caches.open<number>(), caches.open<number>()];
    fill(first, 10);
    first.close();
    fill(second, 10);
    expect(second.size).toBe(10);
  });
});

test('a growing cache keeps the most recently used, whatever room it began with', () => {
  const step = fc.tuple(fc.constantFrom('get', 'set', 'pop'), fc.nat({ max: 1_200 }));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_100 }),
      fc.array(step, { minLength: 600, maxLength: 3_000 }),
      (max, steps) => {
        const cache = new GrowingLru<{ readonly n: number }>(max);
        const model = new Map<string, number>(); // in the order of use
        for (const [n, [what, key]] of steps.entries()) {
          const name = `${key}`;
          const known = model.get(name);
          if (what === 'get') {
            expect(cache.get(name)?.n).toBe(known);
            if (known === undefined) continue;
          }
          const [oldest] = model.keys();
          if (what === 'pop') {
            expect(cache.pop()?.n).toBe(oldest === undefined ? undefined : model.get(oldest));
            if (oldest !== undefined) model.delete(oldest);
            continue;
          }
          if (what === 'set') {
            cache.set(name, { n });
            if (known === undefined && model.size === max) model.delete(oldest!);
          }
          model.delete(name);
          model.set(name, what === 'set' ? n : known!);
          expect(cache.size).toBe(model.size);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test.each([-1, 1.5, Number.NaN])('%d entries are refused', (maxEntries) => {
  expect(() => new HotCaches(maxEntries)).toThrow(RangeError);
});
