/**
 * Random schemas of Avro, made of a list of choices, so that fewer and smaller choices make simpler ones. What a schema
 * holds is noted by name: the tests assert that each of {@link FEATURES} was there often enough.
 */
import fc from 'fast-check';

export type Json = Record<string, unknown>;
/** A choice in 0 … n - 1. */
export type Choose = (n: number) => number;

export const PRIMITIVES = ['boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;

/** Logical types and what they stand on. Decimals are made apart: they have digits. */
const LOGICAL: readonly (readonly [name: string, on: string])[] = [
  ['date', 'int'],
  ['time-millis', 'int'],
  ['time-micros', 'long'],
  ['timestamp-millis', 'long'],
  ['timestamp-micros', 'long'],
  ['local-timestamp-millis', 'long'],
  ['local-timestamp-micros', 'long'],
  ['uuid', 'string'],
];

/** What schemas may hold. */
export const FEATURES = [
  'null',
  ...PRIMITIVES,
  'array',
  'map',
  'record',
  'enum',
  'enum with a default',
  'fixed',
  'nullable',
  'union of several',
  'union of named types',
  'null behind another type',
  'a name used again',
  'recursion by union',
  'recursion by array',
  'recursion by map',
  'namespace',
  'full name',
  'no namespace inside of one',
  'alias of a field',
  'alias of a record',
  'alias of an enum',
  'alias of a fixed',
  ...[...PRIMITIVES, 'null', 'array', 'map', 'record', 'enum', 'fixed'].map((kind) => `default: ${kind}`),
  'decimal in bytes',
  'decimal in fixed',
  ...LOGICAL.map(([name]) => name),
  'duration',
] as const;

const DEEPEST = 3;

/** Makes one schema. */
export class SchemaMaker {
  readonly features = new Set<string>();
  readonly #choose: Choose;
  /** Complete definitions by full name. */
  readonly #defined = new Map<string, Json>();
  /** Records around the place where the maker is. */
  readonly #around: string[] = [];
  #namespace = '';
  #names = 0;

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  record(depth = 0): Json {
    this.features.add('record');
    return this.#named('R', 'record', (full) => {
      this.#around.push(full);
      const fields = Array.from({ length: 1 + this.#choose(4) }, (_, i) => this.#field(`f${i}`, depth));
      this.#around.pop();
      return { fields };
    });
  }

  type(depth: number): unknown {
    switch (this.#choose(depth < DEEPEST ? 17 : 9)) {
      case 5:
        return this.#decimal();
      case 6:
        return this.#logical();
      case 7:
        return this.#reference() ?? 'int';
      case 8:
        return this.#recursion() ?? 'string';
      case 9:
        return this.#of('array', { type: 'array', items: this.type(depth + 1) });
      case 10:
        return this.#of('map', { type: 'map', values: this.type(depth + 1) });
      case 11:
        return this.record(depth);
      case 12:
        return this.#enum();
      case 13:
        return this.#fixed({}, this.#choose(4));
      case 14:
      case 15:
        return this.#union(depth);
      default:
        return this.primitive();
    }
  }

  primitive(): string {
    const kind = PRIMITIVES[this.#choose(PRIMITIVES.length)]!;
    return this.#of(kind, kind);
  }

  /** A default for the type; undefined where there is none, as for a record that is not complete. */
  defaultOf(type: unknown): unknown {
    const value = this.#default(type);
    if (value !== undefined)
      this.features.add(`default: ${kindOf(Array.isArray(type) ? type[0] : type, this.#defined)}`);
    return value;
  }

  #field(name: string, depth: number): Json {
    const type = this.type(depth + 1);
    const field: Json = { name, type };
    const fallback = this.#choose(3) === 0 ? this.defaultOf(type) : undefined;
    if (fallback !== undefined) field.default = fallback;
    if (this.#choose(12) === 0) field.aliases = this.#of('alias of a field', [`old_${name}`]);
    return field;
  }

  #enum(): Json {
    this.features.add('enum');
    const symbols = Array.from({ length: 2 + this.#choose(3) }, (_, i) => `S${i}`);
    return this.#named('E', 'enum', () => ({
      symbols,
      ...(this.#choose(3) === 0 ? this.#of('enum with a default', { default: 'S0' }) : {}),
    }));
  }

  #fixed(properties: Json, size: number): Json {
    this.features.add('fixed');
    return this.#named('F', 'fixed', () => ({ size, ...properties }));
  }

  #decimal(): Json {
    const digits = 1 + this.#choose(20);
    const decimal = { logicalType: 'decimal', precision: digits, scale: this.#choose(digits + 1) };
    if (this.#choose(2) === 0) return this.#of('decimal in bytes', { type: 'bytes', ...decimal });
    // Digits that a two's complement of that many bytes holds, and some room.
    this.features.add('decimal in fixed');
    return this.#fixed(decimal, Math.ceil((digits * Math.log2(10) + 1) / 8) + this.#choose(2));
  }

  #logical(): Json {
    const [logicalType, type] = LOGICAL[this.#choose(LOGICAL.length + 1)] ?? ['duration', 'fixed'];
    this.features.add(logicalType);
    return type === 'fixed' ? this.#fixed({ logicalType }, 12) : { type, logicalType };
  }

  #union(depth: number): unknown {
    const first = this.type(depth + 1);
    if (Array.isArray(first)) return first;
    this.features.add('null');
    if (this.#choose(2) === 0) {
      this.features.add('nullable');
      return this.#choose(4) === 0 ? this.#of('null behind another type', [first, 'null']) : ['null', first];
    }
    const branches = ['null', first];
    const more = [...PRIMITIVES.map((kind) => () => kind), () => this.#enum(), () => this.record(depth + 1)];
    for (const branch of more) {
      if (this.#choose(4) !== 0) continue;
      const made = branch();
      if (branches.every((other) => branchOf(other) !== branchOf(made))) branches.push(made);
    }
    const names = branches.filter((branch) => typeof branch === 'object' && 'name' in (branch as Json));
    this.features.add(branches.length > 2 ? 'union of several' : 'nullable');
    if (names.length > 1) this.features.add('union of named types');
    return branches;
  }

  /** The name of a type that is complete. */
  #reference(): string | undefined {
    const names = [...this.#defined.keys()].filter((name) => this.#isNamable(name));
    if (names.length === 0) return undefined;
    return this.#of('a name used again', this.#nameOf(names[this.#choose(names.length)]!));
  }

  /** A record around this place, inside itself. */
  #recursion(): unknown {
    const around = this.#around.filter((name) => this.#isNamable(name));
    if (around.length === 0) return undefined;
    const self = this.#nameOf(around[this.#choose(around.length)]!);
    switch (this.#choose(3)) {
      case 0:
        return this.#of('recursion by union', ['null', self]);
      case 1:
        return this.#of('recursion by array', { type: 'array', items: self });
      default:
        return this.#of('recursion by map', { type: 'map', values: self });
    }
  }

  /** What is in no namespace has no name inside of one: Java 1.12 refuses what 1.11 and millrace take. */
  #isNamable(full: string): boolean {
    return full.includes('.') || this.#namespace === '';
  }

  /** A full name as it is written here: without the namespace where that is the same. */
  #nameOf(full: string): string {
    const space = full.slice(0, Math.max(0, full.lastIndexOf('.')));
    return space === this.#namespace && this.#choose(2) === 0 ? full.slice(space === '' ? 0 : space.length + 1) : full;
  }

  #named(prefix: string, type: string, rest: (full: string) => Json): Json {
    this.#names += 1;
    const name = `${prefix}${this.#names}`;
    const before = this.#namespace;
    const names: Json = { name };
    switch (this.#choose(8)) {
      case 1:
        this.#namespace = names.namespace = this.#of('namespace', 'a.b');
        break;
      case 2:
        names.name = this.#of('full name', `c.d.${name}`);
        this.#namespace = 'c.d';
        break;
      case 3:
        if (before !== '') this.#namespace = names.namespace = this.#of('no namespace inside of one', '');
        break;
    }
    if (this.#choose(8) === 0)
      names.aliases = this.#of(`alias of a${type === 'enum' ? 'n' : ''} ${type}`, [`Old${name}`]);
    const full = this.#namespace === '' ? name : `${this.#namespace}.${name}`;
    const schema = { type, ...names, ...rest(full) };
    this.#namespace = before;
    this.#defined.set(full, schema);
    return schema;
  }

  #default(type: unknown): unknown {
    const node = definitionOf(Array.isArray(type) ? type[0] : type, this.#defined, this.#namespace);
    if (node === undefined) return undefined;
    const few = () => Array.from({ length: this.#choose(3) });
    switch (node.type) {
      case 'null':
        return null;
      case 'boolean':
        return this.#choose(2) === 0;
      case 'int':
        return this.#choose(1_000) - 500;
      case 'long':
        return (this.#choose(1_000) - 500) * 2 ** 40;
      case 'float':
      case 'double':
        // An integer is a number too.
        return (this.#choose(1_000) - 500) / 2 ** this.#choose(4);
      case 'string':
        return ['', 'x', 'ä€🚗'][this.#choose(3)];
      case 'bytes':
        return node.logicalType === 'decimal' ? '\u0005' : ['', '\u0001\u00ff'][this.#choose(2)];
      case 'fixed':
        return '\u00fe'.repeat(node.size as number);
      case 'enum':
        return (node.symbols as string[]).at(-1 - this.#choose((node.symbols as string[]).length));
      case 'array': {
        const items = few().map(() => this.#default(node.items));
        return items.includes(undefined) ? [] : items;
      }
      case 'map': {
        const entries = few().map((_, i) => [`k${i}`, this.#default(node.values)] as const);
        return entries.some(([, value]) => value === undefined) ? {} : Object.fromEntries(entries);
      }
      default:
        return this.#recordDefault(node);
    }
  }

  /** Fields that have a default may be left out of the record's. */
  #recordDefault({ fields }: Json): Json | undefined {
    const members: Json = {};
    for (const { name, type, default: own } of fields as readonly Json[]) {
      if (own !== undefined && this.#choose(2) === 0) continue;
      const value = own ?? this.#default(type);
      if (value === undefined) return undefined;
      members[name as string] = value;
    }
    return members;
  }

  #of<T>(feature: string, value: T): T {
    this.features.add(feature);
    return value;
  }
}

/** The definition that a schema is, or names; undefined for a record that is not complete yet. */
function definitionOf(type: unknown, defined: ReadonlyMap<string, Json>, namespace: string): Json | undefined {
  if (typeof type === 'object' && type !== null) return type as Json;
  const name = String(type);
  if (name === 'null' || PRIMITIVES.some((kind) => kind === name)) return { type: name };
  return defined.get(name) ?? defined.get(`${namespace}.${name}`);
}

function kindOf(type: unknown, defined: ReadonlyMap<string, Json>): unknown {
  if (typeof type === 'object') return (type as Json).type;
  const found = [...defined].find(([full]) => full === type || full.endsWith(`.${type}`));
  return found === undefined ? type : found[1].type;
}

/** By what the branches of a union are told apart. */
function branchOf(type: unknown): unknown {
  if (typeof type === 'string') return type;
  const { type: kind, name } = type as Json;
  return name ?? kind;
}

/** Reads choices off a list; when it is used up, the first of each. */
export function choices(list: readonly number[]): Choose {
  let next = 0;
  return (n) => (list[next++] ?? 0) % n;
}

/** A schema's JSON and what it holds. */
export interface MadeSchema {
  readonly json: unknown;
  readonly features: ReadonlySet<string>;
}

export const schemas: fc.Arbitrary<MadeSchema> = fc
  .array(fc.nat(1_000), { minLength: 10, maxLength: 120 })
  .map((list) => {
    const choose = choices(list);
    const maker = new SchemaMaker(choose);
    return { json: choose(4) === 0 ? maker.type(0) : maker.record(), features: maker.features };
  });
