import { describe, expect, test } from 'vitest';
import { keyValueStore } from '../../src/state/declare.js';
import { inMemoryStore } from '../../src/state/in-memory-store.js';

interface Key {
  readonly make: string;
  readonly id: number;
}

describe('a store of an operator that is called by hand', () => {
  test('keeps, replaces, deletes and lists', () => {
    const store = inMemoryStore(keyValueStore<Key, { price: number }>('prices'));
    expect(store.name).toBe('prices');
    expect(store.get({ make: 'Ford', id: 1 })).toBeUndefined();
    store.put({ make: 'Ford', id: 1 }, { price: 9000 });
    store.put({ make: 'Ford', id: 2 }, { price: 8000 });
    store.put({ id: 1, make: 'Ford' }, { price: 9500 });
    expect(store.get({ make: 'Ford', id: 1 })).toEqual({ price: 9500 });
    expect([...store.entries()]).toEqual([
      [{ id: 1, make: 'Ford' }, { price: 9500 }],
      [{ id: 2, make: 'Ford' }, { price: 8000 }],
    ]);
    store.delete({ make: 'Ford', id: 1 });
    store.delete({ make: 'Ford', id: 7 });
    expect(store.has({ make: 'Ford', id: 1 })).toBe(false);
    expect(store.has({ make: 'Ford', id: 2 })).toBe(true);
  });

  test('gives back what the serde says, as production does after a restart', () => {
    const store = inMemoryStore(keyValueStore<number, unknown>('values'));
    store.put(1, { at: new Date(0), none: undefined });
    expect(store.get(1)).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  test('what was put does not change when the caller changes its object; what was got cannot be changed', () => {
    const store = inMemoryStore(keyValueStore<number, { list: number[] }>('values'));
    const value = { list: [1] };
    store.put(1, value);
    value.list.push(2);
    const got = store.get(1)!;
    expect(got).toEqual({ list: [1] });
    expect(() => got.list.push(3)).toThrow(TypeError);
    expect(() => Object.assign(got, { other: 1 })).toThrow(TypeError);
  });

  test('null deletes, undefined is a mistake, and so is a key that is null', () => {
    const store = inMemoryStore(keyValueStore<number | null, number | null | undefined>('values'));
    store.put(1, 5);
    store.put(1, null);
    expect(store.has(1)).toBe(false);
    expect(() => store.put(1, undefined)).toThrow(/'values'.*undefined.*delete/);
    expect(() => store.get(null)).toThrow(/'values'.*key null/);
  });

  test('an entry is readable until its retention has passed', () => {
    let now = 1_000;
    const store = inMemoryStore(keyValueStore<number, string>('seen', { retentionMs: 500 }), () => now);
    store.put(1, 'a');
    now = 1_499;
    expect(store.get(1)).toBe('a');
    store.put(2, 'b');
    now = 1_500;
    expect(store.get(1)).toBeUndefined();
    expect(store.has(1)).toBe(false);
    expect([...store.entries()]).toEqual([[2, 'b']]);
    store.put(1, 'again');
    now = 1_999;
    expect([store.get(1), store.get(2)]).toEqual(['again', undefined]);
  });
});
