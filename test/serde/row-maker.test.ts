import { describe, expect, test } from 'vitest';
import { rowMaker } from '../../src/serde/row-maker.js';

describe('a row', () => {
  test.each([
    ['words', ['id', 'model', '_x1']],
    ['a name that no compiler sees', ['id', 'fuel type', 'größe', '"];throw 1//', '\u2028']],
    ['the name of a prototype', ['id', '__proto__']],
    ['numbers, which come first', ['b', '1']],
  ])('has its names and values: %s', (_what, names) => {
    const make = rowMaker(names);
    const rows = [1, 2].map((n) => make(names.map((_, i) => n * i)));
    expect(rows.map((row) => new Map(Object.entries(row)))).toEqual(
      [1, 2].map((n) => new Map(names.map((name, i) => [name, n * i]))),
    );
    expect(rows.map(Object.getPrototypeOf)).toEqual([Object.prototype, Object.prototype]);
  });
});
