/**
 * Writes flat objects of texts, numbers, flags and nulls, as rows and their keys are, straight into bytes.
 *
 * W1. The bytes are those of `JSON.stringify`, or there are none: what holds anything else is for `stringifyJson`.
 */
import { JsonBlock, type Written } from './json-block.js';
import { beforeValues, OBJECT_END } from './json-bytes.js';
import { type Piece, pieceOf } from './json-piece.js';
import { isPlainObject } from './plain-object.js';

/** What stands before the values of objects of the same names in the same order. */
interface Layout {
  readonly names: readonly string[];
  readonly before: readonly Piece[];
}

/** One for each place where objects of a kind are written, so that its layout is mostly the right one. */
export class FlatJsonWriter {
  readonly #block = new JsonBlock();
  #layout: Layout = { names: [], before: [] };
  /** Whether the object that was written last has other names than the layout. */
  #isOther = false;

  /** The JSON of an object; undefined where the value is none, or holds what is not flat. */
  write(value: unknown): Buffer | undefined {
    if (!isPlainObject(value) || typeof value.toJSON === 'function') return undefined;
    this.#isOther = false;
    const written = this.#block.write(value, this.#put);
    if (!this.#isOther) return written;
    this.#layout = layoutOf(value);
    return this.#layout.names.length === 0 ? undefined : this.#block.write(value, this.#put);
  }

  // The loop that compares the names is the one that reads the values: the engine has both at hand in it.
  readonly #put = (block: JsonBlock, value: Readonly<Record<string, unknown>>): Written => {
    const { names, before } = this.#layout;
    let at = 0;
    for (const name in value) {
      if (name !== names[at]) return this.#other();
      if (!block.piece(before[at]!)) return 'no room';
      const written = block.value(value[name]);
      if (written !== 'whole') return written;
      at += 1;
    }
    if (at !== names.length || at === 0) return this.#other();
    return block.byte(OBJECT_END) ? 'whole' : 'no room';
  };

  #other(): Written {
    this.#isOther = true;
    return 'unusual';
  }
}

function layoutOf(value: object): Layout {
  const names = Object.keys(value);
  return { names, before: beforeValues(names).map(pieceOf) };
}
