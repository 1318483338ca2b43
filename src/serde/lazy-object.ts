/**
 * A JSON object whose members are parsed when they are asked for.
 *
 * L1. It looks like a plain object: `in`, `Object.keys`, spreading, `JSON.stringify`, `console.log` and a test's `toEqual`
 *     see all members, in the order of the bytes. (`structuredClone` does not take it: clone `{ ...object }`.)
 * L2. It cannot be changed, and what it gives is frozen; the same member is the same value each time.
 * L3. Its outline is checked when it is made (quotes, brackets, commas); the inside of a member when it is first read.
 * L4. It keeps its bytes, so these must not be changed or reused.
 *
 * The names of an object's members and their order hardly ever change from record to record; they are kept as a layout,
 * and the next object is compared with it byte by byte instead of being searched for names.
 */
import { inspect } from 'node:util';
import { beforeValues, OBJECT_END, standsAt } from './json-bytes.js';
import { unexpected, utf8 } from './json-parser.js';
import { eachMember, skipSpace, skipValue } from './json-scan.js';
import { writesExactly } from './json-text.js';

/** Turns a member's bytes into its value. */
export type MemberReader = (name: string, bytes: Buffer, start: number, end: number) => unknown;

interface Layout {
  readonly names: readonly string[];
  readonly index: ReadonlyMap<string, number>;
  readonly before: readonly Buffer[];
}

/** Layouts kept; beyond that they are forgotten all at once. */
const MOST_LAYOUTS = 64;

/** Numbers in a block of spans: of some hundred objects, which keep it while one of them lives. */
const SPANS_BLOCK = 2_048;

/** A member that is an object itself. */
export interface InnerObject {
  readonly name: string;
  readonly outline: Outline;
}

/** Finds the members of objects. One for each place where objects of a kind occur, so that its guess is good. */
export class Outline {
  readonly #layouts = new Map<string, Layout>();
  readonly #member: MemberReader;
  readonly #nullable: ReadonlySet<string>;
  readonly #inner: InnerObject | undefined;
  #guess: Layout | undefined;
  /** The index of the inner object in the guess; -1 without one. */
  #innerIndex = -1;
  /** Start and end of each member's value, of one object behind the other: an array for each would be collected with it. */
  #spans = new Int32Array(0);
  /** Where in the spans those of the object read last begin, and where there is room. */
  #first = 0;
  #free = 0;
  #values: unknown[] = [];
  #end = 0;

  /**
   * @param nullable members that are null when the object has none of that name
   * @param inner a member that is an object and is lazy too: both are gone through in one pass
   */
  constructor(member: MemberReader, nullable: readonly string[] = [], inner?: InnerObject) {
    this.#member = member;
    this.#nullable = new Set(nullable);
    this.#inner = inner;
  }

  /**
   * Makes the object that begins at `start`; white space may stand before it and up to `end`.
   *
   * @throws JsonSyntaxError when there is no object, or something after it
   */
  read(bytes: Buffer, start: number, end: number): object {
    if (!this.#readGuessed(bytes, start, end)) this.#readAny(bytes, start, end);
    const rest = skipSpace(bytes, this.#end, end);
    if (rest !== end) throw unexpected(bytes, rest, end, 'the end');
    return this.#made(bytes);
  }

  /** The names of the object read last, in the order of the bytes: the same array for objects of the same names. */
  get names(): readonly string[] {
    return this.#guess?.names ?? [];
  }

  /** In the object read last: where the value of a member begins, by its index in {@link names}. */
  startOf(index: number): number {
    return this.#spans[this.#first + 2 * index]!;
  }

  #made(bytes: Buffer): object {
    this.#free = this.#first + 2 * this.#guess!.names.length;
    return LazyObject.of(bytes, this.#guess!, this.#spans, this.#first, this.#values, this.#member, this.#nullable);
  }

  /** Makes room for the spans of an object. */
  #begin(members: number): void {
    if (this.#free + 2 * members > this.#spans.length) {
      this.#spans = new Int32Array(Math.max(SPANS_BLOCK, 2 * members));
      this.#free = 0;
    }
    this.#first = this.#free;
  }

  #readGuessed(bytes: Buffer, start: number, end: number): boolean {
    if (this.#guess === undefined) return false;
    const { before } = this.#guess;
    this.#begin(before.length);
    const spans = this.#spans;
    const first = this.#first;
    const values = new Array<unknown>(before.length);
    let at = start;
    for (let i = 0; i < before.length; i++) {
      const expected = before[i]!;
      if (!standsAt(expected, bytes, at)) return false;
      at += expected.length;
      if (at >= end || bytes[at]! <= 0x20) return false;
      spans[first + 2 * i] = at;
      if (i === this.#innerIndex && this.#inner!.outline.#readGuessed(bytes, at, end)) {
        at = this.#inner!.outline.#end;
        values[i] = this.#inner!.outline.#made(bytes);
      } else {
        at = skipValue(bytes, at, end);
      }
      spans[first + 2 * i + 1] = at;
    }
    if (before.length === 0 || at >= end || bytes[at] !== OBJECT_END) return false;
    this.#values = values;
    this.#end = at + 1;
    return true;
  }

  #readAny(bytes: Buffer, start: number, end: number): void {
    const members = new Map<string, readonly [start: number, end: number]>();
    const object = skipSpace(bytes, start, end);
    this.#end = eachMember(bytes, object, end, (nameStart, nameEnd, valueStart, valueEnd) => {
      members.set(JSON.parse(utf8(bytes, nameStart, nameEnd)) as string, [valueStart, valueEnd]);
    });
    this.#begin(members.size);
    this.#spans.set([...members.values()].flat(), this.#first);
    this.#values = [];
    this.#guess = this.#layoutOf([...members.keys()]);
    this.#innerIndex = this.#inner === undefined ? -1 : (this.#guess.index.get(this.#inner.name) ?? -1);
  }

  #layoutOf(names: readonly string[]): Layout {
    const id = JSON.stringify(names);
    let layout = this.#layouts.get(id);
    if (layout === undefined) {
      layout = {
        names,
        index: new Map(names.map((name, i) => [name, i])),
        before: beforeValues(names).map((text) => Buffer.from(text)),
      };
      if (this.#layouts.size >= MOST_LAYOUTS) this.#layouts.clear();
      this.#layouts.set(id, layout);
    }
    return layout;
  }
}

/** What stands behind the proxy that users see. */
class LazyObject {
  readonly #bytes: Buffer;
  readonly #layout: Layout;
  /** Start and end of each member's value, from `#first` on. */
  readonly #spans: Int32Array;
  readonly #first: number;
  readonly #member: MemberReader;
  readonly #nullable: ReadonlySet<string>;
  /** Undefined where a member has not been read. */
  readonly #values: unknown[];

  private constructor(
    bytes: Buffer,
    layout: Layout,
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
    layout: Layout,
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
