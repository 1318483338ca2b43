import { inspect, isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import type { Change } from '../../src/cdc/change.js';
import { changeContextOf } from '../../src/operators/change-context.js';

const members = { db: 'cars', schema: 'public', table: 'car_data', op: 'u', lsn: 29_260_208n, txId: 7, tsMs: 5 };
const plain = { ...members, sequence: '["1","2"]' };
const change = {
  op: 'u',
  source: {
    db: 'cars',
    schema: 'public',
    table: 'car_data',
    lsn: 29_260_208,
    txId: 7,
    sequence: '["1","2"]',
    ts_ms: 5,
  },
} as unknown as Change<unknown>;

test('looks like a plain object', () => {
  const context = changeContextOf(change);
  expect(context).toStrictEqual(plain);
  expect(isDeepStrictEqual(context, plain)).toBe(true);
  expect({ ...context, route: 'x' }).toEqual({ ...plain, route: 'x' });
  expect(Object.keys(context).sort()).toEqual(Object.keys(plain).sort());
  expect(['lsn' in context, 'change' in context, 'route' in context]).toEqual([true, false, false]);
  expect((context as unknown as Record<string, unknown>).change).toBeUndefined();
  expect(inspect(context)).toBe(inspect({ ...context }));
  expect(changeContextOf({ ...change, op: 'd' } as never)).not.toEqual(context);
});

test('what the source has not is null', () => {
  const { lsn, txId, sequence } = changeContextOf({ op: 'r', source: {} } as never);
  expect({ lsn, txId, sequence }).toEqual({ lsn: null, txId: null, sequence: null });
});

test('nothing is read before it is asked for', () => {
  const source = {
    get table() {
      throw new Error('the table is damaged');
    },
    lsn: 5,
  };
  const context = changeContextOf({ op: 'c', source } as never);
  expect(context.lsn).toBe(5n);
  expect(() => context.table).toThrow('damaged');
});

test('cannot be changed', () => {
  const context = changeContextOf(change) as { op: string };
  expect(() => Object.assign(context, { op: 'c' })).toThrow(/make a new one/);
  expect(() => Reflect.deleteProperty(context, 'op')).toThrow(TypeError);
});
