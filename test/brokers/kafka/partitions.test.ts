import type { Message } from 'node-rdkafka';
import { beforeEach, expect, test } from 'vitest';
import { Partitions } from '../../../src/brokers/kafka/partitions.js';

const t0 = { topic: 't', partition: 0 };
const t1 = { topic: 't', partition: 1 };
const message = (offset: number, partition = 0): Message =>
  ({ topic: 't', partition, offset, key: null, value: null, size: 0, timestamp: 5 }) as Message;
const fetched = (...messages: Message[]) => ({ messages, ends: [] });
const offsets = (records: readonly { offset: number }[]): number[] => records.map(({ offset }) => offset);

let partitions: Partitions;

beforeEach(() => {
  partitions = new Partitions();
  partitions.add(t0);
  partitions.add(t1);
});

test('the position is that of the next record; unknown before anything was read or sought', () => {
  expect(partitions.position(t0)).toBeUndefined();
  partitions.deliver(fetched(message(3), message(7), message(1, 1)));
  expect(partitions.position(t0)).toBe(8);
  expect(partitions.position(t1)).toBe(2);
});

test('at the end of the partition the position lies beyond records that are never delivered', () => {
  partitions.deliver({ messages: [message(3)], ends: [{ ...t0, offset: 5 }] });
  expect(partitions.position(t0)).toBe(5);
});

test('the end counts only when what is held before it has been delivered', () => {
  partitions.hold({ messages: [message(3), message(4)], ends: [{ ...t0, offset: 6 }] });
  expect(partitions.position(t0)).toBeUndefined();
  expect(offsets(partitions.takeHeld(1))).toEqual([3]);
  expect(partitions.position(t0)).toBe(4);
  expect(offsets(partitions.takeHeld(10))).toEqual([4]);
  expect(partitions.position(t0)).toBe(6);
});

test('records of a paused partition are held, and come first and in order when it goes on', () => {
  partitions.setPaused(t0, true);
  expect(offsets(partitions.deliver(fetched(message(0), message(9, 1), message(1))))).toEqual([9]);
  expect(partitions.takeHeld(10)).toEqual([]);
  partitions.setPaused(t0, false);
  expect(partitions.deliver(fetched(message(2)))).toEqual([]);
  expect(offsets(partitions.takeHeld(10))).toEqual([0, 1, 2]);
});

test('a seek throws held records and the known end away', () => {
  partitions.hold({ messages: [message(3)], ends: [{ ...t0, offset: 9 }] });
  expect(partitions.seek({ ...t0, offset: 1 })).toBe(true);
  expect(partitions.takeHeld(10)).toEqual([]);
  expect(partitions.position(t0)).toBe(1);
  expect(offsets(partitions.deliver(fetched(message(1))))).toEqual([1]);
  expect(partitions.position(t0)).toBe(2);
});

test('records of a partition that went are dropped', () => {
  partitions.hold(fetched(message(3)));
  partitions.remove(t0);
  expect(partitions.takeHeld(10)).toEqual([]);
  expect(partitions.deliver(fetched(message(4)))).toEqual([]);
  expect(partitions.seek({ ...t0, offset: 1 })).toBe(false);
  expect(partitions.list()).toEqual([t1]);
});
