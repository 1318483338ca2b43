/**
 * Values as bytes, and bytes as values that are decoded when they are first read.
 *
 * V1. What a store returns is what the bytes say, whichever layer answers: a `Date` written as JSON is read back as a
 *     string a moment later just as it is after a restart.
 * V2. What a store returns is frozen. Changing it in place would change committed state behind the store's back, and
 *     would survive the failure of the record that did it.
 * V3. With `retentionMs`, the bytes begin with the time of writing, so that an entry keeps its age in the changelog
 *     and through a rebuild: one byte 0xFE, then milliseconds since the epoch in six bytes, big-endian.
 * V4. Then comes the mark of the format (F1), and the value in that format. It is read as it was written, and given as
 *     the declaration says.
 */
import { asError } from '../errors.js';
import { contextOf } from './key-codec.js';
import { type ReadValue, readerOf } from './readable.js';
import type { RestoredChange, StoreDeclaration } from './store.js';
import { FORMAT_MARK, formatOf, MARK_BYTES, markOf, type StoreFormat } from './store-format.js';

/** Never the first byte of UTF-8 text nor of a format's mark, so entries without a time are told apart. */
const TIME_MARK = 0xfe;
const TIME_BYTES = 7;

/** What a layer keeps for a key. Without bytes and value: known to be absent. */
export interface Content<V> {
  /** Released when decoded: a small slice would keep the whole pool that it was cut from. */
  bytes: Buffer | undefined;
  value: V | undefined;
  /** Milliseconds since the epoch; Infinity without retention. */
  readonly expiresAt: number;
}

export class ValueCodec<V> {
  readonly #declaration: StoreDeclaration<unknown, V>;
  readonly #retentionMs: number | undefined;
  readonly #now: () => number;
  readonly #context;
  readonly #mark: Buffer;
  /** By the mark, as latin1; the plain format's is empty. */
  readonly #readers = new Map<string, ReadValue<V>>();

  /**
   * @param topic what serdes that name their schemas after a topic are told
   * @param now milliseconds since the epoch
   */
  constructor(declaration: StoreDeclaration<unknown, V>, topic: string, now: () => number) {
    this.#declaration = declaration;
    this.#retentionMs = declaration.retentionMs;
    this.#now = now;
    this.#context = contextOf(topic);
    const { value } = formatOf(declaration as StoreDeclaration);
    this.#mark = markOf(value);
    this.#readers.set(keyOf(this.#mark), readerOf(declaration, value));
  }

