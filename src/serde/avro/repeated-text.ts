/** `string` that does not make the texts anew that come again and again, such as models and countries. */
import avsc from 'avsc';
import type { Tap } from './tap.js';

/** Bytes; names of models, countries and the like are shorter. */
const LONGEST = 32;
/** Texts kept, a power of two. */
const KEPT = 1_024;

interface Resolver {
  _read: (tap: Tap) => unknown;
}

class RepeatedText extends avsc.types.StringType {
  /** Texts of ASCII alone, each at the place of its hash. */
  readonly #kept: (string | undefined)[] = new Array<string | undefined>(KEPT).fill(undefined);

  _read(tap: Tap): string | undefined {
    const before = tap.pos;
    const length = tap.readLong();
    const { buf, pos } = tap;
    const end = pos + length;
    if (length < 0 || length > LONGEST || end > buf.length) {
      tap.pos = before;
      return tap.readString();
    }
    let hash = length;
    for (let i = pos; i < end; i += 1) hash = (Math.imul(hash, 31) + buf[i]!) | 0;
    tap.pos = end;
    const place = hash & (KEPT - 1);
    const kept = this.#kept[place];
    if (kept !== undefined && isText(kept, buf, pos, length)) return kept;
    const text = buf.toString('utf8', pos, end);
    // As many characters as bytes: it is ASCII.
    if (text.length === length) this.#kept[place] = text;
    return text;
  }

  /** Bytes may be read as text too. */
  _update(resolver: Resolver, { typeName }: { readonly typeName: string }): void {
    if (typeName === 'string' || typeName === 'bytes') resolver._read = (tap) => this._read(tap);
  }
}

function isText(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i += 1) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}

export const REPEATED_TEXT = new RepeatedText();
