/**
 * Writes flat objects of texts, numbers, flags and nulls, as rows and their keys are, straight into bytes.
 *
 * W1. The bytes are those of `JSON.stringify`, or there are none: what holds anything else is for `stringifyJson`.
 * W2. What it gives lies side by side in a block, as small buffers of Node do, and is never written again.
 */
import { BACKSLASH, beforeValues, FALSE, MINUS, NULL, OBJECT_END, POINT, QUOTE, TRUE, ZERO } from './json-bytes.js';
import { isPlainObject } from './plain-object.js';

/** What stands before the values of objects of the same names in the same order. */
interface Layout {
  readonly names: readonly string[];
  readonly before: readonly Buffer[];
}

/** Bytes. As `Buffer.poolSize`: whoever keeps one small buffer keeps its block. */
const BLOCK_BYTES = 8 * 1_024;
/** Bytes that a number, a flag or null takes at most: -2.2250738585072014e-308 has 24. */
const LONGEST_NUMBER = 24;
/** Digits that a double holds, whatever they are. */
const EXACT = 1e15;
const BILLION = 1e9;

/** One for each place where objects of a kind are written, so that its layout is mostly the right one. */
export class FlatJsonWriter {
  #layout: Layout = { names: [], before: [] };
  #block = Buffer.allocUnsafeSlow(0);
  #at = 0;

  /** The JSON of an object; undefined where the value is none, or holds what is not flat. */
  write(value: unknown): Buffer | undefined {
    if (!isPlainObject(value) || typeof value.toJSON === 'function') return undefined;
    const layout = this.#layoutOf(Object.keys(value));
    if (layout.names.length === 0) return undefined;
    const start = this.#at;
    const written = this.#written(layout, value);
    if (written === 'whole') return this.#block.subarray(start, this.#at);
    this.#at = start;
    if (written === 'not flat' || this.#block.length - start === BLOCK_BYTES) return undefined;
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#at = 0;
    return this.write(value);
  }

  #written({ names, before }: Layout, value: Readonly<Record<string, unknown>>): 'whole' | 'not flat' | 'no room' {
    for (let i = 0; i < names.length; i++) {
      if (!this.#bytes(before[i]!)) return 'no room';
      const member = value[names[i]!];
      let hasRoom: boolean;
      switch (typeof member) {
        case 'number':
          if (!Number.isSafeInteger(Math.trunc(member))) return 'not flat';
          hasRoom = this.#number(member);
          break;
        case 'string':
          hasRoom = this.#text(member);
          break;
        case 'boolean':
          hasRoom = this.#bytes(member ? TRUE : FALSE);
          break;
        default:
          if (member !== null) return 'not flat';
          hasRoom = this.#bytes(NULL);
      }
      if (!hasRoom) return 'no room';
    }
    if (this.#at === this.#block.length) return 'no room';
    this.#block[this.#at++] = OBJECT_END;
    return 'whole';
  }

  #bytes(bytes: Buffer): boolean {
    const block = this.#block;
    const at = this.#at;
    if (at + bytes.length > block.length) return false;
    for (let i = 0; i < bytes.length; i++) block[at + i] = bytes[i]!;
    this.#at = at + bytes.length;
    return true;
  }

  #text(text: string): boolean {
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

  #number(value: number): boolean {
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

  #layoutOf(names: readonly string[]): Layout {
    const known = this.#layout;
    if (sameNames(known.names, names)) return known;
    this.#layout = {
      names,
      before: beforeValues(names).map((text) => Buffer.from(text)),
    };
    return this.#layout;
  }
}

function sameNames(known: readonly string[], names: readonly string[]): boolean {
  if (known.length !== names.length) return false;
  for (let i = 0; i < names.length; i++) {
    if (known[i] !== names[i]) return false;
  }
  return true;
}
