/**
 * A JSON object whose members are parsed when they are asked for.
 *
 * L1. It looks like a plain object: `in`, `Object.keys`, spreading, `JSON.stringify`, `console.log` and a test's `toEqual`
 *     see all members, in the order of the bytes. (`structuredClone` does not take it: clone `{ ...object }`.)
 * L2. It cannot be changed, and what it gives is frozen; the same member is the same value each time.
 * L3. Its outline is checked when it is made (quotes, brackets, commas); the inside of a member when it is first read.
 * L4. It keeps its bytes, so these must not be changed or reused.
 */
import { inspect } from 'node:util';
import { writesExactly } from './json-text.js';
import type { ObjectLayout } from './object-layout.js';

/** Turns a member's bytes into its value. */
export type MemberReader = (name: string, bytes: Buffer, start: number, end: number) => unknown;

/** What stands behind the proxy that users see. */
export class LazyObject {
  readonly #bytes: Buffer;
  readonly #layout: ObjectLayout;
  /** Start and end of each member's value, from `#first` on. */
  readonly #spans: Int32Array;
  readonly #first: number;
  readonly #member: MemberReader;
  readonly #nullable: ReadonlySet<string>;
  /** Undefined where a member has not been read. */
  readonly #values: unknown[];

  private constructor(
    bytes: Buffer,
    layout: ObjectLayout,
    spans: Int32Array,
    first: number,
    values: unknown[],
    member: MemberReader,
    nullable: ReadonlySet<string>,
  ) {
    this.#bytes = bytes;
    this.#layout = layout;
    this.#spans = spans;
    this.#first = first;
    this.#values = values;
    this.#member = member;
    this.#nullable = nullable;
  }

  static of(
    bytes: Buffer,
    layout: ObjectLayout,
    spans: Int32Array,
    first: number,
    values: unknown[],
    member: MemberReader,
    nullable: ReadonlySet<string>,
  ): object {
    return new Proxy(new LazyObject(bytes, layout, spans, first, values, member, nullable), LazyObject.#handler);
  }

  #get(index: number): unknown {
    const known = this.#values[index];
    if (known !== undefined) return known;
    const span = this.#first + 2 * index;
    const name = this.#layout.names[index]!;
    const value = this.#member(name, this.#bytes, this.#spans[span]!, this.#spans[span + 1]!);
    this.#values[index] = value;
    this.#layout.remember(index, value);
    return value;
  }

  // Both of the following are called on the proxy, so that spreading gives its members.

  /**
   * For `JSON.stringify`, which refuses bigints: they become texts, but for a serde, which writes them as integers.
   */
  toJSON(): unknown {
    return writesExactly() ? { ...this } : bigintsAsTexts({ ...this });
  }

  [inspect.custom](): unknown {
    return { ...this };
  }

  static readonly #handler: ProxyHandler<LazyObject> = {
    get(target, name) {
      if (typeof name === 'string') {
        const index = target.#layout.index.get(name);
        if (index !== undefined) return target.#get(index);
        if (target.#nullable.has(name)) return null;
      }
      return Reflect.get(target, name);
    },
    has: (target, name) => (typeof name === 'string' && target.#layout.index.has(name)) || Reflect.has(target, name),
    ownKeys: (target) => [...target.#layout.names],
    getOwnPropertyDescriptor(target, name) {
      const index = typeof name === 'string' ? target.#layout.index.get(name) : undefined;
      if (index === undefined) return undefined;
      // The language lets a proxy call a property constant only when its target has it; the traps below refuse changes.
      return { value: target.#get(index), enumerable: true, configurable: true, writable: false };
    },
    set: (_target, name) => readOnly(name),
    defineProperty: (_target, name) => readOnly(name),
    deleteProperty: (_target, name) => readOnly(name),
    setPrototypeOf: () => readOnly('prototype'),
    // Nothing can be added anyway, and a frozen target would have to have all the properties.
    preventExtensions: () => readOnly('extensibility'),
  };
}

/** Refuses a change of a decoded value. */
export function readOnly(name: string | symbol): never {
  throw new TypeError(
    `'${String(name)}' of a decoded value cannot be changed: make a new one, { ...value, ${String(name)}: … }`,
  );
}

/** The same with texts in place of bigints, for `JSON.stringify`. */
export function bigintsAsTexts(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (value instanceof Map) return bigintsAsTexts([...value]);
  if (Array.isArray(value)) return value.map(bigintsAsTexts);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bigintsAsTexts(inner)]));
}
