/**
 * Writes flat objects of texts, numbers, flags and nulls, as rows and their keys are, straight into bytes.
 *
 * W1. The bytes are those of `JSON.stringify`, or there are none: what holds anything else is for `stringifyJson`.
 */
import { JsonBlock, type Written } from './json-block.js';
import { beforeValues, OBJECT_END } from './json-bytes.js';
import { isPlainObject } from './plain-object.js';

/** What stands before the values of objects of the same names in the same order. */
interface Layout {
  readonly names: readonly string[];
  readonly before: readonly Buffer[];
}

/** One for each place where objects of a kind are written, so that its layout is mostly the right one. */
export class FlatJsonWriter {
  readonly #block = new JsonBlock();
  #layout: Layout = { names: [], before: [] };

  /** The JSON of an object; undefined where the value is none, or holds what is not flat. */
  write(value: unknown): Buffer | undefined {
    if (!isPlainObject(value) || typeof value.toJSON === 'function') return undefined;
    if (!hasNames(value, this.#layout.names)) this.#layout = layoutOf(value);
    return this.#layout.names.length === 0 ? undefined : this.#block.write(value, this.#put);
  }

  readonly #put = (block: JsonBlock, value: Readonly<Record<string, unknown>>): Written => {
    const { names, before } = this.#layout;
    for (let i = 0; i < names.length; i++) {
      if (!block.bytes(before[i]!)) return 'no room';
      const written = block.value(value[names[i]!]);
      if (written !== 'whole') return written;
    }
    return block.byte(OBJECT_END) ? 'whole' : 'no room';
  };
}

function layoutOf(value: object): Layout {
  const names = Object.keys(value);
  return { names, before: beforeValues(names).map((text) => Buffer.from(text)) };
}

/** Whether an object has these names, in this order. */
function hasNames(value: object, names: readonly string[]): boolean {
  let at = 0;
  for (const name in value) {
    if (name !== names[at]) return false;
    at += 1;
  }
  return at === names.length;
}
