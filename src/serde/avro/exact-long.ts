/**
 * Avro's `long` without loss: a number where numbers are exact, otherwise a bigint. avsc's own throws beyond 2^53, where
 * Debezium's `ts_ns` is in every record.
 */
import avsc from 'avsc';
import type { Long } from '../../cdc/change.js';
import type { Tap } from './tap.js';

/** avsc counts in doubles, and with twice the number: below this it is exact. */
const EXACT = 2 ** 52;

class ExactLong extends avsc.types.LongType {
  _check(value: unknown, _flags: unknown, hook?: (value: unknown, type: unknown) => void): boolean {
    const fits = isLong(value);
    if (!fits && hook !== undefined) hook(value, this);
    return fits;
  }

  _read(tap: Tap): Long {
    const start = tap.pos;
    const value = tap.readLong();
    return Math.abs(value) < EXACT ? value : readExactly(tap.buf, start);
  }

  _write(tap: Tap, value: unknown): void {
    if (!isLong(value)) throw new TypeError(`${String(value)} is no 64-bit integer`);
    if (typeof value === 'number' && Math.abs(value) < EXACT) tap.writeLong(value);
    else writeExactly(tap, BigInt(value));
  }

  _update(resolver: { _read: (tap: Tap) => unknown }, writer: { readonly typeName: string; _read(tap: Tap): unknown }) {
    if (writer.typeName === 'int' || writer.typeName === 'abstract:long') resolver._read = (tap) => writer._read(tap);
  }

  _copy(value: unknown): unknown {
    return value;
  }

  _deref(): string {
    return 'long';
  }

  override compare(a: Long, b: Long): number {
    return a < b ? -1 : a > b ? 1 : 0;
  }
}

Object.defineProperties(ExactLong.prototype, {
  // avsc's name for long types that are not its own; unions then ask `_check` which branch a bigint is of.
  typeName: { value: 'abstract:long' },
  _concreteTypeName: { value: 'long' },
});

/** The one type of all longs. */
export const EXACT_LONG = new ExactLong();

function isLong(value: unknown): value is Long {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value;
}

/** At most ten bytes of seven bits each, the least significant first; then the zigzag is undone. */
function readExactly(bytes: Buffer, start: number): Long {
  let encoded = 0n;
  let shift = 0n;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at] ?? 0;
    encoded |= BigInt(byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) break;
    shift += 7n;
  }
  const value = BigInt.asIntN(64, (encoded >> 1n) ^ -(encoded & 1n));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function writeExactly(tap: Tap, value: bigint): void {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  while (rest > 0x7fn) {
    tap.buf[tap.pos++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  tap.buf[tap.pos++] = Number(rest);
}
