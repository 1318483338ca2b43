/**
 * JSON written straight into bytes, piece by piece, without a text in between.
 *
 * J1. A piece is what `JSON.stringify` writes of the same value.
 * J2. A piece that has no room says so; then all that belongs to it is written again in a new block.
 * J3. What is given lies side by side in a block, as small buffers of Node do, and is never written again.
 */
import {
  ARRAY_END,
  ARRAY_START,
  BACKSLASH,
  COMMA,
  FALSE,
  MINUS,
  NULL,
  POINT,
  QUOTE,
  TRUE,
  ZERO,
} from './json-bytes.js';

/** Bytes. As `Buffer.poolSize`: whoever keeps one small buffer keeps its block. */
const BLOCK_BYTES = 8 * 1_024;
/** Bytes that a number takes at most: -2.2250738585072014e-308 has 24. */
const LONGEST_NUMBER = 24;
/** Digits that a double holds, whatever they are. */
const EXACT = 1e15;
const BILLION = 1e9;

/** Whether all was written, there was no room for it, or it is for another writer. */
export type Written = 'whole' | 'no room' | 'unusual';

/** Holds the block that is being filled. One for each place where values of a kind are written. */
export class JsonBlock {
  #block = Buffer.allocUnsafeSlow(0);
  #at = 0;

  /**
   * What `put` writes of a value; undefined when that is unusual, or more than a block.
   *
   * @param put writes by the methods below; called once more when the block is full
   */
  write<T>(value: T, put: (block: this, value: T) => Written): Buffer | undefined {
    const start = this.#begun(value, put);
    return start === undefined ? undefined : this.#block.subarray(start, this.#at);
  }

  /** As {@link write}, given as a text: a character for each byte. The bytes are written over by what comes next. */
  writeText<T>(value: T, put: (block: this, value: T) => Written): string | undefined {
    const start = this.#begun(value, put);
    if (start === undefined) return undefined;
    const text = this.#block.toString('latin1', start, this.#at);
    this.#at = start;
    return text;
  }

  /** Where in the block the value begins that was written. */
  #begun<T>(value: T, put: (block: this, value: T) => Written): number | undefined {
    const start = this.#at;
    const written = put(this, value);
    if (written === 'whole') return start;
    this.#at = start;
    if (written === 'unusual' || this.#block.length - start === BLOCK_BYTES) return undefined;
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#at = 0;
    return this.#begun(value, put);
  }

  /** An array of texts, numbers, flags and nulls, of at least one. */
  array(values: readonly unknown[]): Written {
    for (let i = 0; i < values.length; i++) {
      if (!this.byte(i === 0 ? ARRAY_START : COMMA)) return 'no room';
      const written = this.value(values[i]);
      if (written !== 'whole') return written;
    }
    return this.byte(ARRAY_END) ? 'whole' : 'no room';
  }

  /** A text, number, flag or null; anything else is unusual. */
  value(value: unknown): Written {
    let hasRoom: boolean;
    switch (typeof value) {
      case 'number':
        if (!Number.isSafeInteger(Math.trunc(value))) return 'unusual';
        hasRoom = this.number(value);
        break;
      case 'string':
        hasRoom = this.text(value);
        break;
      case 'boolean':
        hasRoom = this.bytes(value ? TRUE : FALSE);
        break;
      default:
        if (value !== null) return 'unusual';
        hasRoom = this.bytes(NULL);
    }
    return hasRoom ? 'whole' : 'no room';
  }

  byte(byte: number): boolean {
    if (this.#at === this.#block.length) return false;
    this.#block[this.#at++] = byte;
    return true;
  }

  bytes(bytes: Buffer): boolean {
    const block = this.#block;
    const at = this.#at;
    if (at + bytes.length > block.length) return false;
    for (let i = 0; i < bytes.length; i++) block[at + i] = bytes[i]!;
    this.#at = at + bytes.length;
    return true;
  }

  /** Printable ASCII without quotes around it; false for any other text. */
  plain(text: string): boolean {
    const block = this.#block;
    const at = this.#at;
    if (at + text.length > block.length) return false;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e) return false;
      block[at + i] = code;
    }
    this.#at = at + text.length;
    return true;
  }

  text(text: string): boolean {
    const block = this.#block;
    let at = this.#at;
    if (at + text.length + 2 > block.length) return false;
    block[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return this.#escaped(text);
      block[at++] = code;
    }
    block[at++] = QUOTE;
    this.#at = at;
    return true;
  }

  #escaped(text: string): boolean {
    const json = JSON.stringify(text);
    if (this.#at + 3 * json.length > this.#block.length) return false;
    this.#at += this.#block.write(json, this.#at);
    return true;
  }

  /** @param value one that has no more digits than a safe integer before its point */
  number(value: number): boolean {
    if (this.#at + LONGEST_NUMBER > this.#block.length) return false;
    if (Number.isInteger(value)) {
      this.#integer(value);
      return true;
    }
    const hundredths = value * 100;
    // Prices and the like. No other decimal of so few digits is the same double, so none that is shorter.
    if (Number.isInteger(hundredths) && Math.abs(hundredths) < EXACT && hundredths / 100 === value) {
      this.#decimal(hundredths);
      return true;
    }
    const text = String(value);
    for (let i = 0; i < text.length; i++) this.#block[this.#at++] = text.charCodeAt(i);
    return true;
  }

  #decimal(hundredths: number): void {
    const block = this.#block;
    if (hundredths < 0) block[this.#at++] = MINUS;
    const most = Math.abs(hundredths);
    const whole = Math.floor(most / 100);
    const rest = most - whole * 100;
    this.#integer(whole);
    block[this.#at++] = POINT;
    block[this.#at++] = ZERO + ((rest / 10) | 0);
    if (rest % 10 !== 0) block[this.#at++] = ZERO + (rest % 10);
  }

  #integer(value: number): void {
    if (value < 0) this.#block[this.#at++] = MINUS;
    const most = Math.abs(value);
    if (most < BILLION) {
      this.#digits(most, 1);
      return;
    }
    // In halves that fit 32 bits, which are much faster to divide.
    const billions = Math.floor(most / BILLION);
    this.#digits(billions, 1);
    this.#digits(most - billions * BILLION, 9);
  }

  /** @param value below 2^31 @param least digits, with zeros before them */
  #digits(value: number, least: number): void {
    const block = this.#block;
    let count = 1;
    for (let rest = (value / 10) | 0; rest > 0; rest = (rest / 10) | 0) count++;
    if (count < least) count = least;
    const start = this.#at;
    let rest = value | 0;
    for (let at = start + count - 1; at >= start; at--) {
      const tens = (rest / 10) | 0;
      block[at] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.#at = start + count;
  }
}
