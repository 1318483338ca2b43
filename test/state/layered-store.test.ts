import { describe, expect, test } from 'vitest';
import type { Serde } from '../../src/serde/serde.js';
import { keyValueStore } from '../../src/state/declare.js';
import { isFormatRecord } from '../../src/state/format-record.js';
import { HotCaches } from '../../src/state/hot-cache.js';
import { LayeredStore } from '../../src/state/layered-store.js';
import { memoryEngines } from '../../src/state/memory.js';
import type { StoreChange, StoreDeclaration, StoreEngine } from '../../src/state/store.js';

const prices = keyValueStore<number, unknown>('prices');

interface Setting {
  readonly maxEntries?: number;
  readonly engine?: StoreEngine;
  readonly declaration?: StoreDeclaration<number, unknown>;
}

async function setUp({ maxEntries = 100, engine, declaration = prices }: Setting = {}) {
  const task = { sequence: 1, now: 0, wrote: [] as [string, StoreChange][], read: [] as number[] };
  const over = engine ?? (await memoryEngines().open('0_0/prices'));
  const store = new LayeredStore(
    declaration,
    over,
    {
      sequence: () => task.sequence,
      // What the store says of its formats is told too: test/state/formats.test.ts.
      wrote: ({ name }, { key, value }) => isFormatRecord(key) || task.wrote.push([name, { key, value }]),
      read: (sequence) => task.read.push(sequence),
    },
    { caches: new HotCaches(maxEntries), now: () => task.now },
  );
  const write = (sequence: number, key: number, value: unknown) => {
    task.sequence = sequence;
    store.put(key, value);
  };
  return { task, engine: over, store, write };
}

const entriesOf = (engine: StoreEngine) => [...engine.entries()].filter(([key]) => !isFormatRecord(key));
const shown = (changes: readonly StoreChange[]) =>
  changes.map(({ key, value }) => `${key}=${value === null ? 'deleted' : value}`).sort();

describe('S1: a read sees the newest write of the records before it', () => {
  test('a write is told once, as bytes, and read back', async () => {
    const { task, store, write } = await setUp();
    write(1, 7, { price: 9000 });
    expect(store.get(7)).toEqual({ price: 9000 });
    expect(task.wrote).toEqual([['prices', { key: Buffer.from('7'), value: Buffer.from('{"price":9000}') }]]);
    store.delete(7);
    expect(store.get(7)).toBeUndefined();
    expect(task.wrote[1]).toEqual(['prices', { key: Buffer.from('7'), value: null }]);
  });

  test('the task hears of a read of what another unfinished record wrote or deleted, and of no other', async () => {
    const { task, store, write } = await setUp();
    write(1, 7, 'a');
    store.get(7);
    store.has(7);
    expect(task.read).toEqual([]);
    task.sequence = 2;
    store.get(7);
    store.has(7);
    store.get(8);
    expect(task.read).toEqual([1, 1]);
    store.delete(7);
    task.read.length = 0; // The delete depends on the record that brought the store's formats with it.
    task.sequence = 5;
    expect(store.get(7)).toBeUndefined();
    expect([...store.entries()]).toEqual([]);
    expect(task.read).toEqual([2, 2]);
  });

  test('records that reach the store out of order are a mistake', async () => {
    const { write, store } = await setUp();
    write(5, 1, 'a');
    expect(() => write(4, 1, 'b')).toThrow(/'prices'.*record 4 after record 5/);
    store.takeUpTo(9);
    expect(() => write(9, 1, 'b')).toThrow(/record 9 after record 9/);
    write(10, 1, 'c');
  });
});

