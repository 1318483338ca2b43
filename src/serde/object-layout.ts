/**
 * What JSON objects of the same names in the same order have in common: the bytes between their values, and the values
 * that have been the same in all of them so far.
 *
 * In Debezium's `source`, for one, eleven members of sixteen are the same from record to record. An object is compared
 * with runs of bytes that go from one value that varies to the next.
 *
 * O1. A value that was once another one varies from then on. So a layout is built anew at most once for each member, and
 *     where a member is constant it has these bytes in all objects that were read by the layout.
 */
import { beforeValues, OBJECT_START } from './json-bytes.js';
import { type Piece, piece, pieceOf } from './json-piece.js';

/** Bytes; names of tables and the like are shorter. */
const LONGEST_CONSTANT = 64;

/** The bytes up to a value that varies, or up to the end of the object. */
export interface Run {
  readonly bytes: Piece;
  /** The index of the first of the constant members in it. */
  readonly first: number;
  /** Where the values of these begin and end, by twos, from the beginning of the run. */
  readonly spans: Int32Array;
  /** The index of the member whose value stands behind the run; -1 at the end of the object. */
  readonly next: number;
}

export class ObjectLayout {
  readonly names: readonly string[];
  readonly index: ReadonlyMap<string, number>;
  /** What stands before each value. */
  readonly before: readonly Piece[];
  /** Decoded values of constant members, as far as they have been asked for. */
  readonly known: unknown[];
  readonly #constants: (Buffer | undefined)[];
  #runs: readonly Run[] = [];

  /**
   * @param spans where in the bytes each value of a first object begins and ends, by twos
   */
  constructor(names: readonly string[], bytes: Buffer, spans: Int32Array) {
    this.names = names;
    this.index = new Map(names.map((name, i) => [name, i]));
    this.before = beforeValues(names).map(pieceOf);
    this.known = names.map(() => undefined);
    this.#constants = names.map((_, i) => constant(bytes.subarray(spans[2 * i], spans[2 * i + 1])));
    this.#runs = runsOf(names, this.#constants);
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** Keeps a decoded value where all objects have it. */
  remember(index: number, value: unknown): void {
    if (this.#constants[index] !== undefined) this.known[index] = value;
  }

  /** Learns from an object of the same names which values vary. */
  compare(bytes: Buffer, spans: Int32Array, first: number): void {
    let differ = false;
    for (const [i, expected] of this.#constants.entries()) {
      const [start, end] = [spans[first + 2 * i]!, spans[first + 2 * i + 1]!];
      if (expected === undefined || expected.equals(bytes.subarray(start, end))) continue;
      this.#constants[i] = undefined;
      this.known[i] = undefined;
      differ = true;
    }
    if (differ) this.#runs = runsOf(this.names, this.#constants);
  }
}

/** A copy of a value that is short and holds no others. */
function constant(value: Buffer): Buffer | undefined {
  if (value.length > LONGEST_CONSTANT || (value[0]! | 0x20) === OBJECT_START) return undefined;
  return Buffer.from(value);
}

function runsOf(names: readonly string[], constants: readonly (Buffer | undefined)[]): readonly Run[] {
  const before = beforeValues(names).map((text) => Buffer.from(text));
  const runs: Run[] = [];
  let parts: Buffer[] = [];
  let length = 0;
  let spans: number[] = [];
  const add = (part: Buffer) => {
    parts.push(part);
    length += part.length;
  };
  const close = (next: number, behind: number) => {
    runs.push({
      bytes: piece(Buffer.concat(parts)),
      first: behind - spans.length / 2,
      spans: Int32Array.from(spans),
      next,
    });
    parts = [];
    length = 0;
    spans = [];
  };
  for (const [i, value] of constants.entries()) {
    add(before[i]!);
    if (value === undefined) {
      close(i, i);
      continue;
    }
    spans.push(length, length + value.length);
    add(value);
  }
  add(Buffer.from('}'));
  close(-1, names.length);
  return runs;
}
