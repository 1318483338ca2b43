/** Random schemas of Avro, changed versions of them, and values. */
import fc from 'fast-check';
import type { AvroNode, AvroRecord, AvroUnion } from '../../src/serde/avro/avro-schema.js';
import { nonNullBranch } from '../../src/serde/avro/avro-schema.js';
import { AvroSchemaError, readAvroSchema } from '../../src/serde/avro/read-avro-schema.js';
import { scaleOfDecimal } from '../../src/serde/avro/to-connect.js';

type Json = Record<string, unknown>;
/** A choice in 0 … n - 1. */
type Choose = (n: number) => number;

const PRIMITIVES = ['boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
const DEEPEST = 3;

/** Makes schemas of a list of choices, so that fewer and smaller choices make simpler ones. */
class SchemaMaker {
  readonly #choose: Choose;
  readonly #named: string[] = [];
  #names = 0;

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  record(depth = 0): Json {
    const name = this.#name('R');
    const fields = Array.from({ length: 1 + this.#choose(4) }, (_, i) => this.#field(`f${i}`, depth));
    this.#named.push(name);
    return { type: 'record', name, ...(this.#choose(4) === 0 ? { namespace: 'a.b' } : {}), fields };
  }

  #field(name: string, depth: number): Json {
    const type = this.type(depth + 1);
    const field: Json = { name, type };
    const fallback = this.#choose(3) === 0 ? simpleDefault(type) : undefined;
    if (fallback !== undefined) field.default = fallback;
    return field;
  }

  type(depth: number): unknown {
    const deeper = depth < DEEPEST;
    switch (this.#choose(deeper ? 14 : 9)) {
      case 7:
        return { type: 'bytes', logicalType: 'decimal', scale: this.#choose(5), precision: 20 };
      case 8:
        return this.#reference() ?? 'int';
      case 9:
        return { type: 'array', items: this.type(depth + 1) };
      case 10:
        return { type: 'map', values: this.type(depth + 1) };
      case 11:
        return this.record(depth);
      case 12:
        return this.#choose(2) === 0 ? this.#enum() : { type: 'fixed', name: this.#define('F'), size: this.#choose(4) };
      case 13:
        return this.#union(depth);
      default:
        return PRIMITIVES[this.#choose(PRIMITIVES.length)]!;
    }
  }

  #enum(): Json {
    const symbols = Array.from({ length: 1 + this.#choose(4) }, (_, i) => `S${i}`);
    return { type: 'enum', name: this.#define('E'), symbols, ...(this.#choose(3) === 0 ? { default: 'S0' } : {}) };
  }

  #union(depth: number): unknown {
    const first = this.type(depth + 1);
    if (Array.isArray(first)) return first;
    if (this.#choose(2) === 0) return kindOf(first) === 'null' ? ['null'] : ['null', first];
    const branches = ['null', first];
    for (const kind of PRIMITIVES)
      if (this.#choose(4) === 0 && branches.every((branch) => kindOf(branch) !== kind)) branches.push(kind);
    return branches;
  }

  #reference(): string | undefined {
    return this.#named.length === 0 ? undefined : this.#named[this.#choose(this.#named.length)];
  }

  #define(prefix: string): string {
    return this.#name(prefix);
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }
}

function kindOf(type: unknown): unknown {
  if (typeof type === 'string') return type;
  const { type: kind, name } = type as Json;
  return name ?? kind;
}

function simpleDefault(type: unknown): unknown {
  const kind = Array.isArray(type) ? (type[0] as unknown) : type;
  switch (typeof kind === 'string' ? kind : (kind as Json).type) {
    case 'null':
      return null;
    case 'boolean':
      return true;
    case 'int':
    case 'long':
      return 7;
    case 'float':
    case 'double':
      return 0.5;
    case 'bytes':
      return '\u0001\u00ff';
    case 'string':
      return 'x';
    case 'array':
      return [];
    case 'map':
      return {};
    case 'enum':
      return 'S0';
    default:
      return undefined;
  }
}

/** Reads choices off a list; when it is used up, the first of each. */
function choices(list: readonly number[]): Choose {
  let next = 0;
  return (n) => (list[next++] ?? 0) % n;
}

const choiceList = fc.array(fc.nat(1_000), { minLength: 10, maxLength: 120 });

/** The JSON of a schema. */
export const schemas: fc.Arbitrary<unknown> = choiceList.map((list) => {
  const choose = choices(list);
  const maker = new SchemaMaker(choose);
  return choose(4) === 0 ? maker.type(0) : maker.record();
});

/** A schema and another version of it, which may or may not read it. */
export const versions: fc.Arbitrary<{ readonly writer: unknown; readonly reader: unknown }> = fc
  .tuple(schemas, fc.array(fc.nat(1_000), { minLength: 3, maxLength: 12 }))
  .map(([writer, list]) => {
    const choose = choices(list);
    let reader = structuredClone(writer);
    for (let changes = choose(4); changes > 0; changes -= 1) reader = changed(reader, choose);
    return { writer, reader };
  })
  .filter(({ reader }) => isValid(reader));

/** Changes may meet: the same field added twice, a type that nobody defines any more. */
function isValid(schema: unknown): boolean {
  try {
    readAvroSchema(schema);
    return true;
  } catch (error) {
    if (error instanceof AvroSchemaError) return false;
    throw error;
  }
}

/** The schema with one thing in it changed. */
function changed(schema: unknown, choose: Choose): unknown {
  const places: Place[] = [];
  const root = { schema };
  visit(root, 'schema', places);
  const { node, set } = places[choose(places.length)]!;
  change(node, set, choose);
  return root.schema;
}

interface Place {
  readonly node: unknown;
  set(to: unknown): void;
}

/** Every schema inside an object's property, itself first. */
function visit(parent: object, name: string | number, places: Place[]): void {
  const holder = parent as Record<string | number, unknown>;
  const node = holder[name];
  places.push({
    node,
    set(to) {
      holder[name] = to;
    },
  });
  if (Array.isArray(node)) {
    for (const i of node.keys()) visit(node, i, places);
  } else if (typeof node === 'object' && node !== null) {
    const json = node as Json;
    if (json.type === 'array') visit(json, 'items', places);
    if (json.type === 'map') visit(json, 'values', places);
    for (const field of (json.fields ?? []) as Json[]) visit(field, 'type', places);
  }
}

function change(node: unknown, set: (to: unknown) => void, choose: Choose): void {
  if (Array.isArray(node)) {
    if (choose(2) === 0) node.reverse();
    else node.splice(choose(node.length), 1);
    if (node.length === 0) set('null');
    return;
  }
  const json = node as Json;
  const kind = typeof node === 'string' ? node : json.type;
  if (kind === 'record') changeRecord(json, choose);
  else if (kind === 'enum') changeEnum(json, choose);
  else if (kind === 'fixed') json.size = choose(4);
  else if (kind === 'array' || kind === 'map') set(choose(2) === 0 ? ['null', node] : { type: 'array', items: 'int' });
  else set(choose(3) === 0 ? ['null', node] : PRIMITIVES[choose(PRIMITIVES.length)]);
}

function changeRecord(json: Json, choose: Choose): void {
  const fields = json.fields as Json[];
  const field = fields[choose(fields.length)];
  switch (choose(7)) {
    case 0:
      fields.push({ name: 'added', type: 'int' });
      return;
    case 1:
      fields.unshift({ name: 'added', type: ['null', 'string'], default: null });
      return;
    case 2:
      fields.splice(choose(fields.length), 1);
      return;
    case 3:
      if (field !== undefined) Object.assign(field, { name: `new_${field.name}`, aliases: [field.name] });
      return;
    case 4:
      Object.assign(json, { name: `N${json.name}`, aliases: [json.name] });
      return;
    case 5:
      json.name = `N${json.name}`;
      return;
    default:
      json.namespace = 'other';
  }
}

function changeEnum(json: Json, choose: Choose): void {
  const symbols = json.symbols as string[];
  if (choose(3) === 0) symbols.push('S9');
  else if (symbols.length > 1) symbols.pop();
  else delete json.default;
}

const LONGS = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((long) => (Number.isSafeInteger(Number(long)) ? Number(long) : long)),
);

/** Values of a schema, as a serde gives and takes them. Inside a union of several types decimals are bytes. */
export function values(node: AvroNode, inUnion: 'in a union' | 'alone' = 'alone'): fc.Arbitrary<unknown> {
  const scale = scaleOfDecimal(node);
  if (scale !== undefined && inUnion === 'alone') {
    return fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }).map((unscaled) => decimalOf(unscaled, scale));
  }
  const inside = (inner: AvroNode) => values(inner, inUnion);
  switch (node.kind) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'int':
      return fc.integer();
    case 'long':
      return LONGS;
    case 'float':
      return fc.float();
    case 'double':
      return fc.double();
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'bytes':
      return bytes(1, 20);
    case 'fixed':
      return bytes(node.size, node.size);
    case 'enum':
      return fc.constantFrom(...node.symbols);
    case 'array':
      return fc.array(inside(node.items), { maxLength: 4 });
    case 'map':
      return fc.dictionary(fc.string({ maxLength: 4 }), inside(node.values), { maxKeys: 3, noNullPrototype: true });
    case 'record':
      return fc.record(Object.fromEntries(node.fields.map(({ name, type }) => [name, inside(type)])), {
        noNullPrototype: true,
      });
    case 'union':
      return unionValues(node, inUnion);
  }
}

function unionValues(node: AvroUnion, inUnion: 'in a union' | 'alone'): fc.Arbitrary<unknown> {
  const within = nonNullBranch(node) === undefined ? 'in a union' : inUnion;
  const wrap = isWrapped(node.branches);
  const branches = node.branches.map((branch) =>
    values(branch, within).map((value) => (wrap && value !== null ? { [branchName(branch)]: value } : value)),
  );
  return fc.oneof(...branches);
}

function bytes(minLength: number, maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
}

function decimalOf(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
}

export function branchName(branch: AvroNode): string {
  return 'name' in branch ? branch.name : branch.kind;
}

const BUCKETS: Readonly<Record<string, string>> = {
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  fixed: 'bytes',
  enum: 'string',
  record: 'object',
  map: 'object',
};

/** Whether a value of the union says its branch: where the value alone does not tell. */
export function isWrapped(branches: readonly AvroNode[]): boolean {
  const buckets = branches.map(({ kind }) => BUCKETS[kind] ?? kind);
  return new Set(buckets).size < buckets.length;
}

/** Every record inside a schema that does not contain itself. */
export function recordsOf(node: AvroNode): readonly AvroRecord[] {
  switch (node.kind) {
    case 'array':
      return recordsOf(node.items);
    case 'map':
      return recordsOf(node.values);
    case 'union':
      return node.branches.flatMap(recordsOf);
    case 'record':
      return [node, ...node.fields.flatMap(({ type }) => recordsOf(type))];
    default:
      return [];
  }
}
