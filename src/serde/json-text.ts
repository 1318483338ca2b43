/**
 * JSON text without its usual loss: an integer beyond 2^53 is read as a bigint and written as an integer. Debezium's
 * `ts_ns` is one in every record.
 */
import { deepFreeze } from './freeze.js';
import { NULL } from './json-bytes.js';
import { parseExactly, utf8 } from './json-parser.js';

const LARGEST_SAFE = Buffer.from(String(Number.MAX_SAFE_INTEGER));

/**
 * Parses UTF-8 JSON between two positions.
 *
 * @throws JsonSyntaxError with the position in `bytes` of what is wrong
 */
export function parseJson(bytes: Buffer, start = 0, end = bytes.length): unknown {
  if (!hasUnsafeInteger(bytes, start, end)) {
    const text = utf8(bytes, start, end);
    try {
      return JSON.parse(text);
    } catch {
      // Parsed again below, by the parser that says at which byte it is wrong.
    }
  }
  return parseExactly(bytes, start, end);
}

/**
 * Whether there may be an integer that a double cannot hold. Sixteen digits in a row have one at an index that is
 * fifteen past a multiple of sixteen, so one byte of sixteen is looked at. True also for some texts inside strings.
 */
function hasUnsafeInteger(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start + 15; i < end; i += 16) {
    if (!isDigit(bytes[i]!)) continue;
    let first = i;
    while (first > start && isDigit(bytes[first - 1]!)) first--;
    let past = i + 1;
    while (past < end && isDigit(bytes[past]!)) past++;
    if (past - first >= 16 && beginsInteger(bytes, first, start) && isUnsafe(bytes, first, past, end)) return true;
    i = past - 1;
  }
  return false;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether the digits at `first` begin a number, as far as the byte before them tells. */
function beginsInteger(bytes: Buffer, first: number, start: number): boolean {
  if (first === start) return true;
  switch (bytes[first - 1]) {
    case 0x3a: // :
    case 0x2c: // ,
    case 0x5b: // [
    case 0x2d: // -
    case 0x20:
    case 0x09:
    case 0x0a:
    case 0x0d:
      return true;
    default:
      return false;
  }
}

function isUnsafe(bytes: Buffer, first: number, past: number, end: number): boolean {
  if (past < end) {
    const next = bytes[past]! | 0x20;
    if (next === 0x2e || next === 0x65) return false; // '.' or 'e': a double
  }
  return past - first > 16 || bytes.compare(LARGEST_SAFE, 0, 16, first, past) > 0;
}

/**
 * The same, frozen all the way down.
 *
 * Most rows hold no objects, and then the row alone is frozen.
 */
export function parseFrozen(bytes: Buffer, start: number, end: number): unknown {
  if (hasUnsafeInteger(bytes, start, end)) return deepFreeze(parseExactly(bytes, start, end));
  const text = utf8(bytes, start, end);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Parsed again by the parser that says at which byte it is wrong.
    return deepFreeze(parseExactly(bytes, start, end));
  }
  return text.indexOf('{', 1) < 0 && text.indexOf('[', 1) < 0 ? Object.freeze(value) : deepFreeze(value);
}

/**
 * The same for a member of an object, frozen; a short text or number does without the parser.
 *
 * @param start of the value, no white space before or behind it
 */
export function parseMember(bytes: Buffer, start: number, end: number): unknown {
  const first = bytes[start]!;
  if (first === 0x7b) return parseFrozen(bytes, start, end);
  if (first === 0x22) {
    // One character: the engine keeps these strings.
    if (end - start === 3 && bytes[start + 1]! >= 0x20 && bytes[start + 1]! < 0x7f && bytes[start + 1] !== 0x5c) {
      return String.fromCharCode(bytes[start + 1]!);
    }
    for (let i = start + 1; i < end - 1; i++) {
      const byte = bytes[i]!;
      if (byte === 0x5c || byte < 0x20) return parseFrozen(bytes, start, end);
    }
    return utf8(bytes, start + 1, end - 1);
  }
  // '1' to '9', and few enough digits to be exact
  if (first >= 0x31 && first <= 0x39 && end - start <= 15) {
    let value = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (!isDigit(byte)) return parseFrozen(bytes, start, end);
      value = value * 10 + (byte - 0x30);
    }
    return value;
  }
  if (first === 0x6e && end - start === 4 && bytes.compare(NULL, 0, 4, start, end) === 0) return null;
  return parseFrozen(bytes, start, end);
}

let exactly = false;

/** Whether {@link stringifyJson} is running, so that a `toJSON` may leave bigints in what it gives. */
export function writesExactly(): boolean {
  return exactly;
}

/**
 * JSON text that {@link parseJson} reads as the same value: bigints are written as integers, and doubles beyond 2^53
 * with an exponent, because without one they would look like integers.
 *
 * @throws TypeError for what JSON has no text for: undefined, functions, symbols
 */
export function stringifyJson(value: unknown): string {
  const usual = withoutBigints(value);
  const text = usual === undefined || MANY_DIGITS.test(usual) ? written(value, '') : usual;
  if (text === undefined) throw new TypeError(`JSON has no text for ${typeof value}`);
  return text;
}

/** An integer that may be beyond 2^53; digits behind a point are no integer. */
const MANY_DIGITS = /(?:^|[^.\d])\d{16}/;

/** The text by `JSON.stringify`; undefined when there is none, or a bigint inside. */
function withoutBigints(value: unknown): string | undefined {
  const before = exactly;
  exactly = true;
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof TypeError && /BigInt/.test(error.message)) return undefined;
    throw error;
  } finally {
    exactly = before;
  }
}

/** The text of a double. One that has no fraction and is no safe integer gets an exponent, as Java writes it. */
export function doubleText(value: number): string {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

/** As `JSON.stringify` writes it, but for bigints and large doubles. */
function written(given: unknown, name: string): string | undefined {
  const value = plainOf(given, name);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return doubleText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item, i) => written(item, String(i)) ?? 'null').join(',')}]`;
  const parts: string[] = [];
  for (const key of Object.keys(value)) {
    const text = written((value as Record<string, unknown>)[key], key);
    if (text !== undefined) parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

function plainOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== 'function') return value;
  const before = exactly;
  exactly = true;
  try {
    return toJSON.call(value, name);
  } finally {
    exactly = before;
  }
}
