/**
 * Pieces of JSON that stand in value after value: names, and texts that come again. They are copied and compared four bytes
 * at a time.
 */

/** Bytes, and the same as words of four, little-endian, the last one filled up with zeros. */
export interface Piece {
  readonly length: number;
  readonly words: Int32Array;
}

/** The UTF-8 of a text, to be written or looked for again and again. */
export function pieceOf(text: string): Piece {
  return piece(Buffer.from(text));
}

export function piece(bytes: Buffer): Piece {
  const filled = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  bytes.copy(filled);
  const words = Int32Array.from({ length: filled.length / 4 }, (_, i) => filled.readInt32LE(4 * i));
  return { length: bytes.length, words };
}

/** What JSON has words for. */
export const NULL = pieceOf('null');
export const TRUE = pieceOf('true');
export const FALSE = pieceOf('false');

/** Texts kept at once. */
const MOST_TEXTS = 256;
/** Characters; models, countries and topics are shorter. */
const LONGEST_TEXT = 40;
/** One of so many texts that are not known is learned: soon each that comes often, and few of those that never come again. */
const LEARNED_ONE_OF = 16;

/** Pieces of the texts that come often, for one place where texts are written. */
export class KnownTexts {
  readonly #write: (text: string) => string | undefined;
  readonly #pieces = new Map<string, Piece>();
  #unknown = 0;

  /** @param write what is written of a text; undefined: it is not kept */
  constructor(write: (text: string) => string | undefined) {
    this.#write = write;
  }

  /** Undefined when the text is not known, or not yet. */
  piece(text: string): Piece | undefined {
    if (text.length > LONGEST_TEXT) return undefined;
    return this.#pieces.get(text) ?? this.#learn(text);
  }

  #learn(text: string): Piece | undefined {
    this.#unknown += 1;
    if (this.#unknown % LEARNED_ONE_OF !== 0) return undefined;
    const written = this.#write(text);
    if (written === undefined) return undefined;
    if (this.#pieces.size >= MOST_TEXTS) this.#pieces.clear();
    const piece = pieceOf(written);
    this.#pieces.set(text, piece);
    return piece;
  }
}