describe('S2: nothing uncommitted reaches the engine', () => {
  test('a commit hands over the last change of each key up to the prefix', async () => {
    const { engine, store, write } = await setUp();
    write(1, 1, 'a');
    write(2, 1, 'b');
    write(2, 2, 'c');
    write(3, 1, 'd');
    expect(shown(store.takeUpTo(2))).toEqual(['1="b"', '2="c"']);
    expect(entriesOf(engine)).toEqual([]);
    await store.committed(40);
    expect(shown(entriesOf(engine).map(([key, value]) => ({ key, value })))).toEqual(['1="b"', '2="c"']);
    expect(store.position).toBe(40);
    expect(store.get(1)).toBe('d');
  });

  test('a commit without changes leaves the engine alone', async () => {
    const { store, write } = await setUp();
    write(5, 1, 'a');
    expect(store.takeUpTo(4)).toEqual([]);
    await store.committed(40);
    expect(store.position).toBeUndefined();
  });

  test('an engine that cannot write rejects the commit', async () => {
    const engine = await memoryEngines().open('0_0/prices');
    engine.apply = () => Promise.reject(new Error('the disk is full'));
    const { store, write } = await setUp({ engine });
    write(1, 1, 'a');
    store.takeUpTo(1);
    await expect(store.committed(1)).rejects.toThrow('the disk is full');
  });
});

describe('S3: a record that failed leaves nothing', () => {
  test('its writes are gone, those before and after it stay', async () => {
    const { task, store, write } = await setUp();
    write(1, 1, 'a');
    write(2, 1, 'b');
    write(2, 2, 'c');
    write(3, 1, 'd');
    store.discard(2);
    expect([store.get(1), store.get(2)]).toEqual(['d', undefined]);
    store.discard(3);
    expect(store.get(1)).toBe('a');
    task.sequence = 4;
    expect(shown(store.takeUpTo(9))).toEqual(['1="a"']);
  });

  test('records that run again write with their old numbers', async () => {
    const { store, write } = await setUp();
    write(1, 1, 'a');
    write(2, 1, 'b');
    write(3, 2, 'c');
    store.discardFrom(2);
    expect([store.get(1), store.get(2)]).toEqual(['a', undefined]);
    write(2, 1, 'again');
    expect(shown(store.takeUpTo(3))).toEqual(['1="again"']);
  });

  test('what is being committed cannot be discarded', async () => {
    const { store, write } = await setUp();
    write(1, 1, 'a');
    write(2, 1, 'b');
    store.takeUpTo(1);
    expect(() => store.discard(1)).toThrow('being committed');
    expect(() => store.discardFrom(1)).toThrow('being committed');
    store.discard(2);
    expect(store.get(1)).toBe('a');
  });

  test('a lost partition forgets all of it, what is being committed too', async () => {
    const { engine, store, write } = await setUp();
    write(1, 1, 'a');
    store.takeUpTo(1);
    write(2, 2, 'b');
    store.dropUncommitted();
    expect([store.get(1), store.get(2)]).toEqual([undefined, undefined]);
    expect(() => store.committed(1)).toThrow('nothing taken');
    expect(entriesOf(engine)).toEqual([]);
  });
});

describe('S4: records go on while a commit is under way', () => {
  test('what is taken is read without telling the task, and later writes stay out of it', async () => {
    const { task, store, write } = await setUp();
    write(1, 1, 'a');
    write(1, 2, 'b');
    store.takeUpTo(1);
    write(2, 1, 'newer');
    task.sequence = 3;
    expect([store.get(1), store.get(2)]).toEqual(['newer', 'b']);
    expect(task.read).toEqual([2]);
    await store.committed(1);
    expect([store.get(1), store.get(2)]).toEqual(['newer', 'b']);
    store.discard(2);
    expect(store.get(1)).toBe('a');
  });

  test('a commit that did not take place can be tried again, with more', async () => {
    const { store, write } = await setUp();
    write(1, 1, 'a');
    store.takeUpTo(1);
    write(2, 1, 'b');
    store.reverted();
    expect(shown(store.takeUpTo(2))).toEqual(['1="b"']);
    await store.committed(2);
    expect(store.position).toBe(2);
  });

  test('a second commit cannot begin before the first has ended', async () => {
    const { store, write } = await setUp();
    write(1, 1, 'a');
    store.takeUpTo(1);
    expect(() => store.takeUpTo(1)).toThrow('being committed already');
    expect(() => store.restore([], 1)).toThrow('uncommitted');
    store.reverted();
    expect(() => store.reverted()).toThrow('nothing taken');
  });
});

