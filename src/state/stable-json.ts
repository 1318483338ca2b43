/**
 * JSON for the keys of stores. A key must always give the same bytes, or the same car would have two entries:
 * properties are sorted wherever they are not already in order.
 */
import { beforeValues } from '../serde/json-bytes.js';
import { parseJson, stringifyJson } from '../serde/json-text.js';
import { isPlainObject } from '../serde/plain-object.js';
import type { Serde } from '../serde/serde.js';

/**
 * A serde whose bytes are the UTF-8 of a text. A store indexes its layers by a text, so for such a serde it needs no
 * bytes to find a key in memory.
 */
export interface TextSerde<T> extends Serde<T> {
  text(value: T): string;
}

/** Whether a serde can say the text that its bytes are the UTF-8 of. */
export function isTextSerde<T>(serde: Serde<T>): serde is TextSerde<T> {
  return typeof (serde as Partial<TextSerde<T>>).text === 'function';
}

/**
 * JSON whose text does not depend on the order in which the properties were set. For keys.
 *
 * @typeParam T what the JSON holds; not checked
 */
export function stableJson<T>(): TextSerde<T> {
  const structs = new Structs();
  const text = (value: T): string => {
    const known = structs.text(value);
    if (known !== undefined) return known;
    const isInOrder = inOrder(value);
    if (isInOrder) structs.learn(value);
    return stringifyJson(isInOrder ? value : sorted(value));
  };
  return Object.freeze({
    encoding: 'json',
    text,
    serialize: (value: T | null) => (value === null ? null : Buffer.from(text(value))),
    deserialize: (bytes: Buffer | null) => (bytes === null ? null : (parseJson(bytes) as T | null)),
  });
}

/**
 * Texts of structs with the same names as the last one, put together by hand: a store is asked for nothing else, several
 * times for each record, and `JSON.stringify` takes four times as long. The text is the same.
 */
class Structs {
  #names: readonly string[] = [];
  #before: readonly string[] = [];

  /** Undefined for anything but a plain object of these names, in this order, with texts and safe integers. */
  text(value: unknown): string | undefined {
    if (this.#names.length === 0 || !isPlainObject(value)) return undefined;
    let isLast = value === last.value;
    let at = 0;
    for (const name in value) {
      if (name !== this.#names[at]) return undefined;
      const member = value[name];
      if (!isSimple(member)) return undefined;
      isLast &&= member === last.members[at];
      at += 1;
    }
    if (at !== this.#names.length) return undefined;
    return isLast ? last.text : this.#put(value as Readonly<Record<string, string | number>>);
  }

  #put(value: Readonly<Record<string, string | number>>): string {
    const names = this.#names;
    const members = new Array<string | number>(names.length);
    let text = '';
    for (let at = 0; at < names.length; at++) {
      const member = value[names[at]!]!;
      members[at] = member;
      text += this.#before[at]! + (typeof member === 'number' ? member : JSON.stringify(member));
    }
    last = { value, members, text: `${text}}` };
    return last.text;
  }

  /** @param value whose properties are in ascending order */
  learn(value: unknown): void {
    if (!isPlainObject(value) || !Object.values(value).every(isSimple)) return;
    this.#names = Object.keys(value);
    this.#before = beforeValues(this.#names);
  }
}

/**
 * The struct whose text was made last, and what it held then. Several stores ask for the text of a record's key, one after
 * the other, and the same text is found in their layers without being hashed again.
 */
let last: { readonly value: unknown; readonly members: readonly unknown[]; readonly text: string } = {
  value: undefined,
  members: [],
  text: '',
};

function isSimple(member: unknown): member is string | number {
  return typeof member === 'string' || Number.isSafeInteger(member);
}

/** Whether every object inside has its properties in ascending order already: true for almost all keys. */
function inOrder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(inOrder);
  let last = '';
  for (const name in value) {
    if (name < last) return false;
    last = name;
    const inner = (value as Record<string, unknown>)[name];
    if (typeof inner === 'object' && inner !== null && !inOrder(inner)) return false;
  }
  return true;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || hasOwnText(value)) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]));
}

/** Dates and the like say themselves what their JSON is. */
function hasOwnText(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
