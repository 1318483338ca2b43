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
import { beforeValues, OBJECT_END } from './json-bytes.js';
import { FALSE, NULL, type Piece, pieceOf, TRUE } from './json-piece.js';
import { skipValue } from './json-scan.js';
import { parseFrozen, parseJson } from './json-text.js';
import { behindNumber, byteAt, endOfText, numberAt, show, showAgain, stands, UNUSUAL } from './json-window.js';
import { RepeatedTexts } from './repeated-texts.js';
import { type RowMaker, rowMaker } from './row-maker.js';

type Row = Record<string, unknown>;

interface Layout {
  readonly before: readonly Piece[];
  readonly texts: readonly RepeatedTexts[];
  readonly make: RowMaker;
  /** Of the row that is being read. */
  readonly values: unknown[];
}

/** Members; what has more is no row. */
const MOST_MEMBERS = 256;
/** Layouts are learned from the first objects that do not fit, then from one of so many, so that objects without any cost little. */
const LEARNED_AT_FIRST = 16;
const LEARNED_ONE_OF = 256;

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
    return this.#read(bytes, start, end, show);
  }

  /** The same for a part of bytes that are never changed, of which another part may just have been read. */
  readPart(bytes: Buffer, start: number, end: number): unknown {
    return this.#read(bytes, start, end, showAgain);
  }

  /** The object that begins at `start` of bytes that are shown; undefined when it is not of the layout. */
  readShown(bytes: Buffer, start: number, end: number): unknown {
    if (this.#layout === undefined) return undefined;
    const row = this.#guessed(this.#layout, bytes, start, end);
    return row !== undefined && this.#freezes ? Object.freeze(row) : row;
  }

  /** The position behind what {@link readShown} read last. */
  get behind(): number {
    return this.#at;
  }

  #read(bytes: Buffer, start: number, end: number, shows: (bytes: Buffer) => boolean): unknown {
    const row = this.#layout !== undefined && shows(bytes) ? this.readShown(bytes, start, end) : undefined;
    if (row !== undefined && this.#at === end) return row;
    const value = this.#parse(bytes, start, end);
    this.#misses += 1;
    if (this.#misses <= LEARNED_AT_FIRST || this.#misses % LEARNED_ONE_OF === 0) this.#learn(value);
    return value;
  }

  #guessed({ before, texts, make, values }: Layout, bytes: Buffer, start: number, end: number): Row | undefined {
    let at = start;
    for (let i = 0; i < before.length; i++) {
      const expected = before[i]!;
      if (!stands(expected, at)) return undefined;
      at += expected.length;
      if (at >= end) return undefined;
      try {
        values[i] = this.#value(bytes, at, end, texts[i]!);
      } catch {
        // The parser, which is asked next, says the same of the whole.
        return undefined;
      }
      at = this.#at;
    }
    if (at >= end || byteAt(at) !== OBJECT_END) return undefined;
    this.#at = at + 1;
    return make(values);
  }

  #value(bytes: Buffer, at: number, end: number, texts: RepeatedTexts): unknown {
    switch (byteAt(at)) {
      case 0x22: {
        const quote = endOfText(at + 1, end);
        if (quote === UNUSUAL) return this.#parsed(bytes, at, end);
        this.#at = quote + 1;
        return texts.text(bytes, at + 1, quote);
      }
      case 0x6e:
        return this.#word(NULL, null, bytes, at, end);
      case 0x74:
        return this.#word(TRUE, true, bytes, at, end);
      case 0x66:
        return this.#word(FALSE, false, bytes, at, end);
      default: {
        const number = numberAt(at, end);
        if (Number.isNaN(number)) return this.#parsed(bytes, at, end);
        this.#at = behindNumber();
        return number;
      }
    }
  }

  #word(word: Piece, value: unknown, bytes: Buffer, at: number, end: number): unknown {
    if (!stands(word, at)) return this.#parsed(bytes, at, end);
    this.#at = at + word.length;
    return value;
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
      before: beforeValues(names).map(pieceOf),
      texts: names.map(() => new RepeatedTexts()),
      make: rowMaker(names),
      values: new Array<unknown>(names.length).fill(undefined),
    };
  }
}

/** Names that an object would not keep in the order in which they are set: numbers come first, and `__proto__` is none. */
function hasPlaceOfItsOwn(name: string): boolean {
  return /^\d/.test(name) || name === '__proto__';
}