  /**
   * From now on reads values of these formats too.
   * @throws Error, in words, when one of them cannot be read as the declaration says
   */
  reads(formats: readonly StoreFormat[]): void {
    for (const { value } of formats) {
      const key = keyOf(markOf(value));
      if (!this.#readers.has(key)) this.#readers.set(key, readerOf(this.#declaration, value));
    }
  }

  /** The bytes of a change from the changelog: with its time, where the store wants one and it was written without. */
  restored({ value, timestamp }: RestoredChange): Buffer | null {
    if (value === null || this.#retentionMs === undefined || value[0] === TIME_MARK) return value;
    return prefixed(timestamp, NO_MARK, value);
  }

  /**
   * The bytes of a value; null where the serde writes a delete.
   * @throws an Error that names the store and the key
   */
  encode(value: V, key: string): Buffer | null {
    const { name, valueSerde } = this.#declaration;
    if (value === undefined) {
      throw new Error(`the store '${name}' was given undefined for the key ${key}: use delete(key)`);
    }
    let bytes: Buffer | null;
    try {
      this.#context.schema = undefined;
      bytes = valueSerde.serialize(value, this.#context);
    } catch (error) {
      throw new Error(
        `the store '${name}' cannot write the value of the key ${key} as ${valueSerde.encoding}: ${asError(error).message}`,
        { cause: error },
      );
    }
    if (bytes === null) return null;
    const time = this.#retentionMs === undefined ? undefined : this.#now();
    return time === undefined && this.#mark.length === 0 ? bytes : prefixed(time, this.#mark, bytes);
  }

  /**
   * @param bytes null or undefined: absent
   * @throws an Error when the store declares a retention and the bytes say no time
   */
  content(bytes: Buffer | null | undefined): Content<V> {
    if (bytes === null || bytes === undefined) return ABSENT;
    return { bytes, value: undefined, expiresAt: this.#expiryOf(bytes) };
  }

  /** Whether there is a value, not expired. Decodes nothing. */
  has(content: Content<V>): boolean {
    if (content.bytes === undefined && content.value === undefined) return false;
    return !this.#expired(content);
  }

  /**
   * The value, or undefined when it is absent or expired.
   * @throws an Error that names the store and the key when the bytes cannot be read
   */
  value(content: Content<V>, key: string): V | undefined {
    if (content.bytes !== undefined) this.#decode(content, content.bytes, key);
    return this.#expired(content) ? undefined : content.value;
  }

  /** Whether what these bytes hold is no longer readable. */
  expiredBytes(bytes: Buffer): boolean {
    return this.#retentionMs !== undefined && this.#expiryOf(bytes) <= this.#now();
  }

  #expired(content: Content<V>): boolean {
    return content.expiresAt !== Number.POSITIVE_INFINITY && content.expiresAt <= this.#now();
  }

  #expiryOf(bytes: Buffer): number {
    if (this.#retentionMs === undefined) return Number.POSITIVE_INFINITY;
    if (bytes.length < TIME_BYTES || bytes[0] !== TIME_MARK) {
      throw new Error(
        `the store '${this.#declaration.name}' holds an entry without the time of its writing, by which retentionMs ` +
          'counts: delete its folder while the application is stopped, and it is rebuilt from its changelog',
      );
    }
    return bytes.readUIntBE(1, 6) + this.#retentionMs;
  }

  #decode(content: Content<V>, bytes: Buffer, key: string): void {
    const { name, valueSerde } = this.#declaration;
    try {
      content.value = deepFreeze(this.#read(bytes)) as V;
      content.bytes = undefined;
    } catch (error) {
      throw new Error(
        `the store '${name}' cannot read the value of the key ${key} as ${valueSerde.encoding}: ` +
          `${asError(error).message}. If what its serde writes was changed, declare a 'version' and how the 'earlier' one ` +
          'is read, give the store a new name, or delete its folder and its changelog topic',
        { cause: error },
      );
    }
  }

  #read(bytes: Buffer): V | null {
    const start = bytes[0] === TIME_MARK ? TIME_BYTES : 0;
    const end = bytes[start] === FORMAT_MARK ? start + MARK_BYTES : start;
    const read = this.#readers.get(bytes.toString('latin1', start, end));
    if (read !== undefined) return read(end === 0 ? bytes : bytes.subarray(end));
    throw new Error(`its format is not one of those that the store has kept`);
  }
}

const NO_MARK = Buffer.alloc(0);

/** Nothing to decode, so one will do. */
const ABSENT: Content<never> = Object.freeze({
  bytes: undefined,
  value: undefined,
  expiresAt: Number.POSITIVE_INFINITY,
});

function keyOf(mark: Buffer): string {
  return mark.toString('latin1');
}

/** The bytes of a value with what stands before them. */
function prefixed(time: number | undefined, mark: Buffer, bytes: Buffer): Buffer {
  const start = time === undefined ? 0 : TIME_BYTES;
  const whole = Buffer.allocUnsafe(start + mark.length + bytes.length);
  if (time !== undefined) {
    whole[0] = TIME_MARK;
    whole.writeUIntBE(time, 1, 6);
  }
  mark.copy(whole, start);
  bytes.copy(whole, start + mark.length);
  return whole;
}

/** Freezes plain objects and arrays all the way down; leaves bytes, maps and instances of classes alone. */
function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    for (const element of value) deepFreeze(element);
    return Object.freeze(value);
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name];
    if (typeof inner === 'object') deepFreeze(inner);
  }
  return Object.freeze(value);
}
