/**
 * `float` and `double` that read integers as Java does: rounded once, to the precision of the type. avsc's own leave
 * integers that are read as `float` unrounded, and make long ones of parts that are rounded each.
 */
import avsc from 'avsc';
import { EXACT_LONG } from './exact-long.js';
import type { Tap } from './tap.js';

interface Resolver {
  _read: (tap: Tap) => unknown;
}

interface Writer {
  readonly typeName: string;
  _read(tap: Tap): unknown;
}

class RoundedFloat extends avsc.types.FloatType {
  _update(resolver: Resolver, writer: Writer): void {
    const { typeName } = writer;
    if (typeName === 'float') resolver._read = (tap) => writer._read(tap);
    if (typeName === 'int') resolver._read = (tap) => Math.fround(tap.readLong());
    if (typeName === 'abstract:long') resolver._read = (tap) => Math.fround(Number(EXACT_LONG._read(tap)));
  }
}

class RoundedDouble extends avsc.types.DoubleType {
  _update(resolver: Resolver, writer: Writer): void {
    const { typeName } = writer;
    if (typeName === 'double' || typeName === 'float' || typeName === 'int')
      resolver._read = (tap) => writer._read(tap);
    if (typeName === 'abstract:long') resolver._read = (tap) => Number(EXACT_LONG._read(tap));
  }
}

export const ROUNDED_FLOAT = new RoundedFloat();
export const ROUNDED_DOUBLE = new RoundedDouble();
