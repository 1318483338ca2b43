/**
 * Values as bytes, and bytes as values that are decoded when they are first read.
 *
 * V1. What a store returns is what the bytes say, whichever layer answers: a `Date` written as JSON is read back as a
 *     string a moment later just as it is after a restart.
 * V2. What a store returns is frozen. Changing it in place would change committed state behind the store's back, and
 *     would survive the failure of the record that did it.
 * V3. With `retentionMs`, the bytes begin with the time of writing, so that an entry keeps its age in the changelog
 *     and through a rebuild: one byte 0xFE, then milliseconds since the epoch in six bytes, big-endian.
 */
import { asError } from '../errors.js';
import { contextOf } from './key-codec.js';
import type { StoreDeclaration } from './store.js';

/** Never the first byte of UTF-8 text nor of Confluent's framing, so entries without a time are told apart. */
const TIME_MARK = 0xfe;
const TIME_BYTES = 7;

/** What a layer keeps for a key. Without bytes and value: known to be absent. */
export interface Content<V> {
  /** Released when decoded: a small slice would keep the whole pool that it was cut from. */
  bytes: Buffer | undefined;
  value: V | undefined;
  /** Milliseconds since the epoch; Infinity without retention. */
  readonly expiresAt: number;
  /** Bytes of the value, for caches that are limited by bytes. */
  readonly size: number;
}

export class ValueCodec<V> {
  readonly #declaration: StoreDeclaration<unknown, V>;
  readonly #retentionMs: number | undefined;
  readonly #now: () => number;
  readonly #context;

  /**
   * @param topic what serdes that name their schemas after a topic are told
   * @param now milliseconds since the epoch
   */
  constructor(declaration: StoreDeclaration<unknown, V>, topic: string, now: () => number) {
    this.#declaration = declaration;
    this.#retentionMs = declaration.retentionMs;
    this.#now = now;
    this.#context = contextOf(topic);
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
    return bytes === null || this.#retentionMs === undefined ? bytes : withTime(bytes, this.#now());
  }

  /**
   * @param bytes null or undefined: absent
   * @throws an Error when the store declares a retention and the bytes say no time
   */
  content(bytes: Buffer | null | undefined): Content<V> {
    if (bytes === null || bytes === undefined) {
      return { bytes: undefined, value: undefined, expiresAt: Number.POSITIVE_INFINITY, size: 0 };
    }
    return { bytes, value: undefined, expiresAt: this.#expiryOf(bytes), size: bytes.length };
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
        `the store '${this.#declaration.name}' holds an entry without the time of its writing: it was written before ` +
          'retentionMs was declared. Give the store a new name, or delete its folder and its changelog topic',
      );
    }
    return bytes.readUIntBE(1, 6) + this.#retentionMs;
  }

  #decode(content: Content<V>, bytes: Buffer, key: string): void {
    const { name, valueSerde } = this.#declaration;
    try {
      this.#context.schema = undefined;
      const encoded = this.#retentionMs === undefined ? bytes : bytes.subarray(TIME_BYTES);
      content.value = deepFreeze(valueSerde.deserialize(encoded, this.#context)) as V;
      content.bytes = undefined;
    } catch (error) {
      throw new Error(
        `the store '${name}' cannot read the value of the key ${key} as ${valueSerde.encoding}: ` +
          `${asError(error).message}. If its serde or its retention was changed, give the store a new name, or delete ` +
          'its folder and its changelog topic',
        { cause: error },
      );
    }
  }
}

function withTime(bytes: Buffer, now: number): Buffer {
  const timed = Buffer.allocUnsafe(TIME_BYTES + bytes.length);
  timed[0] = TIME_MARK;
  timed.writeUIntBE(now, 1, 6);
  bytes.copy(timed, TIME_BYTES);
  return timed;
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
