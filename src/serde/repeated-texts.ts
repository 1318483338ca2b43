/** The texts of one member that come again and again, such as models and countries, which are not made anew. */
import { type Piece, pieceOf } from './json-piece.js';
import { hashOf, stands } from './json-window.js';

/** A text, and its bytes. */
interface Text {
  readonly text: string;
  readonly piece: Piece;
}

/** Characters; names of models, countries and the like are shorter. */
const LONGEST = 32;
/** Bits of a hash that say where a text is kept: there is room for 256. */
const PLACE_BITS = 8;

export class RepeatedTexts {
  readonly #kept: (Text | undefined)[] = new Array<Text | undefined>(2 ** PLACE_BITS).fill(undefined);
  /** Of the last text at each place that was not kept. One that comes again is kept, one that never does costs nothing. */
  readonly #hashes = new Int32Array(2 ** PLACE_BITS);

  /** The text of printable ASCII between two positions of bytes that are shown. */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > LONGEST) return bytes.toString('latin1', start, end);
    const hash = hashOf(start, end);
    const place = hash >>> (32 - PLACE_BITS);
    const kept = this.#kept[place];
    if (kept !== undefined && kept.piece.length === length && stands(kept.piece, start)) return kept.text;
    const text = bytes.toString('latin1', start, end);
    if (this.#hashes[place] === hash) this.#kept[place] = { text, piece: pieceOf(text) };
    this.#hashes[place] = hash;
    return text;
  }
}
