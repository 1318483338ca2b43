/**
 * Finds the members of JSON objects, of which only those are parsed that are asked for.
 *
 * The names of an object's members and their order hardly ever change from record to record: the next object is compared
 * with the layout of the last one instead of being searched for names.
 */
import { OBJECT_END, OBJECT_START } from './json-bytes.js';
import { unexpected } from './json-parser.js';
import { eachMember, skipSpace } from './json-scan.js';
import { parseJson } from './json-text.js';
import { behindValue, byteAt, showAgain, stands, UNUSUAL } from './json-window.js';
import { LazyObject, type MemberReader } from './lazy-object.js';
import { ObjectLayout } from './object-layout.js';

/** Layouts kept; beyond that they are forgotten all at once. */
const MOST_LAYOUTS = 64;

/** Numbers in a block of spans: of some hundred objects, which keep it while one of them lives. */
const SPANS_BLOCK = 2_048;

/** Reads a member that is an object itself in the pass that finds the members. */
export interface InnerReader {
  /** The object that begins at `start` of bytes that are shown; undefined when it is not like the last ones. */
  readShown(bytes: Buffer, start: number, end: number): unknown;
  /** The position behind what was read last. */
  readonly behind: number;
}

/** Makes lazy objects. One for each place where objects of a kind occur, so that its guess is good. */
export class Outline implements InnerReader {
  readonly #layouts = new Map<string, ObjectLayout>();
  readonly #member: MemberReader;
  readonly #nullable: ReadonlySet<string>;
  readonly #inner: ReadonlyMap<string, InnerReader>;
  #guess: ObjectLayout | undefined;
  /** By the index of the member in the guess. */
  #innerAt: readonly (InnerReader | undefined)[] = [];
  /** Start and end of each member's value, of one object behind the other: an array for each would be collected with it. */
  #spans = new Int32Array(0);
  /** Where in the spans those of the object read last begin, and where there is room. */
  #first = 0;
  #free = 0;
  #values: unknown[] = [];
  #end = 0;

  /**
   * @param nullable members that are null when the object has none of that name
   * @param inner members that are objects and asked for nearly always
   */
  constructor(
    member: MemberReader,
    nullable: readonly string[] = [],
    inner: ReadonlyMap<string, InnerReader> = new Map(),
  ) {
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
    if (!showAgain(bytes) || !this.#readGuessed(bytes, start, end)) this.#readAny(bytes, start, end);
    const rest = skipSpace(bytes, this.#end, end);
    if (rest !== end) throw unexpected(bytes, rest, end, 'the end');
    return this.#made(bytes);
  }

  readShown(bytes: Buffer, start: number, end: number): object | undefined {
    return this.#readGuessed(bytes, start, end) ? this.#made(bytes) : undefined;
  }

  get behind(): number {
    return this.#end;
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

  /** The bytes are shown. */
  #readGuessed(bytes: Buffer, start: number, end: number): boolean {
    const layout = this.#guess;
    if (layout === undefined || layout.names.length === 0) return false;
    this.#begin(layout.names.length);
    return this.#readRuns(layout, bytes, start, end) || this.#readMembers(layout, bytes, start, end);
  }

  /** An object whose constant members are those of the layout. */
  #readRuns(layout: ObjectLayout, bytes: Buffer, start: number, end: number): boolean {
    const spans = this.#spans;
    const first = this.#first;
    const values = layout.known.slice();
    let at = start;
    for (const run of layout.runs) {
      if (!stands(run.bytes, at)) return false;
      const constants = run.spans;
      const to = first + 2 * run.first;
      for (let i = 0; i < constants.length; i++) spans[to + i] = at + constants[i]!;
      at += run.bytes.length;
      const next = run.next;
      if (next < 0) break;
      spans[first + 2 * next] = at;
      at = this.#behindMember(next, bytes, at, end, values);
      if (at === UNUSUAL) return false;
      spans[first + 2 * next + 1] = at;
    }
    if (at > end) return false;
    this.#values = values;
    this.#end = at;
    return true;
  }

  /** An object of the names of the layout, which learns what varies. */
  #readMembers(layout: ObjectLayout, bytes: Buffer, start: number, end: number): boolean {
    const spans = this.#spans;
    const first = this.#first;
    const values = new Array<unknown>(layout.names.length).fill(undefined);
    let at = start;
    for (const [i, before] of layout.before.entries()) {
      if (!stands(before, at)) return false;
      at += before.length;
      spans[first + 2 * i] = at;
      at = this.#behindMember(i, bytes, at, end, values);
      if (at === UNUSUAL) return false;
      spans[first + 2 * i + 1] = at;
    }
    if (at >= end || byteAt(at) !== OBJECT_END) return false;
    layout.compare(bytes, spans, first);
    this.#values = values;
    this.#end = at + 1;
    return true;
  }

  /** The position behind a member's value, which is read where that is done in one. */
  #behindMember(index: number, bytes: Buffer, at: number, end: number, values: unknown[]): number {
    if (at >= end || byteAt(at) <= 0x20) return UNUSUAL;
    const inner = byteAt(at) === OBJECT_START ? this.#innerAt[index] : undefined;
    const value = inner?.readShown(bytes, at, end);
    if (value === undefined) return behindValue(at, end);
    values[index] = value;
    return inner!.behind;
  }

  #readAny(bytes: Buffer, start: number, end: number): void {
    const members = new Map<string, readonly [start: number, end: number]>();
    const object = skipSpace(bytes, start, end);
    this.#end = eachMember(bytes, object, end, (nameStart, nameEnd, valueStart, valueEnd) => {
      members.set(parseJson(bytes, nameStart, nameEnd) as string, [valueStart, valueEnd]);
    });
    this.#begin(members.size);
    this.#spans.set([...members.values()].flat(), this.#first);
    this.#values = [];
    this.#guess = this.#layoutOf([...members.keys()], bytes);
    this.#innerAt = this.#guess.names.map((name) => this.#inner.get(name));
  }

  /** The layout of the object whose spans are the last ones. */
  #layoutOf(names: readonly string[], bytes: Buffer): ObjectLayout {
    const id = JSON.stringify(names);
    const known = this.#layouts.get(id);
    if (known !== undefined) {
      known.compare(bytes, this.#spans, this.#first);
      return known;
    }
    const layout = new ObjectLayout(names, bytes, this.#spans.subarray(this.#first));
    if (this.#layouts.size >= MOST_LAYOUTS) this.#layouts.clear();
    this.#layouts.set(id, layout);
    return layout;
  }
}
