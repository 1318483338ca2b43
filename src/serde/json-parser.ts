/**
 * A JSON parser for the cases that `JSON.parse` handles badly: integers beyond 2^53, which it rounds, and errors,
 * whose place in the bytes it does not say. Several times slower, so it is used only then.
 *
 * Source of the grammar: RFC 8259.
 */
import { isUtf8 } from 'node:buffer';
import { BACKSLASH, QUOTE } from './json-bytes.js';

/** Nesting beyond this is refused; Jackson, and so Kafka Connect, refuses it too. */
const DEEPEST = 1000;

/** The bytes are no JSON. The message says where, counted from the start of the record's key or value. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  constructor(
    what: string,
    /** The byte at which it was noticed. */
    readonly position: number,
  ) {
    super(`${what} at byte ${position}`);
  }
}

/** Says what was found where something else was expected. */
export function unexpected(bytes: Buffer, at: number, end: number, expected: string): JsonSyntaxError {
  if (at >= end) return new JsonSyntaxError(`the JSON ends where ${expected} was expected,`, end);
  const byte = bytes[at]!;
  const shown =
    byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16).padStart(2, '0')}`;
  return new JsonSyntaxError(`found ${shown} where ${expected} was expected,`, at);
}

/**
 * Parses the bytes from `start` to `end`. Integers beyond 2^53 become bigints.
 *
 * @throws JsonSyntaxError with the position of the first byte that is wrong
 */
export function parseExactly(bytes: Buffer, start: number, end: number): unknown {
  const parser = new Parser(bytes, start, end);
  const value = parser.value(0);
  parser.finish();
  return value;
}

class Parser {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  finish(): void {
    this.#space();
    if (this.#at < this.#end) throw this.#unexpected('the end');
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw new JsonSyntaxError(`the JSON is nested more than ${DEEPEST} deep`, this.#at);
    this.#space();
    switch (this.#bytes[this.#at]) {
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case QUOTE:
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at++;
    this.#space();
    if (this.#take(0x7d)) return object;
    for (;;) {
      this.#space();
      if (this.#at >= this.#end || this.#bytes[this.#at] !== QUOTE) throw this.#unexpected('a property name');
      const name = this.#string();
      this.#space();
      if (!this.#take(0x3a)) throw this.#unexpected("':'");
      const value = this.value(depth + 1);
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      } else {
        object[name] = value;
      }
      this.#space();
      if (this.#take(0x7d)) return object;
      if (!this.#take(0x2c)) throw this.#unexpected("',' or '}'");
    }
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.#take(0x5d)) return array;
    for (;;) {
      array.push(this.value(depth + 1));
      this.#space();
      if (this.#take(0x5d)) return array;
      if (!this.#take(0x2c)) throw this.#unexpected("',' or ']'");
    }
  }

  #string(): string {
    const start = this.#at++;
    let escaped = false;
    for (;;) {
      if (this.#at >= this.#end) throw new JsonSyntaxError('a string has no closing quote; it begins', start);
      const byte = this.#bytes[this.#at]!;
      if (byte === QUOTE) break;
      if (byte < 0x20) throw this.#unexpected('a character of a string (control characters are escaped)');
      if (byte === BACKSLASH) {
        escaped = true;
        this.#escape();
      } else {
        this.#at++;
      }
    }
    this.#at++;
    const text = utf8(this.#bytes, start, this.#at);
    return escaped ? (JSON.parse(text) as string) : text.slice(1, -1);
  }

  #escape(): void {
    this.#at++;
    const kind = this.#at < this.#end ? String.fromCharCode(this.#bytes[this.#at]!) : '';
    if (kind === 'u') {
      for (let i = 0; i < 4; i++) {
        this.#at++;
        if (this.#at >= this.#end || !/[0-9a-fA-F]/.test(String.fromCharCode(this.#bytes[this.#at]!))) {
          throw this.#unexpected('a hexadecimal digit of \\u');
        }
      }
    } else if (kind === '' || !'"\\/bfnrt'.includes(kind)) {
      throw this.#unexpected('one of "\\/bfnrtu after a backslash');
    }
    this.#at++;
  }

  #word<T>(word: string, value: T): T {
    for (let i = 0; i < word.length; i++) {
      if (this.#at >= this.#end || this.#bytes[this.#at] !== word.charCodeAt(i)) throw this.#unexpected(word);
      this.#at++;
    }
    return value;
  }

  #number(): number | bigint {
    const start = this.#at;
    this.#take(0x2d);
    if (!this.#take(0x30)) this.#digits(this.#at === start ? 'a value' : 'a digit');
    let integer = true;
    if (this.#take(0x2e)) {
      integer = false;
      this.#digits('a digit');
    }
    if (this.#take(0x65) || this.#take(0x45)) {
      integer = false;
      if (!this.#take(0x2b)) this.#take(0x2d);
      this.#digits('a digit');
    }
    const text = this.#bytes.toString('latin1', start, this.#at);
    const value = Number(text);
    return integer && !Number.isSafeInteger(value) ? BigInt(text) : value;
  }

  #digits(expected: string): void {
    const start = this.#at;
    while (this.#at < this.#end && this.#bytes[this.#at]! >= 0x30 && this.#bytes[this.#at]! <= 0x39) this.#at++;
    if (this.#at === start) throw this.#unexpected(expected);
  }

  #take(byte: number): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (this.#at < this.#end && isSpace(this.#bytes[this.#at]!)) this.#at++;
  }

  #unexpected(expected: string): JsonSyntaxError {
    return unexpected(this.#bytes, this.#at, this.#end, expected);
  }
}

/** Space, tab, line feed, carriage return. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/**
 * The UTF-8 text between two positions.
 * @throws JsonSyntaxError where Node would put U+FFFD in place of bytes that are no UTF-8
 */
export function utf8(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // The first test costs nothing on text within Latin-1, which V8 keeps in one byte per character.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end))) {
    throw new JsonSyntaxError('there are bytes that are no UTF-8', firstReplaced(bytes, start, text));
  }
  return text;
}

const REPLACEMENT = '\ufffd';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** Where the first U+FFFD of the text stands that is not U+FFFD in the bytes too. */
function firstReplaced(bytes: Buffer, start: number, text: string): number {
  let at = start;
  for (const part of text.split(REPLACEMENT)) {
    at += Buffer.byteLength(part);
    if (!bytes.subarray(at, at + 3).equals(REPLACEMENT_BYTES)) return at;
    at += 3;
  }
  return at;
}
