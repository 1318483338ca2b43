import { beforeEach, expect, test } from 'vitest';
import { Partitions } from '../../../src/brokers/kafka/partitions.js';
import type { ConsumedRecord } from '../../../src/brokers/port.js';
import { NO_HEADERS } from '../../../src/record.js';

const t0 = { topic: 't', partition: 0 };
const t1 = { topic: 't', partition: 1 };
const record = (offset: number, partition = 0): ConsumedRecord => ({
  topic: 't',
  partition,
  offset,
  key: null,
  value: null,
  timestamp: 5,
  headers: NO_HEADERS,
});
const fetched = (...records: ConsumedRecord[]) => ({ records, ends: [] });
const offsets = (records: readonly { offset: number }[]): number[] => records.map(({ offset }) => offset);

let partitions: Partitions;

beforeEach(() => {
  partitions = new Partitions();
  partitions.add(t0);
  partitions.add(t1);
});

test('the position is that of the next record; unknown before anything was read or sought', () => {
  expect(partitions.position(t0)).toBeUndefined();
  partitions.deliver(fetched(record(3), record(7), record(1, 1)));
  expect(partitions.position(t0)).toBe(8);
  expect(partitions.position(t1)).toBe(2);
});

test('at the end of the partition the position lies beyond records that are never delivered', () => {
  partitions.deliver({ records: [record(3)], ends: [{ ...t0, offset: 5 }] });
  expect(partitions.position(t0)).toBe(5);
});

test('the end counts only when what is held before it has been delivered', () => {
  partitions.hold({ records: [record(3), record(4)], ends: [{ ...t0, offset: 6 }] });
  expect(partitions.position(t0)).toBeUndefined();
  expect(offsets(partitions.takeHeld(1))).toEqual([3]);
  expect(partitions.position(t0)).toBe(4);
  expect(offsets(partitions.takeHeld(10))).toEqual([4]);
  expect(partitions.position(t0)).toBe(6);
});

test('records of a paused partition are held, and come first and in order when it goes on', () => {
  partitions.setPaused(t0, true);
  expect(offsets(partitions.deliver(fetched(record(0), record(9, 1), record(1))))).toEqual([9]);
  expect(partitions.takeHeld(10)).toEqual([]);
  partitions.setPaused(t0, false);
  expect(partitions.deliver(fetched(record(2)))).toEqual([]);
  expect(offsets(partitions.takeHeld(10))).toEqual([0, 1, 2]);
});

test('a seek throws held records and the known end away', () => {
  partitions.hold({ records: [record(3)], ends: [{ ...t0, offset: 9 }] });
  expect(partitions.seek({ ...t0, offset: 1 })).toBe(true);
  expect(partitions.takeHeld(10)).toEqual([]);
  expect(partitions.position(t0)).toBe(1);
  expect(offsets(partitions.deliver(fetched(record(1))))).toEqual([1]);
  expect(partitions.position(t0)).toBe(2);
});

test('records of a partition that went are dropped', () => {
  partitions.hold(fetched(record(3)));
  partitions.remove(t0);
  expect(partitions.takeHeld(10)).toEqual([]);
  expect(partitions.deliver(fetched(record(4)))).toEqual([]);
  expect(partitions.seek({ ...t0, offset: 1 })).toBe(false);
  expect(partitions.list()).toEqual([t1]);
});