describe('the hot cache', () => {
  test('each layer counts what it answered', async () => {
    const { store, write } = await setUp();
    write(1, 1, 'a');
    store.get(1);
    store.takeUpTo(1);
    await store.committed(1);
    store.get(1);
    store.get(1);
    store.get(2);
    store.get(2);
    await store.restore([{ key: Buffer.from('3'), value: Buffer.from('"c"'), timestamp: 0 }], 2);
    store.get(3);
    expect(store.statistics).toEqual({
      uncommitted: 1,
      cache: 1,
      engine: 2,
      miss: 2,
      hitRatio: 2 / 6,
      uncommittedWrites: 0,
      cachedEntries: 1,
    });
  });

  test.each([
    { maxEntries: 2, kept: 2 },
    { maxEntries: 0, kept: 0 },
  ])('keeps no more than $maxEntries, and the rest is read from the engine', async ({ maxEntries, kept }) => {
    const { store, write } = await setUp({ maxEntries });
    for (let key = 1; key <= 5; key++) write(key, key, 'v');
    store.takeUpTo(5);
    await store.committed(5);
    for (let key = 1; key <= 5; key++) expect(store.get(key)).toBe('v');
    expect(store.statistics).toMatchObject({ engine: 5, cachedEntries: kept });
  });

  test('a write takes no place of one that was read, and replaces what is kept of its key', async () => {
    const { store, write } = await setUp({ maxEntries: 1 });
    const commit = (through: number) => {
      store.takeUpTo(through);
      return store.committed(through);
    };
    write(1, 1, 'read');
    await commit(1);
    store.get(1);
    write(2, 2, 'another');
    write(3, 1, 'written');
    await commit(3);
    expect(store.get(1)).toBe('written');
    expect(store.statistics).toMatchObject({ cache: 1, cachedEntries: 1 });
  });
});

describe('restore and clear', () => {
  test('changes of the changelog are applied with their position, over what was cached', async () => {
    const { store } = await setUp();
    expect(store.get(1)).toBeUndefined();
    await store.restore([{ key: Buffer.from('1'), value: Buffer.from('"a"'), timestamp: 0 }], 10);
    expect(store.get(1)).toBe('a');
    await store.restore([{ key: Buffer.from('1'), value: null, timestamp: 0 }], 11);
    expect(store.get(1)).toBeUndefined();
    expect(store.position).toBe(11);
    await store.restore([{ key: Buffer.from('1'), value: Buffer.from('"b"'), timestamp: 0 }], 12);
    await store.clear();
    expect(store.get(1)).toBeUndefined();
    expect(store.position).toBeUndefined();
  });
});

describe('entries', () => {
  test('shows all layers, each key once, and lets the caller write meanwhile', async () => {
    const { task, store, write } = await setUp();
    for (let key = 1; key <= 3; key++) write(key, key, 'old');
    store.takeUpTo(3);
    await store.committed(3);
    task.read.length = 0;
    write(4, 2, 'new');
    write(4, 4, 'new');
    task.sequence = 5;
    store.delete(3);
    const seen: unknown[] = [];
    for (const [key, value] of store.entries()) {
      seen.push([key, value]);
      store.put(key, 'again');
    }
    expect(seen.sort()).toEqual([
      [1, 'old'],
      [2, 'new'],
      [4, 'new'],
    ]);
    expect(task.read).toEqual([4, 4]);
    expect([...store.entries()].sort()).toEqual([
      [1, 'again'],
      [2, 'again'],
      [4, 'again'],
    ]);
  });
});

