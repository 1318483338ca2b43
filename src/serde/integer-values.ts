/** Integers as users give them: numbers and bigints, never rounded. */
import type { Long } from '../cdc/change.js';
import { expected, wrong } from './connect-value-error.js';

/** Gives the check of integers between two bounds; a bigint may stand for a number. */
export function integerBetween(type: string, least: number, most: number): (value: unknown) => number {
  return (value) => {
    if (typeof value === 'number' && Number.isInteger(value)) {
      if (value >= least && value <= most) return Number(value);
    } else if (typeof value === 'bigint') {
      if (value >= BigInt(least) && value <= BigInt(most)) return Number(value);
    } else if (typeof value === 'number' && Number.isFinite(value)) {
      throw wrong(`${value} is no integer and the schema says ${type}: round it, or declare float64`);
    } else {
      throw wrong(expected(`an ${type}`, value));
    }
    throw wrong(`${value} is out of the range of ${type}, ${least} to ${most}`);
  };
}

const LEAST_LONG = -(2n ** 63n);
const MOST_LONG = 2n ** 63n - 1n;

/** A 64-bit integer, exact. @throws ConnectValueError when it is none */
export function exactLong(value: unknown): Long {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    if (Number.isInteger(value)) throw wrong(`${value} is beyond 2^53 and no longer exact: give it as a bigint`);
    if (Number.isFinite(value))
      throw wrong(`${value} is no integer and the schema says int64: round it, or declare float64`);
  }
  if (typeof value !== 'bigint') throw wrong(expected('an int64', value));
  if (value < LEAST_LONG || value > MOST_LONG) throw wrong(`${value} is out of the range of int64`);
  return value;
}
