import { createHash } from 'node:crypto';
import { hasExactDigits, JsonBlock, type Written } from '../serde/json-block.js';
import { FALSE, KnownTexts, NULL, type Piece, pieceOf, TRUE } from '../serde/json-piece.js';

/** Characters of base64url; 48 bits. */
const MARK_LENGTH = 8;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const PLAIN = /^[ -~]*$/;

/**
 * Texts that two sets of features share only if they are equal, for one place where features are made.
 *
 * Features are mostly one flat object of texts and numbers, with the same names each time. Its names are a mark at the
 * beginning, the first bits of their SHA-256, and its values follow in their order: a store keeps one such text for each
 * key. A text is written behind its length, so that none can look like the next value. Everything else is JSON.
 */
export class Fingerprints {
  readonly #block = new JsonBlock();
  readonly #texts = new KnownTexts((text) => (PLAIN.test(text) ? textValue(text) : undefined));
  /** Of the last features; undefined before the first. */
  #names: readonly string[] | undefined;
  #mark = '';
  /** The same, to be written. */
  #markPiece: Piece = pieceOf('');

  of(features: unknown): string {
    if (typeof features !== 'object' || features === null || Array.isArray(features)) return json(features);
    return this.#block.writeText(features, this.#put) ?? this.#concatenated(features) ?? json(features);
  }

  /** The same text as {@link #concatenated}, of the usual features, and without a piece of text for each value. */
  readonly #put = (block: JsonBlock, features: object): Written => {
    const names = this.#names;
    if (names === undefined) return 'unusual';
    let hasRoom = block.piece(this.#markPiece);
    let at = 0;
    for (const name in features) {
      if (name !== names[at]) return 'unusual';
      at += 1;
      const value = (features as Record<string, unknown>)[name];
      if (typeof value === 'string') {
        const known = this.#texts.piece(value);
        hasRoom = hasRoom && (known === undefined ? putText(block, value) : block.piece(known));
        continue;
      }
      if (typeof value === 'number' && hasExactDigits(value)) {
        hasRoom = hasRoom && block.number(value);
      } else if (value === null || typeof value === 'boolean') {
        hasRoom = hasRoom && block.piece(value === null ? NULL : value ? TRUE : FALSE);
      } else {
        return 'unusual';
      }
      hasRoom = hasRoom && block.byte(SEMICOLON);
    }
    if (at !== names.length) return 'unusual';
    return hasRoom ? 'whole' : 'no room';
  };

  /** Undefined when it is not flat. */
  #concatenated(features: object): string | undefined {
    const names: string[] = [];
    let values = '';
    for (const name in features) {
      names.push(name);
      const value = (features as Record<string, unknown>)[name];
      if (typeof value === 'string') values += textValue(value);
      else if (typeof value === 'number' || value === null || typeof value === 'boolean') values += `${value};`;
      else return undefined;
    }
    this.#names = names;
    this.#mark = `${createHash('sha256').update(JSON.stringify(names)).digest('base64url').slice(0, MARK_LENGTH)} `;
    this.#markPiece = pieceOf(this.#mark);
    return this.#mark + values;
  }
}

function textValue(text: string): string {
  return `${text.length}:${text};`;
}

function putText(block: JsonBlock, text: string): boolean {
  return block.number(text.length) && block.byte(COLON) && block.plain(text) && block.byte(SEMICOLON);
}

/** Never begins as a mark does: eight letters or digits and a space. */
function json(features: unknown): string {
  const text = JSON.stringify(features, (_name, value) => (typeof value === 'bigint' ? `${value}n` : value));
  return text ?? 'undefined';
}
