/**
 * What becomes of a store whose declaration has changed, on any engine: it is read on, rebuilt, or refused in words. Run it
 * on an engine:
 *
 * storeFormatsContract('memory', async () => memoryEngines());
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TopologyError } from '../../src/errors.js';
import { avroContract } from '../../src/serde/avro/contract.js';
import { json } from '../../src/serde/json.js';
import { long, string } from '../../src/serde/primitives.js';
import { earlierValues, type KeyValueStoreOptions, keyValueStore } from '../../src/state/declare.js';
import { isFormatRecord } from '../../src/state/format-record.js';
import { HotCaches } from '../../src/state/hot-cache.js';
import { LayeredStore } from '../../src/state/layered-store.js';
import type { RestoredChange, StoreChange, StoreEngine, StoreEngines } from '../../src/state/store.js';

type Fields = readonly Readonly<Record<string, unknown>>[];
const visits = (fields: Fields) => avroContract<unknown>({ type: 'record', name: 'Visits', fields });
const COUNT = { name: 'count', type: 'long' };
const LAST = { name: 'last', type: ['null', 'string'], default: null };
const PAGE = { name: 'page', type: 'string' };

/** @param makeEngines engines over an empty place; their content outlives the closing of an engine */
export function storeFormatsContract(name: string, makeEngines: () => Promise<StoreEngines>): void {
  describe(`formats of stores: ${name}`, () => {
    let engines: StoreEngines;
    let engine: StoreEngine | undefined;
    let now: number;
    /** The changelog: what any version of the store has written, in order. */
    let changelog: RestoredChange[];
    let sequence: number;

    beforeEach(async () => {
      engines = await makeEngines();
      now = 1_000;
      changelog = [];
      sequence = 0;
    });
    afterEach(async () => {
      await engine?.close();
      engine = undefined;
    });

    /** The store as a program that declares it so opens it. */
    async function opened<V>(options: KeyValueStoreOptions<string, V> = {}): Promise<LayeredStore<string, V>> {
      await engine?.close();
      engine = await engines.open('0_0/visits');
      const wrote = (_store: unknown, change: StoreChange) => changelog.push({ ...change, timestamp: now });
      const writer = { sequence: () => sequence, wrote, read: () => {} };
      return new LayeredStore<string, V>(keyValueStore('visits', options), engine, writer, {
        caches: new HotCaches(10),
        now: () => now,
      });
    }

    /** Opened, held against its declaration, and read from then on. */
    async function readOn<V>(options: KeyValueStoreOptions<string, V> = {}): Promise<LayeredStore<string, V>> {
      const store = await opened(options);
      expect(store.mustBeRebuilt).toBe(false);
      store.mustBeReadable();
      return store;
    }

    async function put<V>(store: LayeredStore<string, V>, key: string, value: V): Promise<void> {
      sequence += 1;
      store.put(key, value);
      store.takeUpTo(sequence);
      await store.committed(changelog.length);
    }

    /** As after the loss of the disk. */
    async function rebuilt<V>(options: KeyValueStoreOptions<string, V>): Promise<LayeredStore<string, V>> {
      const store = await opened(options);
      await store.clear();
      await store.restore(changelog, changelog.length);
      store.mustBeReadable();
      return store;
    }

    async function refused(options: KeyValueStoreOptions<string, never>): Promise<string> {
      const store = await opened(options);
      try {
        store.mustBeReadable();
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(TopologyError);
        const { message } = thrown as TopologyError;
        expect(message).toMatch(/^the store 'visits' cannot be read on: /);
        expect(message).toMatch(/new name.*delete its folders/);
        return message;
      }
      throw new Error('the store was read on');
    }

    describe('Avro', () => {
      test('a field with a default is added: both versions lie in one store, and both are read', async () => {
        const before = await readOn({ value: visits([COUNT]) });
        await put(before, 'hall', { count: 1 });
        const after = await readOn({ value: visits([COUNT, LAST]) });
        expect(after.get('hall')).toEqual({ count: 1, last: null });
        await put(after, 'yard', { count: 2, last: 'gate' });
        const again = await readOn({ value: visits([COUNT, LAST]) });
        expect(Object.fromEntries(again.entries())).toEqual({
          hall: { count: 1, last: null },
          yard: { count: 2, last: 'gate' },
        });
      });

      test('a field is dropped; and the program of before reads what the one after it has written', async () => {
        const before = await readOn({ value: visits([COUNT, LAST]) });
        await put(before, 'hall', { count: 1, last: 'door' });
        const after = await readOn({ value: visits([COUNT]) });
        expect(after.get('hall')).toEqual({ count: 1 });
        await put(after, 'yard', { count: 2 });
        const back = await readOn({ value: visits([COUNT, LAST]) });
        expect(Object.fromEntries(back.entries())).toEqual({
          hall: { count: 1, last: 'door' },
          yard: { count: 2, last: null },
        });
      });

      test('a type is promoted, and what is read is frozen', async () => {
        await put(await readOn({ value: visits([{ name: 'count', type: 'int' }]) }), 'hall', { count: 7 });
        const after = await readOn({ value: visits([{ name: 'count', type: 'double' }]) });
        expect(after.get('hall')).toEqual({ count: 7 });
        expect(Object.isFrozen(after.get('hall'))).toBe(true);
      });

      test('a field without a default is refused, with the rule and the place', async () => {
        await put(await readOn({ value: visits([COUNT]) }), 'hall', { count: 1 });
        expect(await refused({ value: visits([COUNT, PAGE]) as never })).toMatch(
          /READER_FIELD_MISSING_DEFAULT_VALUE: .*'page'.*\(at \/fields\/1\)/,
        );
        const as = await readOn({ value: visits([COUNT]) });
        expect(as.get('hall')).toEqual({ count: 1 });
      });

      test('every version that is in the store must be readable, not only the last', async () => {
        await put(await readOn({ value: visits([COUNT]) }), 'hall', { count: 1 });
        await put(await readOn({ value: visits([COUNT, { ...PAGE, default: '/' }]) }), 'yard', {
          count: 1,
          page: '/a',
        });
        expect(await refused({ value: visits([COUNT, PAGE]) as never })).toMatch(/'page'/);
      });

      test('another scale, or another unit, is refused, although Avro would resolve it', async () => {
        const priced = (scale: number, unit: string) => {
          const amount = { type: 'bytes', logicalType: 'decimal', precision: 9, scale };
          const at = { type: 'long', logicalType: unit };
          return visits([
            { name: 'amount', type: ['null', amount] },
            { name: 'at', type: { type: 'array', items: at } },
          ]);
        };
        const declared = { value: priced(2, 'timestamp-millis') };
        await put(await readOn(declared), 'hall', { amount: '12.34', at: [5] });
        expect(await refused({ value: priced(3, 'timestamp-millis') as never })).toMatch(
          /another meaning: \/fields\/0\/type was logicalType decimal, scale 2 and is logicalType decimal, scale 3/,
        );
        expect(await refused({ value: priced(2, 'timestamp-micros') as never })).toMatch(
          /\/fields\/1\/type\/items was logicalType timestamp-millis and is logicalType timestamp-micros/,
        );
        expect((await readOn(declared)).get('hall')).toEqual({ amount: '12.34', at: [5] });
      });

      test('the disk is lost: the changelog says in which formats its values are', async () => {
        await put(await readOn({ value: visits([COUNT]) }), 'hall', { count: 1 });
        await put(await readOn({ value: visits([COUNT, LAST]) }), 'yard', { count: 2, last: 'gate' });
        const store = await rebuilt({ value: visits([COUNT, LAST]) });
        expect(store.get('hall')).toEqual({ count: 1, last: null });
        expect(store.get('yard')).toEqual({ count: 2, last: 'gate' });
      });
    });

    describe('versions', () => {
      const second: KeyValueStoreOptions<string, { n: number }> = {
        version: 2,
        earlier: [earlierValues(1, json<number>(), (n) => ({ n }))],
      };

      test('an earlier one is read as it was declared, and given as it is now', async () => {
        await put(await readOn<number>(), 'hall', 1);
        const after = await readOn(second);
        expect(after.get('hall')).toEqual({ n: 1 });
        await put(after, 'yard', { n: 2 });
        expect(Object.fromEntries((await readOn(second)).entries())).toEqual({ hall: { n: 1 }, yard: { n: 2 } });
        expect(Object.fromEntries((await rebuilt(second)).entries())).toEqual({ hall: { n: 1 }, yard: { n: 2 } });
      });

      test.each([
        ['JSON', json<number>()],
        ['text', string()],
        ['binary', long()],
      ] as const)('from %s to Avro, in one store', async (_name, serde) => {
        const value = serde.encoding === 'string' ? '7' : 7;
        await put(await readOn({ value: serde as never }), 'hall', value as never);
        const after = await readOn<unknown>({
          value: visits([COUNT]),
          version: 2,
          earlier: [earlierValues(1, serde as never, (count: unknown) => ({ count: Number(count) }))],
        });
        await put(after, 'yard', { count: 8 });
        expect(Object.fromEntries(after.entries())).toEqual({ hall: { count: 7 }, yard: { count: 8 } });
      });

      test('one that nothing is said of is refused, and so is one of a newer program', async () => {
        await put(await readOn<number>(), 'hall', 1);
        expect(await refused({ version: 2 })).toMatch(/version 1, version 2 is declared.*'earlier' does not say/);
        await put(await readOn(second), 'yard', { n: 2 });
        expect(await refused({})).toMatch(/version 2 by a newer program, and this one declares version 1/);
      });
    });

    test.each([
      ['another encoding', { value: string() }, { value: json() }, /written as string, and are declared as json/],
      ['JSON to Avro', {}, { value: visits([COUNT]) }, /written as json, and are declared as avro/],
      ['text to bytes', { value: string() }, { value: long() }, /written as string, and are declared as long/],
      ['other contents', { holds: 'predictions' }, { holds: 'positions' }, /holds 'predictions'.*to hold 'positions'/],
      ['another key', { key: string() }, { key: json() }, /keys were written as string and are declared as json/],
      [
        'a changelog that lacks what is there',
        { changelog: 'disabled' },
        { changelog: 'enabled' },
        /without a changelog, which is enabled now/,
      ],
      [
        'a first retention without a changelog',
        { changelog: 'disabled' },
        { changelog: 'disabled', retentionMs: 100 },
        /do not say when they were written/,
      ],
    ] as const)('%s is refused, and nothing is changed', async (_what, written, declared, why) => {
      const store = await readOn(written as KeyValueStoreOptions<string, unknown>);
      await put(store, 'hall', 'a text');
      const before = [...engine!.entries()];
      expect(await refused(declared as never)).toMatch(why);
      expect([...engine!.entries()]).toEqual(before);
      expect((await readOn(written as KeyValueStoreOptions<string, unknown>)).get('hall')).toBe('a text');
    });

    test('a key whose schema has changed is refused: keys are found by their bytes', async () => {
      const key = (...fields: Fields) => avroContract<never>({ type: 'record', name: 'Key', fields });
      const store = await readOn({ key: key(PAGE) as never });
      sequence += 1;
      store.put({ page: '/' } as never, 1);
      store.takeUpTo(sequence);
      await store.committed(1);
      expect(store.get({ page: '/' } as never)).toBe(1);
      expect([...store.entries()]).toEqual([[{ page: '/' }, 1]]);
      expect(await refused({ key: key(PAGE, LAST) })).toMatch(/keys were written with another schema/);
    });

    describe('retention', () => {
      test('the first one rebuilds the store, and entries are as old as their changelog says', async () => {
        const before = await readOn<string>();
        await put(before, 'old', 'a');
        now = 1_090;
        await put(before, 'young', 'b');
        const declared = { retentionMs: 100 };
        expect((await opened<string>(declared)).mustBeRebuilt).toBe(true);
        now = 1_110;
        const after = await rebuilt<string>(declared);
        expect(Object.fromEntries(after.entries())).toEqual({ young: 'b' });
        await put(after, 'new', 'c');
        now = 1_195;
        expect(Object.fromEntries((await readOn<string>(declared)).entries())).toEqual({ new: 'c' });
      });

      test('without it entries stay, whatever their age; with it again, the store is rebuilt again', async () => {
        await put(await readOn<string>({ retentionMs: 100 }), 'hall', 'a');
        now = 5_000;
        const without = await readOn<string>();
        expect(without.get('hall')).toBe('a');
        await put(without, 'yard', 'b');
        expect((await opened<string>({ retentionMs: 100 })).mustBeRebuilt).toBe(true);
      });
    });

    test('what the store says of itself is in front of its first value, and in no answer', async () => {
      const store = await readOn<number>();
      await put(store, 'hall', 1);
      expect(changelog.map(({ key }) => isFormatRecord(key))).toEqual([true, false]);
      expect([...store.entries()]).toEqual([['hall', 1]]);
      await put(store, 'yard', 2);
      await put(await readOn<number>(), 'hall', 3);
      expect(changelog.filter(({ key }) => isFormatRecord(key))).toHaveLength(1);
    });

    test('the record that brought it fails: the next that writes brings it', async () => {
      const store = await readOn<number>();
      sequence = 5;
      store.put('hall', 1);
      store.discard(5);
      sequence = 6;
      store.put('yard', 2);
      expect(changelog.map(({ key }) => isFormatRecord(key))).toEqual([true, false, true, false]);
      store.takeUpTo(6);
      store.reverted();
      store.takeUpTo(6);
      await store.committed(4);
      expect((await refused({ version: 2 })).length).toBeGreaterThan(0);
    });

    test('entries from before stores kept their formats: JSON and text are read on, others refused', async () => {
      const store = await opened();
      await store.restore([{ key: Buffer.from('"hall"'), value: Buffer.from('1'), timestamp: 0 }], 1);
      expect((await readOn<number>()).get('hall')).toBe(1);
      expect(await refused({ value: long() as never })).toMatch(/do not say how they were written/);
    });
  });
}