describe('V3: retention', () => {
  const seen = keyValueStore<number, unknown>('seen', { retentionMs: 100 });

  test('an entry is readable until written + retention, in every layer, and keeps its age when rebuilt', async () => {
    const { task, store, write } = await setUp({ declaration: seen });
    task.now = 1_000;
    write(1, 1, 'a');
    const logged = task.wrote[0]![1];
    store.takeUpTo(1);
    await store.committed(1);
    task.now = 1_050;
    write(2, 2, 'b');
    task.now = 1_099;
    expect([store.get(1), store.get(2)]).toEqual(['a', 'b']);
    task.now = 1_100;
    expect([store.get(1), store.has(1), store.get(2)]).toEqual([undefined, false, 'b']);
    expect([...store.entries()]).toEqual([[2, 'b']]);
    task.now = 1_150;
    expect(store.get(2)).toBeUndefined();

    const rebuilt = await setUp({ declaration: seen });
    rebuilt.task.now = 1_099;
    await rebuilt.store.restore([{ ...logged, timestamp: 0 }], 1);
    expect(rebuilt.store.get(1)).toBe('a');
    rebuilt.task.now = 1_100;
    expect(rebuilt.store.get(1)).toBeUndefined();
    await rebuilt.store.restore([{ ...logged, timestamp: 0 }], 2);
    expect(entriesOf(rebuilt.engine)).toEqual([]);
  });

  test('the time is seven bytes before the value', async () => {
    const { task, write } = await setUp({ declaration: seen });
    task.now = 0x0102_0304_0506;
    write(1, 1, 'a');
    expect(task.wrote[0]![1].value).toEqual(Buffer.concat([Buffer.from([0xfe, 1, 2, 3, 4, 5, 6]), Buffer.from('"a"')]));
  });

  test('expired entries leave the engine in passing; those written again stay', async () => {
    const { task, engine, store, write } = await setUp({ declaration: seen });
    for (let key = 0; key < 200; key++) write(1, key, 'old');
    store.takeUpTo(1);
    await store.committed(1);
    task.now = 100;
    for (let round = 2; round < 20; round++) {
      write(round, round, 'new');
      store.takeUpTo(round);
      await store.committed(round);
    }
    expect(
      entriesOf(engine)
        .map(([key]) => Number(key))
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 18 }, (_, i) => i + 2));
  });

  test('entries without a time are an error that says what to do', async () => {
    const engine = await memoryEngines().open('0_0/seen');
    await engine.apply([{ key: Buffer.from('1'), value: Buffer.from('"a"') }], 1);
    const { store } = await setUp({ engine, declaration: seen });
    expect(() => store.get(1)).toThrow(/'seen'.*without the time of its writing.*rebuilt from its changelog/);
  });
});

describe('V1 and V2: values', () => {
  test('are what the bytes say and frozen, whichever layer answers', async () => {
    const { store, write } = await setUp({ maxEntries: 1 });
    const given = { at: new Date(0), list: [{ n: 1 }] };
    write(1, 1, given);
    given.list.push({ n: 2 });
    const expected = { at: '1970-01-01T00:00:00.000Z', list: [{ n: 1 }] };
    const check = () => {
      const value = store.get(1) as { list: object[] };
      expect(value).toEqual(expected);
      expect(() => value.list.push({})).toThrow(TypeError);
      expect(Object.isFrozen(value.list[0])).toBe(true);
    };
    check();
    store.takeUpTo(1);
    await store.committed(1);
    check();
    write(2, 2, {});
    store.takeUpTo(2);
    await store.committed(2);
    check();
    expect(store.statistics).toMatchObject({ uncommitted: 1, cache: 1, engine: 1 });
  });

  test('a serde of bytes keeps every byte of keys and values', async () => {
    const bytes: Serde<Buffer> = {
      encoding: 'bytes',
      serialize: (value) => value,
      deserialize: (value) => value,
    };
    const engine = await memoryEngines().open('0_0/raw');
    const store = new LayeredStore(
      keyValueStore('raw', { key: bytes, value: bytes }),
      engine,
      { sequence: () => 1, wrote: () => {}, read: () => {} },
      { caches: new HotCaches(10), now: () => 0 },
    );
    const key = Buffer.from([0, 0x80, 0xff, 0xc3, 0x28]);
    store.put(key, Buffer.from([0xfe, 0]));
    const [change] = store.takeUpTo(1);
    expect(change?.key).toEqual(key);
    expect(change?.value?.subarray(-2)).toEqual(Buffer.from([0xfe, 0]));
    expect([...store.entries()]).toEqual([[key, Buffer.from([0xfe, 0])]]);
  });

  test('errors name the store and the key, and what to do about bytes that cannot be read', async () => {
    const engine = await memoryEngines().open('0_0/prices');
    await engine.apply([{ key: Buffer.from('1'), value: Buffer.from('no json') }], 1);
    const { store } = await setUp({ engine });
    expect(() => store.get(1)).toThrow(/'prices' cannot read the value of the key 1 as json.*new name/);
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(() => store.put(2, loop)).toThrow(/'prices' cannot write the value of the key 2 as json/);
    expect(() => store.put(2, undefined)).toThrow(/'prices'.*undefined/);
    expect(store.statistics.uncommittedWrites).toBe(0);
  });
});
