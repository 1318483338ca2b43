/**
 * JSON written straight into bytes, piece by piece, without a text in between.
 *
 * J1. A piece is what `JSON.stringify` writes of the same value.
 * J2. A piece that has no room says so; then all that belongs to it is written again in a new block.
 * J3. What is given lies side by side in a block, as small buffers of Node do, and is never written again.
 */
import { FALSE, KnownTexts, NULL, type Piece, TRUE } from './json-piece.js';

// Not those of json-bytes: an imported constant is loaded for each byte.
const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const BACKSLASH = 0x5c;

/** Bytes. As `Buffer.poolSize`: whoever keeps one small buffer keeps its block. */
const BLOCK_BYTES = 8 * 1_024;
/** Bytes that a number takes at most: -2.2250738585072014e-308 has 24. */
const LONGEST_NUMBER = 24;
/** Digits that a double holds, whatever they are. */
const EXACT = 1e15;
const BILLION = 1e9;
const FIRST_INEXACT = 2 ** 53;

/** Characters from which on a text is looked at and copied by native calls. */
const LONG = 32;
/** Texts that JSON has as they are. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** `00` to `99`, as words of two bytes, little-endian. */
const PAIRS = Uint16Array.from({ length: 100 }, (_, n) => ((ZERO + (n % 10)) << 8) | (ZERO + Math.floor(n / 10)));

/** Whether all was written, there was no room for it, or it is for another writer. */
export type Written = 'whole' | 'no room' | 'unusual';

/** Holds the block that is being filled. One for each place where values of a kind are written. */
export class JsonBlock {
  readonly #texts = new KnownTexts(JSON.stringify);
  #block = Buffer.allocUnsafeSlow(0);
  /** On the block. */
  #view = new DataView(this.#block.buffer);
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
    this.#view = new DataView(this.#block.buffer);
    this.#at = 0;
    return this.#begun(value, put);
  }

  /** A text, number, flag or null; anything else is unusual. */
  value(value: unknown): Written {
    let hasRoom: boolean;
    switch (typeof value) {
      case 'number':
        if (!hasExactDigits(value)) return 'unusual';
        hasRoom = this.number(value);
        break;
      case 'string':
        hasRoom = this.text(value);
        break;
      case 'boolean':
        hasRoom = this.piece(value ? TRUE : FALSE);
        break;
      default:
        if (value !== null) return 'unusual';
        hasRoom = this.piece(NULL);
    }
    return hasRoom ? 'whole' : 'no room';
  }

  byte(byte: number): boolean {
    if (this.#at === this.#block.length) return false;
    this.#block[this.#at++] = byte;
    return true;
  }

  piece({ length, words }: Piece): boolean {
    const at = this.#at;
    // The last word may go beyond the piece: what comes next is written over it.
    if (at + 4 * words.length > this.#block.length) return false;
    const view = this.#view;
    for (let i = 0; i < words.length; i++) view.setInt32(at + 4 * i, words[i]!, true);
    this.#at = at + length;
    return true;
  }

  /** As {@link piece}, for more than some words. */
  bytes(bytes: Buffer): boolean {
    if (this.#at + bytes.length > this.#block.length) return false;
    this.#block.set(bytes, this.#at);
    this.#at += bytes.length;
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
    const known = this.#texts.piece(text);
    return known === undefined ? this.newText(text) : this.piece(known);
  }

  /** As {@link text}, for one that will hardly come again. */
  newText(text: string): boolean {
    const block = this.#block;
    let at = this.#at;
    if (at + text.length + 2 > block.length) return false;
    block[at++] = QUOTE;
    if (text.length >= LONG && PLAIN.test(text)) {
      at += block.write(text, at, 'latin1');
      block[at++] = QUOTE;
      this.#at = at;
      return true;
    }
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

  /** @param value one that {@link hasExactDigits} */
  number(value: number): boolean {
    if (this.#at + LONGEST_NUMBER > this.#block.length) return false;
    if ((value | 0) === value && value >= 0) this.#digits(value, digitsOf(value));
    else this.#longOrDecimal(value);
    return true;
  }

  #longOrDecimal(value: number): void {
    if (Number.isInteger(value)) {
      this.#integer(value);
      return;
    }
    const hundredths = value * 100;
    // Prices and the like. No other decimal of so few digits is the same double, so none that is shorter.
    if (Number.isInteger(hundredths) && Math.abs(hundredths) < EXACT && hundredths / 100 === value) {
      this.#decimal(hundredths);
      return;
    }
    const text = String(value);
    for (let i = 0; i < text.length; i++) this.#block[this.#at++] = text.charCodeAt(i);
  }

  #decimal(hundredths: number): void {
    const block = this.#block;
    if (hundredths < 0) block[this.#at++] = MINUS;
    const most = Math.abs(hundredths);
    const whole = Math.floor(most / 100);
    const rest = most - whole * 100;
    this.#integer(whole);
    block[this.#at++] = POINT;
    this.#view.setUint16(this.#at, PAIRS[rest]!, true);
    this.#at += rest % 10 === 0 ? 1 : 2;
  }

  #integer(value: number): void {
    if (value < 0) this.#block[this.#at++] = MINUS;
    const most = Math.abs(value);
    if (most < BILLION) {
      this.#digits(most, digitsOf(most));
      return;
    }
    // In halves that fit 32 bits, which are much faster to divide.
    const billions = Math.floor(most / BILLION);
    this.#digits(billions, digitsOf(billions));
    this.#digits(most - billions * BILLION, 9);
  }

  /** @param value below 2^31 @param count digits, with zeros before them */
  #digits(value: number, count: number): void {
    const start = this.#at;
    let at = start + count;
    let rest = value | 0;
    for (; at > start + 1; at -= 2) {
      const hundreds = (rest / 100) | 0;
      this.#view.setUint16(at - 2, PAIRS[rest - hundreds * 100]!, true);
      rest = hundreds;
    }
    if (at > start) this.#block[start] = ZERO + rest;
    this.#at = start + count;
  }
}

/** Whether a number has no more digits before its point than a safe integer; NaN and the infinities have none. */
export function hasExactDigits(value: number): boolean {
  return value > -FIRST_INEXACT && value < FIRST_INEXACT;
}

/** @param value below 2^31 */
function digitsOf(value: number): number {
  if (value < 100) return value < 10 ? 1 : 2;
  if (value < 10_000) return value < 1_000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8;
  return value < 1_000_000_000 ? 9 : 10;
}
