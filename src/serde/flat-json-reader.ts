/**
 * Reads flat JSON objects, as rows and their keys are, without `JSON.parse`.
 *
 * The names of rows and their order hardly ever change from record to record. They are kept as a layout; bytes of the
 * same layout are gone through once, and texts that come again and again are not made anew.
 *
 * F1. What it gives is what the parser gives. Bytes that are not of the layout go to the parser, which also says what is
 *     wrong with them.
 * F2. A value that is not plain (escapes, other characters than ASCII, exponents, more digits than a double surely holds, an
 *     object) goes to the parser alone.
 */
import {
  BACKSLASH,
  beforeValues,
  FALSE,
  MINUS,
  NULL,
  OBJECT_END,
  POINT,
  QUOTE,
  standsAt,
  TRUE,
  ZERO,
} from './json-bytes.js';
import { skipValue } from './json-scan.js';
import { parseFrozen, parseJson } from './json-text.js';

type Row = Record<string, unknown>;

interface Layout {
  readonly names: readonly string[];
  readonly before: readonly Buffer[];
  /** By the hash of their bytes: the last texts of each member. */
  readonly texts: readonly (string | undefined)[][];
}

/** Characters; model names, countries and the like are shorter. */
const LONGEST_REPEATED = 32;
/** Characters; longer texts are faster searched by native calls. */
const LONGEST_PLAIN = 256;
/** Texts kept of a member, a power of two. */
const TEXTS_KEPT = 64;
/** Digits that a double holds, whatever they are. */
const MOST_DIGITS = 15;
/** Members; what has more is no row. */
const MOST_MEMBERS = 256;
/** Layouts are learned from the first objects that do not fit, then from one of so many, so that objects without any cost little. */
const LEARNED_AT_FIRST = 16;
const LEARNED_ONE_OF = 256;

const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** One for each place where objects of a kind occur, so that its layout is mostly the right one. */
export class FlatJsonReader {
  readonly #parse: (bytes: Buffer, start: number, end: number) => unknown;
  readonly #freezes: boolean;
  #layout: Layout | undefined;
  #misses = 0;
  /** Behind the value that was read last. */
  #at = 0;

  /** @param gives whether what is read is frozen, all the way down */
  constructor(gives: 'frozen' | 'changeable') {
    this.#freezes = gives === 'frozen';
    this.#parse = this.#freezes ? parseFrozen : parseJson;
  }

  /**
   * Reads the JSON between two positions, whatever it is.
   *
   * @throws JsonSyntaxError with the position in `bytes` of what is wrong
   */
  read(bytes: Buffer, start = 0, end = bytes.length): unknown {
    const row = this.#layout === undefined ? undefined : this.#guessed(this.#layout, bytes, start, end);
    if (row !== undefined) return this.#freezes ? Object.freeze(row) : row;
    const value = this.#parse(bytes, start, end);
    this.#misses += 1;
    if (this.#misses <= LEARNED_AT_FIRST || this.#misses % LEARNED_ONE_OF === 0) this.#learn(value);
    return value;
  }

  #guessed({ names, before, texts }: Layout, bytes: Buffer, start: number, end: number): Row | undefined {
    const row: Row = {};
    let at = start;
    for (let i = 0; i < before.length; i++) {
      const expected = before[i]!;
      if (at + expected.length >= end || !standsAt(expected, bytes, at)) return undefined;
      at += expected.length;
      try {
        row[names[i]!] = this.#value(bytes, at, end, texts[i]!);
      } catch {
        // The parser, which is asked next, says the same of the whole.
        return undefined;
      }
      at = this.#at;
    }
    return at + 1 === end && bytes[at] === OBJECT_END ? row : undefined;
  }

