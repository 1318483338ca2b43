/**
 * Finding one's way in JSON bytes without parsing them: where a value ends, and the top-level members of an object.
 *
 * Only what is needed for that is checked (quotes, escapes, brackets, commas); the rest when a part is parsed.
 */
import { isSpace, JsonSyntaxError, unexpected } from './json-parser.js';

// Not those of json-bytes: an imported constant is loaded for each byte, which made reading an envelope a fifth slower.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** From here on a string is searched with a native call, which costs more to begin. */
const LONG_STRING = 64;

/** The position of the first byte that is no white space; `end` when there is none. */
export function skipSpace(bytes: Buffer, at: number, end: number): number {
  let i = at;
  while (i < end && isSpace(bytes[i]!)) i++;
  return i;
}

/** The position after a string's closing quote. `at` is the opening one. */
export function skipString(bytes: Buffer, at: number, end: number): number {
  const near = Math.min(end, at + LONG_STRING);
  let i = at + 1;
  while (i < near) {
    const byte = bytes[i]!;
    if (byte === QUOTE) return i + 1;
    i += byte === BACKSLASH ? 2 : 1;
  }
  return i < end ? skipLongString(bytes, i, end, at) : unclosed(at);
}

function skipLongString(bytes: Buffer, from: number, end: number, start: number): number {
  let i = from;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, i);
    if (quote < 0 || quote >= end) return unclosed(start);
    let backslashes = 0;
    while (quote - backslashes > from && bytes[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    i = quote + 1;
  }
}

function unclosed(start: number): never {
  throw new JsonSyntaxError('a string has no closing quote; it begins', start);
}

/** The position after the value that begins at `at`, which is no white space. */
export function skipValue(bytes: Buffer, at: number, end: number): number {
  const first = at < end ? bytes[at]! : 0;
  if (first === QUOTE) return skipString(bytes, at, end);
  if ((first | 0x20) === 0x7b) return skipNested(bytes, at, end);
  let i = at;
  while (i < end) {
    const byte = bytes[i]!;
    if (byte === 0x2c || (byte | 0x20) === 0x7d || isSpace(byte)) break;
    i++;
  }
  if (i === at) throw unexpected(bytes, at, end, 'a value');
  return i;
}

/** `[` and `{`, as `]` and `}`, differ in one bit; which of the two closes is checked when the part is parsed. */
function skipNested(bytes: Buffer, at: number, end: number): number {
  let depth = 0;
  let i = at;
  while (i < end) {
    const byte = bytes[i++]!;
    if (byte === QUOTE) {
      // As skipString, written out: most strings are short, and calls would be half of the time.
      const start = i - 1;
      const near = Math.min(start + LONG_STRING, end);
      let inside = 0;
      while (i < near) {
        inside = bytes[i++]!;
        if (inside === QUOTE) break;
        if (inside === BACKSLASH) i++;
      }
      if (inside !== QUOTE) i = i < end ? skipLongString(bytes, i, end, start) : unclosed(start);
    } else if ((byte | 0x20) === 0x7b) {
      depth++;
    } else if ((byte | 0x20) === 0x7d && --depth === 0) {
      return i;
    }
  }
  throw new JsonSyntaxError(`the JSON ends before the ${bytes[at] === 0x7b ? 'object' : 'array'} that begins`, at);
}

/**
 * Calls `member` with each member of the object at `at`: the positions of its name, quotes included, and of its value.
 *
 * @returns the position after the object
 */
export function eachMember(
  bytes: Buffer,
  at: number,
  end: number,
  member: (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => void,
): number {
  if (at >= end || bytes[at] !== 0x7b) throw unexpected(bytes, at, end, "'{'");
  let i = skipSpace(bytes, at + 1, end);
  if (i < end && bytes[i] === 0x7d) return i + 1;
  for (;;) {
    if (i >= end || bytes[i] !== QUOTE) throw unexpected(bytes, i, end, 'a property name');
    const nameEnd = skipString(bytes, i, end);
    const colon = skipSpace(bytes, nameEnd, end);
    if (colon >= end || bytes[colon] !== 0x3a) throw unexpected(bytes, colon, end, "':'");
    const valueStart = skipSpace(bytes, colon + 1, end);
    const valueEnd = skipValue(bytes, valueStart, end);
    member(i, nameEnd, valueStart, valueEnd);
    i = skipSpace(bytes, valueEnd, end);
    if (i < end && bytes[i] === 0x7d) return i + 1;
    if (i >= end || bytes[i] !== 0x2c) throw unexpected(bytes, i, end, "',' or '}'");
    i = skipSpace(bytes, i + 1, end);
  }
}
