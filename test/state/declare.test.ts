import { describe, expect, expectTypeOf, test } from 'vitest';
import { TopologyError } from '../../src/errors.js';
import { keyValueStore } from '../../src/state/declare.js';
import type { StoreDeclaration } from '../../src/state/store.js';

describe('keyValueStore', () => {
  test('declares a logged store of JSON, frozen, with its types', () => {
    const declared = keyValueStore<{ id: number }, number>('prices');
    expect(declared).toMatchObject({ kind: 'key-value', name: 'prices', changelog: true, retentionMs: undefined });
    expect([declared.keySerde.encoding, declared.valueSerde.encoding]).toEqual(['json', 'json']);
    expect(Object.isFrozen(declared)).toBe(true);
    expectTypeOf(declared).toEqualTypeOf<StoreDeclaration<{ id: number }, number>>();
  });

  test('takes a retention, no changelog, and serdes of its own', () => {
    const bytes = {
      encoding: 'bytes',
      serialize: (value: Buffer | null) => value,
      deserialize: (value: Buffer | null) => value,
    };
    const declared = keyValueStore('seen', { key: bytes, value: bytes, changelog: 'disabled', retentionMs: 60_000 });
    expect(declared).toMatchObject({ keySerde: bytes, valueSerde: bytes, changelog: false, retentionMs: 60_000 });
    expectTypeOf(declared).toEqualTypeOf<StoreDeclaration<Buffer, Buffer>>();
  });

  test.each(['', ' ', 'a b', 'a/b', '..', '.', 'preis€', 'a:b', 'x'.repeat(238)])('refuses the name %j', (name) => {
    expect(() => keyValueStore(name)).toThrow(TopologyError);
  });

  test.each(['a', 'A.b_c-9', 'x'.repeat(237)])('takes the name %j', (name) => {
    expect(keyValueStore(name).name).toBe(name);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a retention of %d ms', (retentionMs) => {
    expect(() => keyValueStore('prices', { retentionMs })).toThrow(/prices.*retentionMs/);
  });
});