  #value(bytes: Buffer, at: number, end: number, texts: (string | undefined)[]): unknown {
    const first = bytes[at]!;
    if (first === QUOTE) return this.#text(bytes, at, end, texts);
    if (first === MINUS || (first >= ZERO && first <= ZERO + 9)) return this.#number(bytes, at, end);
    if (first === NULL[0] && this.#isWord(NULL, bytes, at, end)) return null;
    if (first === TRUE[0] && this.#isWord(TRUE, bytes, at, end)) return true;
    if (first === FALSE[0] && this.#isWord(FALSE, bytes, at, end)) return false;
    return this.#parsed(bytes, at, end);
  }

  #text(bytes: Buffer, at: number, end: number, texts: (string | undefined)[]): unknown {
    const start = at + 1;
    const near = Math.min(end, start + LONGEST_PLAIN + 1);
    let hash = 0;
    for (let i = start; i < near; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE) {
        this.#at = i + 1;
        return i - start > LONGEST_REPEATED
          ? bytes.toString('latin1', start, i)
          : repeated(texts, hash, bytes, start, i);
      }
      if (byte < 0x20 || byte > 0x7f || byte === BACKSLASH) break;
      hash = (hash * 31 + byte) | 0;
    }
    return this.#parsed(bytes, at, end);
  }

  #number(bytes: Buffer, at: number, end: number): unknown {
    const whole = bytes[at] === MINUS ? at + 1 : at;
    let digits = 0;
    let i = whole;
    for (; i < end; i++) {
      const digit = bytes[i]! - ZERO;
      if (digit < 0 || digit > 9) break;
      digits = digits * 10 + digit;
    }
    const wholeDigits = i - whole;
    let decimals = 0;
    if (i < end && bytes[i] === POINT) {
      const fraction = i + 1;
      for (i = fraction; i < end; i++) {
        const digit = bytes[i]! - ZERO;
        if (digit < 0 || digit > 9) break;
        digits = digits * 10 + digit;
      }
      decimals = i - fraction;
      if (decimals === 0) return this.#parsed(bytes, at, end);
    }
    const startsWithZero = bytes[whole] === ZERO && wholeDigits > 1;
    const hasExponent = i < end && (bytes[i]! | 0x20) === 0x65;
    if (wholeDigits === 0 || startsWithZero || hasExponent || wholeDigits + decimals > MOST_DIGITS) {
      return this.#parsed(bytes, at, end);
    }
    this.#at = i;
    // Both are exact, and a division rounds once: the double nearest to the decimal.
    const value = decimals === 0 ? digits : digits / POWERS[decimals]!;
    return whole === at ? value : -value;
  }

  #isWord(word: Buffer, bytes: Buffer, at: number, end: number): boolean {
    if (at + word.length > end || !standsAt(word, bytes, at)) return false;
    this.#at = at + word.length;
    return true;
  }

  #parsed(bytes: Buffer, at: number, end: number): unknown {
    const past = skipValue(bytes, at, end);
    const value = this.#parse(bytes, at, past);
    this.#at = past;
    return value;
  }

  #learn(value: unknown): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const names = Object.keys(value);
    if (names.length === 0 || names.length > MOST_MEMBERS || names.some(hasPlaceOfItsOwn)) return;
    this.#layout = {
      names,
      before: beforeValues(names).map((text) => Buffer.from(text)),
      texts: names.map(() => new Array<string | undefined>(TEXTS_KEPT).fill(undefined)),
    };
  }
}

/** The text that has these bytes: the one that was made before, where it is among the last. */
function repeated(texts: (string | undefined)[], hash: number, bytes: Buffer, start: number, end: number): string {
  const place = hash & (TEXTS_KEPT - 1);
  const known = texts[place];
  if (known !== undefined && isText(known, bytes, start, end)) return known;
  const text = bytes.toString('latin1', start, end);
  texts[place] = text;
  return text;
}

function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}

/** Names that an object would not keep in the order in which they are set: numbers come first, and `__proto__` is none. */
function hasPlaceOfItsOwn(name: string): boolean {
  return /^\d/.test(name) || name === '__proto__';
}
