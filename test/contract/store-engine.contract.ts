/**
 * What every store engine must do (S1 to S3 of the port). Run it on an engine:
 *
 * storeEngineContract('memory', async () => memoryEngines());
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoreChange, StoreEngine, StoreEngines } from '../../src/state/store.js';

const put = (key: string, value: string): StoreChange => ({ key: Buffer.from(key), value: Buffer.from(value) });
const remove = (key: string): StoreChange => ({ key: Buffer.from(key), value: null });
const read = (engine: StoreEngine, key: string): string | undefined => engine.get(Buffer.from(key))?.toString();
const contentOf = (engine: StoreEngine): Record<string, string> =>
  Object.fromEntries([...engine.entries()].map(([key, value]) => [key.toString(), value.toString()]).sort());

/** @param makeEngines engines over an empty place; their content outlives the closing of an engine */
export function storeEngineContract(name: string, makeEngines: () => Promise<StoreEngines>): void {
  describe(`store engine: ${name}`, () => {
    let engines: StoreEngines;
    let engine: StoreEngine;

    beforeEach(async () => {
      engines = await makeEngines();
      engine = await engines.open('0_1/prices');
    });
    afterEach(async () => {
      await engine.close();
    });
    const reopened = async (): Promise<StoreEngine> => {
      await engine.close();
      engine = await engines.open('0_1/prices');
      return engine;
    };

    test('S1: changes and position are there together after reopening', async () => {
      await engine.apply([put('a', '1'), put('b', '2')], 7);
      await reopened();
      expect(contentOf(engine)).toEqual({ a: '1', b: '2' });
      expect(engine.position).toBe(7);
    });

    test('S1: a position alone can be applied', async () => {
      await engine.apply([put('a', '1')], 1);
      await engine.apply([], 9);
      await reopened();
      expect(contentOf(engine)).toEqual({ a: '1' });
      expect(engine.position).toBe(9);
    });

    test('S2: what was applied is read at once, before it is durable', async () => {
      const first = engine.apply([put('a', '1'), put('b', '2')], 1);
      expect(contentOf(engine)).toEqual({ a: '1', b: '2' });
      expect(engine.position).toBe(1);
      const second = engine.apply([put('a', '3'), remove('b'), put('c', '4')], 2);
      expect(read(engine, 'a')).toBe('3');
      expect(read(engine, 'b')).toBeUndefined();
      expect(contentOf(engine)).toEqual({ a: '3', c: '4' });
      await first;
      expect(contentOf(engine)).toEqual({ a: '3', c: '4' });
      expect(engine.position).toBe(2);
      await second;
      expect(contentOf(engine)).toEqual({ a: '3', c: '4' });
      expect(engine.position).toBe(2);
    });

    test('S2: within one apply the last change of a key counts', async () => {
      await engine.apply([put('a', '1'), remove('a'), put('b', '1'), put('b', '2'), put('c', '1'), remove('c')], 1);
      expect(contentOf(engine)).toEqual({ b: '2' });
      await reopened();
      expect(contentOf(engine)).toEqual({ b: '2' });
    });

    test('S2: what get returned does not change with later writes', async () => {
      await engine.apply([put('a', 'first')], 1);
      const got = engine.get(Buffer.from('a'));
      await engine.apply([put('a', 'later'), put('b', 'other')], 2);
      engine.get(Buffer.from('b'));
      expect(got?.toString()).toBe('first');
    });

    test('S3: the position is unknown before the first apply, also after reopening', async () => {
      expect(engine.position).toBeUndefined();
      await reopened();
      expect(engine.position).toBeUndefined();
      expect(contentOf(engine)).toEqual({});
    });

    test('S3: the position is unknown after clear, and the content gone, also after reopening', async () => {
      await engine.apply([put('a', '1')], 3);
      await engine.clear();
      expect(engine.position).toBeUndefined();
      expect(contentOf(engine)).toEqual({});
      expect(read(engine, 'a')).toBeUndefined();
      await reopened();
      expect(engine.position).toBeUndefined();
      expect(contentOf(engine)).toEqual({});
      await engine.apply([put('b', '2')], 4);
      await reopened();
      expect(contentOf(engine)).toEqual({ b: '2' });
      expect(engine.position).toBe(4);
    });

    test('S3: clear also takes what is still being written', async () => {
      const applied = engine.apply([put('a', '1')], 3);
      const cleared = engine.clear();
      await Promise.all([applied, cleared]);
      expect(contentOf(engine)).toEqual({});
      expect(engine.position).toBeUndefined();
      await reopened();
      expect(contentOf(engine)).toEqual({});
      expect(engine.position).toBeUndefined();
    });

    test('close waits for what is being written', async () => {
      const applied = engine.apply([put('a', '1')], 3);
      await reopened();
      await applied;
      expect(read(engine, 'a')).toBe('1');
      expect(engine.position).toBe(3);
    });

    test('position 0 is a known position', async () => {
      await engine.apply([], 0);
      expect(engine.position).toBe(0);
      await reopened();
      expect(engine.position).toBe(0);
    });

    test('positions past 2^32 are exact', async () => {
      const position = Number.MAX_SAFE_INTEGER - 1;
      await engine.apply([], position);
      await reopened();
      expect(engine.position).toBe(position);
    });

    test('any bytes can be keys and values: empty, zero, 0xFF, longer than a page', async () => {
      const changes: StoreChange[] = [
        { key: Buffer.alloc(0), value: Buffer.from('empty key') },
        { key: Buffer.from([0]), value: Buffer.alloc(0) },
        { key: Buffer.from([0, 0]), value: Buffer.from([0]) },
        { key: Buffer.from([0xff, 0xfe, 0xff]), value: Buffer.from([0xff]) },
        { key: Buffer.alloc(1978, 1), value: Buffer.from('at the limit') },
        { key: Buffer.alloc(1979, 1), value: Buffer.from('past the limit') },
        { key: Buffer.alloc(100_000, 1), value: Buffer.alloc(300_000, 7) },
        { key: Buffer.alloc(100_001, 1), value: Buffer.alloc(0) },
      ];
      await engine.apply(changes, 1);
      await reopened();
      for (const { key, value } of changes) expect(engine.get(key)?.equals(value!)).toBe(true);
      const byKey = new Map([...engine.entries()].map(([key, value]) => [key.toString('latin1'), value]));
      expect(byKey.size).toBe(changes.length);
      for (const { key, value } of changes) expect(byKey.get(key.toString('latin1'))?.equals(value!)).toBe(true);

      await engine.apply(
        changes.map(({ key }) => ({ key, value: null })),
        2,
      );
      for (const { key } of changes) expect(engine.get(key)).toBeUndefined();
      expect([...engine.entries()]).toEqual([]);
    });

    test('many changes at once, and many applies without waiting', async () => {
      const waiting: Promise<void>[] = [];
      for (let batch = 0; batch < 50; batch++) {
        const changes: StoreChange[] = [];
        for (let i = 0; i < 400; i++) changes.push(put(`key-${i}`, `${batch}/${i}`));
        waiting.push(engine.apply(changes, batch));
      }
      await Promise.all(waiting);
      await reopened();
      expect(engine.position).toBe(49);
      expect(contentOf(engine)).toEqual(
        Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`key-${i}`, `49/${i}`] as const).sort()),
      );
    });

    test('pages lead through all entries once, while entries come and go', async () => {
      const long = `long-${'k'.repeat(3_000)}`;
      const keys = [...Array.from({ length: 25 }, (_, i) => `key-${10 + i}`), long, `${long}2`, `${long}3`];
      await engine.apply(
        keys.map((key) => put(key, 'v')),
        1,
      );
      if (engine.page === undefined) return;
      const seen: string[] = [];
      let after: Buffer | undefined;
      for (;;) {
        const page = engine.page(after, 4);
        seen.push(...page.map(([key]) => key.toString()));
        if (page.length < 4) break;
        after = page.at(-1)![0];
        await engine.apply([remove(seen[0]!), remove(page[1]![0].toString())], 2);
      }
      expect(seen.sort()).toEqual(keys.sort());
      expect(engine.page(Buffer.from('key-12'), 2)).toHaveLength(2);
      expect(engine.page(undefined, 1_000).map(([key]) => key.toString())).toEqual(
        expect.arrayContaining(Object.keys(contentOf(engine))),
      );
    });

    test('entries may be written while they are iterated', async () => {
      await engine.apply([put('a', '1'), put('b', '2'), put('c', '3')], 1);
      const seen: string[] = [];
      const writes: Promise<void>[] = [];
      for (const [key] of engine.entries()) {
        seen.push(key.toString());
        writes.push(engine.apply([put(key.toString(), 'again')], 2));
      }
      await Promise.all(writes);
      expect(seen.sort()).toEqual(['a', 'b', 'c']);
      expect(contentOf(engine)).toEqual({ a: 'again', b: 'again', c: 'again' });
    });

    test('stores of one task, and of different tasks, are apart', async () => {
      const neighbour = await engines.open('0_1/markers');
      const other = await engines.open('0_2/prices');
      await Promise.all([engine.apply([put('a', '1')], 1), neighbour.apply([put('a', '2')], 2)]);
      expect(read(engine, 'a')).toBe('1');
      expect(read(neighbour, 'a')).toBe('2');
      expect(read(other, 'a')).toBeUndefined();
      expect([engine.position, neighbour.position, other.position]).toEqual([1, 2, undefined]);
      await neighbour.close();
      await other.close();
    });

    test('a store that is open cannot be opened again, nor removed', async () => {
      await expect(engines.open('0_1/prices')).rejects.toThrow('0_1/prices');
      await expect(engines.remove('0_1')).rejects.toThrow('0_1');
      await expect(engines.remove()).rejects.toThrow('0_1');
      await engine.apply([put('a', '1')], 1);
      expect(read(engine, 'a')).toBe('1');
    });

    test('remove takes one task, and without a path all of them', async () => {
      const other = await engines.open('0_10/prices');
      await engine.apply([put('a', '1')], 1);
      await other.apply([put('b', '2')], 2);
      await engine.close();
      await other.close();

      await engines.remove('0_1');
      engine = await engines.open('0_1/prices');
      expect(engine.position).toBeUndefined();
      const kept = await engines.open('0_10/prices');
      expect(kept.position).toBe(2);
      await engine.close();
      await kept.close();

      await engines.remove();
      engine = await engines.open('0_10/prices');
      expect(engine.position).toBeUndefined();
      expect(contentOf(engine)).toEqual({});
      await engines.remove('9_9');
    });

    test('S1 to S3: agrees with a map, whatever is still being written', async () => {
      const change = fc.record({
        key: fc.constantFrom('', 'a', 'b', 'c', 'k'.repeat(2_000)),
        value: fc.option(fc.string({ maxLength: 5 })),
      });
      const step = fc.oneof(
        { weight: 6, arbitrary: fc.array(change, { maxLength: 6 }) },
        { weight: 1, arbitrary: fc.constantFrom('clear' as const, 'wait' as const, 'reopen' as const) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20, size: 'max' }), async (steps) => {
          await engine.clear();
          const content = new Map<string, string>();
          let position: number | undefined;
          let writing: Promise<void>[] = [];
          for (const [at, next] of steps.entries()) {
            if (next === 'clear') {
              writing.push(engine.clear());
              content.clear();
              position = undefined;
            } else if (next === 'wait') {
              await Promise.all(writing);
              writing = [];
            } else if (next === 'reopen') {
              await reopened();
            } else {
              writing.push(
                engine.apply(
                  next.map(({ key, value }) => (value === null ? remove(key) : put(key, value))),
                  at,
                ),
              );
              for (const { key, value } of next) {
                if (value === null) content.delete(key);
                else content.set(key, value);
              }
              position = at;
            }
            expect(engine.position).toBe(position);
            expect(contentOf(engine)).toEqual(Object.fromEntries([...content].sort()));
            for (const key of ['', 'a', 'k'.repeat(2_000)]) expect(read(engine, key)).toBe(content.get(key));
          }
          await Promise.all(writing);
        }),
        { numRuns: 60 },
      );
    });

    test('close can be called twice; a closed engine refuses', async () => {
      await engine.close();
      await engine.close();
      expect(() => engine.get(Buffer.from('a'))).toThrow('closed');
      await expect(engine.apply([], 1)).rejects.toThrow('closed');
    });
  });
}
