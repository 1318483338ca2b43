import { expect, test } from 'vitest';
import { FeatureMatrix } from '../../src/model/feature-matrix.js';

const matrix = new FeatureMatrix([
  { name: 'year', kind: 'number' },
  { name: 'fuel', kind: 'text', categories: ['Petrol', 'Diesel'] },
  { name: 'mpg', kind: 'number' },
]);

function encode(...rows: object[]): { values: number[]; refused: [number, string][] } {
  const refused: [number, string][] = [];
  const values = matrix.encode(rows, (row, reason) => refused.push([row, reason]));
  return { values: [...values], refused };
}

test('a number is one column, a text one for each category, rows one after the other', () => {
  expect(matrix.width).toBe(4);
  const { values, refused } = encode({ year: 2018, fuel: 'Diesel', mpg: 0.5 }, { mpg: -1, fuel: 'Petrol', year: 0 });
  expect(values).toEqual([2018, 0, 1, 0.5, 0, 1, 0, -1]);
  expect(refused).toEqual([]);
});

test('null, NaN and what is not there: NaN for a number, zeros for a text', () => {
  expect(encode({ year: null, fuel: null, mpg: Number.NaN }, {}).values).toEqual([
    Number.NaN,
    0,
    0,
    Number.NaN,
    Number.NaN,
    0,
    0,
    Number.NaN,
  ]);
});

test('an unknown category is zeros; blanks count', () => {
  expect(encode({ year: 1, fuel: ' Petrol', mpg: 1 }, { year: 1, fuel: '', mpg: 1 }).values).toEqual([
    1, 0, 0, 1, 1, 0, 0, 1,
  ]);
});

test('a value of another type is refused, with the name of its feature', () => {
  const { refused } = encode(
    { year: 1, fuel: 'Petrol', mpg: 1 },
    { year: true, fuel: 5, mpg: 1 },
    { year: 1, fuel: {} },
  );
  expect(refused).toEqual([
    [1, "the feature 'year' is a number or null, not the boolean true"],
    [2, "the feature 'fuel' is a text or null, not the object [object Object]"],
  ]);
});
