/**
 * JSON that is being read, at one place of memory that stays the same.
 *
 * V8 reads a typed array that is a constant of its own module with an address that it knows; of any other one it looks up
 * the address, the length and whether it is still attached, for each byte. So bytes are copied here first, which costs
 * little, and are then read four at a time.
 *
 * W1. What was shown is here until something else is: who reads later than that shows it again.
 * W2. Nothing here says what is wrong. What is not plain is `UNUSUAL`, and the slower way over the buffer finds out.
 * W3. Beyond the end of what is shown anything may stand. A position beyond the `end` that was given is for the caller to see.
 */
import type { Piece } from './json-piece.js';

/** Bytes; what is longer is read the slower way. */
const LONGEST = 64 * 1_024;

// A word that begins at the last byte goes beyond it.
const memory = new ArrayBuffer(LONGEST + 8);
const bytes = new Uint8Array(memory);
const view = new DataView(memory);

// Not those of json-bytes: an imported constant is loaded for each byte.
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Digits that a double holds, whatever they are. */
const MOST_DIGITS = 15;
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Of 2^32; it spreads what differs in a few bits. Source: Knuth, The Art of Computer Programming 3, 6.4. */
const GOLDEN_RATIO = 0x9e3779b1;

/** In place of a position: it is not plain. */
export const UNUSUAL = -1;

let shown: Buffer | undefined;

/** Copies JSON here, so that its positions are those of the buffer. False when it is too long. */
export function show(json: Buffer): boolean {
  if (json.length > LONGEST) return false;
  bytes.set(json);
  shown = json;
  return true;
}

/** The same for a buffer whose bytes are not changed meanwhile: there is nothing to do when it is still here. */
export function showAgain(json: Buffer): boolean {
  return shown === json || show(json);
}

export function byteAt(at: number): number {
  return bytes[at]!;
}

/** Whether a piece stands at a position. */
export function stands({ length, words }: Piece, at: number): boolean {
  // A text of zeros would go on behind the memory, where V8 throws.
  if (at + length > LONGEST) return false;
  const whole = length >> 2;
  for (let i = 0; i < whole; i++) {
    if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
  }
  const rest = length & 3;
  return rest === 0 || (view.getInt32(at + 4 * whole, true) ^ words[whole]!) << (32 - 8 * rest) === 0;
}

/** The position behind the value that begins at `at`. */
export function behindValue(at: number, end: number): number {
  const first = bytes[at]!;
  if (first === QUOTE) return behindText(at, end);
  if ((first | 0x20) === 0x7b) return behindNested(at, end);
  let i = at;
  while (i < end && hasDigits(view.getInt32(i, true))) i += 4;
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === COMMA || (byte | 0x20) === 0x7d || byte <= 0x20) break;
  }
  return i === at ? UNUSUAL : i;
}

/** True for a few other bytes too, none of which ends a number. */
function hasDigits(word: number): boolean {
  return (word & 0xf0f0f0f0) === 0x30303030;
}

function behindText(at: number, end: number): number {
  let i = at + 1;
  while (i < end) {
    const marks = quotes(view.getInt32(i, true));
    if (marks === 0) {
      i += 4;
      continue;
    }
    i += firstMarked(marks);
    if (bytes[i] === QUOTE) return i + 1;
    i += 2;
  }
  return UNUSUAL;
}

/** `[` and `{`, as `]` and `}`, differ in one bit; which of the two closes is checked when the part is parsed. */
function behindNested(at: number, end: number): number {
  let depth = 0;
  let i = at;
  while (i < end) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      i = behindText(i, end);
      if (i === UNUSUAL) return UNUSUAL;
      continue;
    }
    i += 1;
    if ((byte | 0x20) === 0x7b) depth += 1;
    else if ((byte | 0x20) === 0x7d) {
      depth -= 1;
      if (depth === 0) return i;
    }
  }
  return UNUSUAL;
}

/**
 * The position of the quote that ends the text whose first character is at `start`.
 *
 * @returns UNUSUAL when something else than printable ASCII comes before it, or an escape
 */
export function endOfText(start: number, end: number): number {
  let i = start;
  while (i < end) {
    const marks = notPlain(view.getInt32(i, true));
    if (marks !== 0) {
      i += firstMarked(marks);
      return bytes[i] === QUOTE ? i : UNUSUAL;
    }
    i += 4;
  }
  return UNUSUAL;
}

/** A number of 32 bits for the bytes between two positions, the highest of which differ most. */
export function hashOf(start: number, end: number): number {
  const length = end - start;
  const first = view.getInt32(start, true);
  // Of a text shorter than a word, what stands behind it is shifted out.
  const text = length < 4 ? first << (32 - 8 * length) : Math.imul(first, 31) + view.getInt32(end - 4, true);
  return Math.imul(text ^ length, GOLDEN_RATIO);
}

/** Behind the number that {@link numberAt} read. */
let numberEnd = 0;

export function behindNumber(): number {
  return numberEnd;
}

/** The number at a position; NaN when it is written in an unusual way, has too many digits, or is none. */
export function numberAt(at: number, end: number): number {
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
    if (decimals === 0) return Number.NaN;
  }
  const startsWithZero = bytes[whole] === ZERO && wholeDigits > 1;
  const hasExponent = i < end && (bytes[i]! | 0x20) === 0x65;
  if (wholeDigits === 0 || startsWithZero || hasExponent || wholeDigits + decimals > MOST_DIGITS) return Number.NaN;
  numberEnd = i;
  // Both are exact, and a division rounds once: the double nearest to the decimal.
  const value = decimals === 0 ? digits : digits / POWERS[decimals]!;
  return whole === at ? value : -value;
}

// In a word, the highest bit of each byte of a kind is set, and maybe of some behind it: the first one is right.
// Source: Warren, Hacker's Delight, 6-1 "Find First 0-Byte".

function quotes(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  return (((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080;
}

/** Quotes, backslashes, control characters and what is not ASCII. */
function notPlain(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found =
    ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash) | ((word - 0x20202020) & ~word) | word;
  return found & 0x80808080;
}

/** The index of the first byte whose bit is set. */
function firstMarked(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}
