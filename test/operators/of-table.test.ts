import { describe, expect, test } from 'vitest';
import { ofTable } from '../../src/operators/of-table.js';
import { recordOf, type StreamRecord } from '../../src/record.js';
import type { Car } from './tables/cars.js';
import { change, envelopeSchema, tombstoneOf } from './tables/changes.js';

const focus: Car = { id: 1, model: 'Focus' };
const created = change('c', 1, { after: focus });
const is = (table: string, record: StreamRecord) => ofTable(table)(record.value, record);

describe('ofTable', () => {
  test.each([
    ['public.cars', true],
    ['cars', true],
    ['other.cars', false],
    ['public', false],
    ['public.car', false],
    ['public-cars', false],
    ['publik.cars', false],
    ['public.vars', false],
    ['ars', false],
    ['car_database.public.cars', false],
  ])('a change of public.cars is of %s: %s', (table, expected) => {
    expect(is(table, created)).toBe(expected);
    expect(is(table, { ...created, valueSchema: envelopeSchema })).toBe(expected);
  });

  test('a source without schemas is asked for by the table alone', () => {
    const { schema: _, ...source } = created.value.source;
    const mysql = { ...created, value: { ...created.value, source } };
    expect([is('cars', mysql), is('public.cars', mysql), is('undefined.cars', mysql)]).toEqual([true, false, false]);
  });

  test('a truncate is of its table', () => {
    expect(is('public.cars', change('t', 1, {}))).toBe(true);
    expect(is('public.vans', change('t', 1, {}))).toBe(false);
  });

  test('tombstones pass: they say no table', () => {
    expect(is('public.vans', tombstoneOf(1))).toBe(true);
  });

  test('behind unwrap rows and deletes are known by record.change', () => {
    const { source } = created.value;
    const from = {
      db: source.db,
      schema: 'public',
      table: 'cars',
      op: 'd',
      lsn: 1n,
      txId: 1,
      sequence: null,
      tsMs: 1,
    } as const;
    expect(is('public.cars', { ...recordOf({ id: 1 }, focus), change: from })).toBe(true);
    expect(is('public.vans', { ...recordOf({ id: 1 }, null), change: from })).toBe(false);
  });

  test('what is no change is of no table', () => {
    expect(is('public.cars', recordOf(1, { schema: 'public', table: 'cars' }))).toBe(false);
    expect(is('public.cars', recordOf(1, 'text'))).toBe(false);
    expect(is('public.cars', { ...created, valueSchema: { type: 'struct', name: 'row' } })).toBe(false);
  });
});
