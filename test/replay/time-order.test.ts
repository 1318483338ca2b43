/** The order of several inputs of a task in a bounded run. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConsumedRecord } from '../../src/brokers/port.js';
import { TimeOrder } from '../../src/runtime/time-order.js';

const CARS = { topic: 'cars', partition: 0 };
const VANS = { topic: 'vans', partition: 0 };
const never = () => false;
const always = () => true;

const records = (topic: string, ...timestamps: readonly number[]) =>
  timestamps.map(
    (timestamp, offset): ConsumedRecord => ({
      topic,
      partition: 0,
      offset,
      key: null,
      value: null,
      timestamp,
      headers: [],
    }),
  );
const placesOf = (taken: readonly ConsumedRecord[]) => taken.map(({ topic, offset }) => `${topic}@${offset}`);

describe('inputs in the order of their times', () => {
  test('nothing is next while an input that goes on has shown nothing', () => {
    const order = new TimeOrder();
    order.add(records('cars', 1, 2));
    expect(order.take(10, [CARS, VANS], never)).toEqual([]);
    order.add(records('vans', 1, 3));
    // Behind cars@1 there may be one of 2, so vans@1 waits; of equal times the first named is next.
    expect(placesOf(order.take(10, [CARS, VANS], never))).toEqual(['cars@0', 'vans@0', 'cars@1']);
    expect(order.size).toBe(1);
    expect(placesOf(order.take(10, [CARS, VANS], always))).toEqual(['vans@1']);
    expect(order.size).toBe(0);
  });

  test('no more than there is room for', () => {
    const order = new TimeOrder();
    order.add(records('cars', 1, 2, 3));
    expect(placesOf(order.take(2, [CARS, VANS], always))).toEqual(['cars@0', 'cars@1']);
    expect([order.size, order.heldOf(CARS)]).toEqual([1, 1]);
  });

  test('a partition that goes to somebody else takes its records with it', () => {
    const order = new TimeOrder();
    order.add([...records('cars', 1), ...records('vans', 2, 3)]);
    order.forget(VANS);
    expect(order.size).toBe(1);
    expect(placesOf(order.take(10, [CARS], always))).toEqual(['cars@0']);
  });

  test('however polls cut the inputs, the order is the same, and that within a partition stays', () => {
    const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 });
    fc.assert(
      fc.property(times, times, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (cars, vans, sizes) => {
        const lines = [records('cars', ...cars), records('vans', ...vans)];
        const atOnce = new TimeOrder();
        for (const line of lines) atOnce.add(line);
        const whole = atOnce.take(1_000, [CARS, VANS], always);

        const inPieces = new TimeOrder();
        const read = [0, 0];
        const taken: ConsumedRecord[] = [];
        const ended = ({ topic }: { topic: string }) =>
          topic === 'cars' ? read[0]! >= cars.length : read[1]! >= vans.length;
        for (let poll = 0; !(ended(CARS) && ended(VANS)); poll += 1) {
          const size = sizes[poll % sizes.length]!;
          const line = poll % 2;
          inPieces.add(lines[line]!.slice(read[line], read[line]! + size));
          read[line]! += size;
          taken.push(...inPieces.take(size, [CARS, VANS], ended));
        }
        taken.push(...inPieces.take(1_000, [CARS, VANS], ended));
        expect(placesOf(taken)).toEqual(placesOf(whole));
        for (const [index, topic] of ['cars', 'vans'].entries()) {
          expect(whole.filter((record) => record.topic === topic)).toEqual(lines[index]);
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
