/** A random schema and another version of it, which may or may not read it; with the names of what was changed. */
import fc from 'fast-check';
import type { AvroNode } from '../../src/serde/avro/avro-schema.js';
import { AvroSchemaError, readAvroSchema } from '../../src/serde/avro/read-avro-schema.js';
import { type Choose, choices, type Json, PRIMITIVES, SchemaMaker, schemas } from './avro-schemas.js';

/** What may be changed. */
export const CHANGES = [
  'nothing',
  'promotion',
  'another type',
  'union: other order',
  'union: branch removed',
  'union: branch added',
  'made nullable',
  'field added without a default',
  'field added with a default',
  'field removed',
  'field renamed with an alias',
  'default taken away',
  'type renamed',
  'type renamed with an alias',
  'other namespace',
  'symbol added',
  'symbol removed',
  'default of an enum taken away',
  'other size',
  'logical type taken away',
] as const;

type Change = (typeof CHANGES)[number];

export interface Versions {
  readonly writer: unknown;
  readonly reader: unknown;
  /** What the writer's schema holds and what is changed in the reader's. */
  readonly features: ReadonlySet<string>;
}

/** What an integer and so on may be read as. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

export const versions: fc.Arbitrary<Versions> = fc
  .tuple(schemas, fc.array(fc.nat(1_000), { minLength: 3, maxLength: 20 }))
  .map(([{ json: writer, features }, list]) => {
    const choose = choices(list);
    const version = new Version(structuredClone(writer), choose);
    const times = choose(4);
    const changes: Change[] = times === 0 ? ['nothing'] : [];
    for (let i = 0; i < times; i += 1) changes.push(version.change());
    return { writer, reader: version.schema, features: new Set([...features, ...changes]) };
  })
  .filter(({ reader }) => isValid(reader) && !namesOutside(reader));

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

/** Whether a record in a namespace holds what is in none and is defined around it: see `SchemaMaker`. */
function namesOutside(schema: unknown): boolean {
  const seen = new Set<AvroNode>();
  const look = (node: AvroNode, inside: boolean): boolean => {
    switch (node.kind) {
      case 'array':
        return look(node.items, inside);
      case 'map':
        return look(node.values, inside);
      case 'union':
        return node.branches.some((branch) => look(branch, inside));
      case 'record':
      case 'enum':
      case 'fixed': {
        const isKnown = seen.has(node);
        seen.add(node);
        if (isKnown) return inside && !node.name.includes('.');
        return node.kind === 'record' && node.fields.some(({ type }) => look(type, node.name.includes('.')));
      }
      default:
        return false;
    }
  };
  return look(readAvroSchema(schema), false);
}

/** A schema, and where it stands. */
interface Place {
  readonly node: unknown;
  set(to: unknown): void;
}

class Version {
  schema: unknown;
  readonly #choose: Choose;

  constructor(schema: unknown, choose: Choose) {
    this.schema = schema;
    this.#choose = choose;
  }

  change(): Change {
    const places: Place[] = [];
    visit(this, 'schema', places);
    const place = this.#oneOf(places);
    const { node } = place;
    if (Array.isArray(node)) return this.#changeUnion(node, place);
    const json = node as Json;
    switch (typeof node === 'string' ? node : json.type) {
      case 'record':
        return this.#changeRecord(json);
      case 'enum':
        return this.#choose(4) === 0 ? this.#rename(json) : this.#changeEnum(json);
      case 'fixed':
        return this.#choose(2) === 0 ? this.#rename(json) : this.#resize(json);
      default:
        return this.#changeType(place);
    }
  }

  /** First a kind of schema, then one of the kind: there are many more numbers than enums. */
  #oneOf(places: readonly Place[]): Place {
    const kinds = [...new Set(places.map(({ node }) => kindOf(node)))];
    const kind = kinds[this.#choose(kinds.length)];
    const ofKind = places.filter(({ node }) => kindOf(node) === kind);
    return ofKind[this.#choose(ofKind.length)]!;
  }

  #changeType({ node, set }: Place): Change {
    const json = node as Json;
    const name = typeof node === 'string' ? node : String(json.type);
    const isLogical = typeof node === 'object' && 'logicalType' in json;
    const wider = PROMOTIONS[name];
    switch (this.#choose(isLogical ? 4 : 3)) {
      case 0:
        set(['null', node]);
        return 'made nullable';
      case 1:
        if (wider === undefined) break;
        set(wider[this.#choose(wider.length)]);
        return 'promotion';
      case 3:
        set(name);
        return 'logical type taken away';
    }
    set(PRIMITIVES[this.#choose(PRIMITIVES.length)]);
    return 'another type';
  }

  #changeUnion(branches: unknown[], { set }: Place): Change {
    switch (this.#choose(3)) {
      case 0:
        branches.reverse();
        return 'union: other order';
      case 1:
        branches.splice(this.#choose(branches.length), 1);
        if (branches.length === 0) set('null');
        return 'union: branch removed';
      default:
        branches.push(PRIMITIVES[this.#choose(PRIMITIVES.length)]);
        return 'union: branch added';
    }
  }

  #changeRecord(json: Json): Change {
    const fields = json.fields as Json[];
    const field = fields[this.#choose(fields.length)];
    switch (this.#choose(7)) {
      case 0:
        fields.push({ name: 'added', type: 'int' });
        return 'field added without a default';
      case 1:
        fields.unshift(this.#addedField());
        return 'field added with a default';
      case 2:
        fields.splice(this.#choose(fields.length), 1);
        return 'field removed';
      case 3:
        if (field !== undefined) Object.assign(field, { name: `new_${field.name}`, aliases: [field.name] });
        return 'field renamed with an alias';
      case 4:
        if (field !== undefined) delete field.default;
        return 'default taken away';
      case 5:
        return this.#rename(json);
      default:
        json.namespace = 'other';
        return 'other namespace';
    }
  }

  /** Of any type that can have a default. Its names are its own. */
  #addedField(): Json {
    const maker = new SchemaMaker(this.#choose);
    const type = maker.type(2);
    const fallback = maker.defaultOf(type);
    const field = fallback === undefined ? { type: 'string', default: 'x' } : { type, default: fallback };
    return {
      name: 'added',
      ...(JSON.parse(JSON.stringify(field).replaceAll(/"((?:\w\.)*)([REF])(\d+)"/g, '"$1New$2$3"')) as Json),
    };
  }

  #rename(json: Json): Change {
    const name = String(json.name);
    const to = name.replace(/[^.]+$/, 'N$&');
    if (this.#choose(2) === 0) {
      Object.assign(json, { name: to, aliases: [name] });
      return 'type renamed with an alias';
    }
    json.name = to;
    return 'type renamed';
  }

  #changeEnum(json: Json): Change {
    const symbols = json.symbols as string[];
    if (this.#choose(3) === 0) {
      symbols.push('S9');
      return 'symbol added';
    }
    if (symbols.length > 1 && this.#choose(4) !== 0) {
      if (symbols.at(-1) === json.default) delete json.default;
      symbols.pop();
      return 'symbol removed';
    }
    delete json.default;
    return 'default of an enum taken away';
  }

  #resize(json: Json): Change {
    json.size = Number(json.size) + 1;
    delete json.logicalType;
    return 'other size';
  }
}

function kindOf(node: unknown): unknown {
  if (Array.isArray(node)) return 'union';
  return typeof node === 'string' ? 'name' : (node as Json).type;
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
