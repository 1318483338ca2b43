/**
 * Values as Kafka's own serializers write them: `org.apache.kafka.common.serialization` of Kafka 4.3. Null bytes are
 * null and null is null bytes, as there.
 */
import { isUtf8 } from 'node:buffer';
import type { Long } from '../cdc/change.js';
import type { Serde } from './serde.js';

/** UTF-8 text: `StringSerializer`. Throws on bytes that are no UTF-8, which Java would replace silently. */
export function string(): Serde<string> {
  return primitive('string', isString, (value) => Buffer.from(value, 'utf8'), textOf);
}

/** Bytes as they are: `ByteArraySerializer`. An empty value is an empty value, not null. */
export function bytes(): Serde<Buffer> {
  return Object.freeze({
    encoding: 'bytes',
    serialize(value: Buffer | null): Buffer | null {
      if (value === null || Buffer.isBuffer(value)) return value;
      throw new TypeError(`bytes() writes Buffers; it was given ${nameOf(value)}`);
    },
    deserialize: (encoded: Buffer | null) => encoded,
  });
}

/** Four bytes, big-endian: `IntegerSerializer`. Throws on what is no 32-bit integer. */
export function int(): Serde<number> {
  return primitive(
    'int',
    isNumber,
    (value) => {
      if ((value | 0) !== value) throw new RangeError(`int() writes 32-bit integers; ${value} is none`);
      const encoded = Buffer.allocUnsafe(4);
      encoded.writeInt32BE(value);
      return encoded;
    },
    (encoded) => exactly(4, 'int', encoded).readInt32BE(),
  );
}

const LARGEST_LONG = 2n ** 63n - 1n;
const SMALLEST_LONG = -(2n ** 63n);

/**
 * Eight bytes, big-endian: `LongSerializer`. Reads a number where it is exact, otherwise a bigint; writes both.
 * Throws on a number that is no safe integer and on a bigint of more than 64 bits.
 */
export function long(): Serde<Long> {
  return Object.freeze({
    encoding: 'long',
    serialize(value: Long | null): Buffer | null {
      if (value === null) return null;
      if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
        throw new RangeError(`long() writes integers; ${String(value)} is no safe one: use a bigint beyond 2^53`);
      }
      const exact = BigInt(value);
      if (exact > LARGEST_LONG || exact < SMALLEST_LONG) {
        throw new RangeError(`long() writes 64-bit integers; ${exact} does not fit`);
      }
      const encoded = Buffer.allocUnsafe(8);
      encoded.writeBigInt64BE(exact);
      return encoded;
    },
    deserialize(encoded: Buffer | null): Long | null {
      if (encoded === null) return null;
      const exact = exactly(8, 'long', encoded).readBigInt64BE();
      const value = Number(exact);
      return Number.isSafeInteger(value) ? value : exact;
    },
  });
}

/** Eight bytes, IEEE 754 big-endian: `DoubleSerializer`. */
export function double(): Serde<number> {
  return primitive(
    'double',
    isNumber,
    (value) => {
      const encoded = Buffer.allocUnsafe(8);
      encoded.writeDoubleBE(value);
      return encoded;
    },
    (encoded) => exactly(8, 'double', encoded).readDoubleBE(),
  );
}

function primitive<T>(
  encoding: string,
  accepts: (value: unknown) => boolean,
  write: (value: T) => Buffer,
  read: (encoded: Buffer) => T,
): Serde<T> {
  return Object.freeze({
    encoding,
    serialize(value: T | null): Buffer | null {
      if (value === null) return null;
      if (!accepts(value)) throw new TypeError(`${encoding}() cannot write ${nameOf(value)}`);
      return write(value);
    },
    deserialize: (encoded: Buffer | null) => (encoded === null ? null : read(encoded)),
  });
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function textOf(encoded: Buffer): string {
  const text = encoded.toString('utf8');
  if (text.includes('\ufffd') && !isUtf8(encoded)) {
    throw new Error(`the ${encoded.length} bytes are no UTF-8 text: use bytes(), or the serde they were written with`);
  }
  return text;
}

function exactly(length: number, encoding: string, encoded: Buffer): Buffer {
  if (encoded.length === length) return encoded;
  throw new Error(
    `${encoding}() reads ${length} bytes; these are ${encoded.length}: the record was written with another serializer`,
  );
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'object' ? (value.constructor?.name ?? 'an object') : typeof value;
}
