/** Reads a schema's JSON: checks it as Java's `Schema.Parser` does, and resolves its names. */
import { asError } from '../../errors.js';
import { parseJson } from '../json-text.js';
import { problemOfDefault } from './avro-default.js';
import type { Attributes, AvroField, AvroNode, AvroRecord, NamedNode, PrimitiveKind } from './avro-schema.js';

/** A text that is no Avro schema; the message says where and why. */
export class AvroSchemaError extends Error {
  override readonly name = 'AvroSchemaError';
}

type Json = Readonly<Record<string, unknown>>;

const PRIMITIVES: ReadonlySet<string> = new Set<PrimitiveKind>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Properties with a meaning of their own, by kind; what is left are attributes. */
const KNOWN = {
  named: ['type', 'name', 'namespace', 'doc', 'aliases'],
  record: ['fields'],
  enum: ['symbols', 'default'],
  fixed: ['size'],
  field: ['name', 'type', 'doc', 'default', 'order', 'aliases'],
} as const;

/**
 * Parses the text of a schema.
 *
 * @param definitions named types that the text may refer to without defining them, by full name
 * @throws AvroSchemaError
 * @example
 * parseAvroSchema('{"type":"record","name":"Message","namespace":"protocol","fields":[]}')
 */
export function parseAvroSchema(text: string, definitions: ReadonlyMap<string, NamedNode> = new Map()): AvroNode {
  let json: unknown;
  try {
    json = parseJson(Buffer.from(text));
  } catch (thrown) {
    // Avro takes a bare name for a schema too: "string" without its quotes is a mistake all the same.
    throw new AvroSchemaError(`the schema is no JSON: ${asError(thrown).message}`, { cause: thrown });
  }
  return readAvroSchema(json, definitions);
}

/** As {@link parseAvroSchema}, of JSON that is parsed already. */
export function readAvroSchema(json: unknown, definitions: ReadonlyMap<string, NamedNode> = new Map()): AvroNode {
  return new Reader(definitions).schema(json, undefined, 'the schema');
}

class Reader {
  readonly #named: Map<string, NamedNode>;
  readonly #primitives = new Map<string, AvroNode>();
  readonly #defined = new Set<string>();

  constructor(definitions: ReadonlyMap<string, NamedNode>) {
    this.#named = new Map(definitions);
  }

  schema(json: unknown, namespace: string | undefined, at: string): AvroNode {
    if (typeof json === 'string') return this.#reference(json, namespace, at);
    if (Array.isArray(json)) return this.#union(json, namespace, at);
    if (typeof json !== 'object' || json === null) {
      throw new AvroSchemaError(
        `${at} is ${shown(json)}: a type's name, an object with a "type" or a list was expected`,
      );
    }
    const object = json as Json;
    const { type } = object;
    if (typeof type !== 'string') {
      // {"type": {"type": …}} and {"type": […]} are read as what is inside, as Java does.
      if (typeof type === 'object' && type !== null) return this.schema(type, namespace, at);
      throw new AvroSchemaError(`${at} has ${shown(type)} as its "type"`);
    }
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(object, namespace, at);
      case 'enum':
        return this.#enum(object, namespace, at);
      case 'fixed':
        return this.#fixed(object, namespace, at);
      case 'array':
        this.#need(object, 'items', at);
        return Object.freeze({
          kind: 'array',
          items: this.schema(object.items, namespace, `${at}.items`),
          attributes: rest(object, ['type', 'items']),
        });
      case 'map':
        this.#need(object, 'values', at);
        return Object.freeze({
          kind: 'map',
          values: this.schema(object.values, namespace, `${at}.values`),
          attributes: rest(object, ['type', 'values']),
        });
      default: {
        if (!PRIMITIVES.has(type)) return this.#reference(type, namespace, at);
        return Object.freeze({ kind: type as PrimitiveKind, attributes: rest(object, ['type']) });
      }
    }
  }

  #reference(name: string, namespace: string | undefined, at: string): AvroNode {
    if (PRIMITIVES.has(name)) {
      let primitive = this.#primitives.get(name);
      if (primitive === undefined) {
        primitive = Object.freeze({ kind: name as PrimitiveKind, attributes: {} });
        this.#primitives.set(name, primitive);
      }
      return primitive;
    }
    const found = this.#named.get(qualified(name, namespace)) ?? this.#named.get(name);
    if (found === undefined)
      throw new AvroSchemaError(`${at} is '${name}', which is neither a type of Avro nor defined before`);
    return found;
  }

  #union(json: readonly unknown[], namespace: string | undefined, at: string): AvroNode {
    const branches = json.map((branch, i) => this.schema(branch, namespace, `${at}[${i}]`));
    const seen = new Set<string>();
    for (const branch of branches) {
      if (branch.kind === 'union') throw new AvroSchemaError(`${at} is a union directly inside a union`);
      const name = 'name' in branch ? branch.name : branch.kind;
      if (seen.has(name)) throw new AvroSchemaError(`${at} has '${name}' twice: the branches of a union differ`);
      seen.add(name);
    }
    return Object.freeze({ kind: 'union', branches: Object.freeze(branches) });
  }

  #record(json: Json, outer: string | undefined, at: string): AvroNode {
    const { name, namespace, ...common } = this.#name(json, outer, at, KNOWN.record);
    const fields: AvroField[] = [];
    const record: AvroRecord = { kind: 'record', name, fields, ...common };
    this.#define(record, at);
    if (!Array.isArray(json.fields)) throw new AvroSchemaError(`${at}: the record '${name}' lists no fields`);
    const seen = new Set<string>();
    json.fields.forEach((field: unknown, i) => {
      const read = this.#field(field, namespace, `${at}.fields[${i}]`);
      if (seen.has(read.name)) throw new AvroSchemaError(`${at}: '${name}' has two fields named '${read.name}'`);
      seen.add(read.name);
      fields.push(read);
    });
    Object.freeze(fields);
    return Object.freeze(record);
  }

  #field(json: unknown, namespace: string | undefined, at: string): AvroField {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new AvroSchemaError(`${at} is ${shown(json)}, not a field`);
    }
    const field = json as Json;
    checkName(field.name, at);
    this.#need(field, 'type', at);
    const type = this.schema(field.type, namespace, `${at}.type`);
    if ('default' in field) {
      const problem = problemOfDefault(type, field.default);
      if (problem !== undefined) {
        throw new AvroSchemaError(`${at}: the default of '${field.name}' does not fit its type: ${problem}`);
      }
    }
    return Object.freeze({
      name: field.name,
      aliases: names(field.aliases, `${at}.aliases`),
      type,
      default: field.default,
      doc: typeof field.doc === 'string' ? field.doc : undefined,
      order: typeof field.order === 'string' ? field.order : undefined,
      attributes: rest(field, KNOWN.field),
    });
  }

  #enum(json: Json, outer: string | undefined, at: string): AvroNode {
    const { name, namespace: _, ...common } = this.#name(json, outer, at, KNOWN.enum);
    const { symbols } = json;
    if (!Array.isArray(symbols)) throw new AvroSchemaError(`${at}: the enum '${name}' lists no symbols`);
    for (const symbol of symbols) checkName(symbol, `${at}.symbols`);
    if (new Set(symbols).size !== symbols.length)
      throw new AvroSchemaError(`${at}: the enum '${name}' has a symbol twice`);
    const fallback = json.default;
    if (fallback !== undefined && !symbols.includes(fallback)) {
      throw new AvroSchemaError(`${at}: the default ${shown(fallback)} of the enum '${name}' is none of its symbols`);
    }
    return this.#define(
      Object.freeze({
        kind: 'enum',
        name,
        symbols: Object.freeze([...(symbols as readonly string[])]),
        default: fallback as string | undefined,
        ...common,
      }),
      at,
    );
  }

  #fixed(json: Json, outer: string | undefined, at: string): AvroNode {
    const { name, namespace: _, ...common } = this.#name(json, outer, at, KNOWN.fixed);
    const { size } = json;
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      throw new AvroSchemaError(
        `${at}: the fixed '${name}' has the size ${shown(size)}: a number of bytes was expected`,
      );
    }
    return this.#define(Object.freeze({ kind: 'fixed', name, size, ...common }), at);
  }

  #name(json: Json, outer: string | undefined, at: string, known: readonly string[]) {
    const { name: given, namespace: space } = json;
    if (typeof given !== 'string') throw new AvroSchemaError(`${at}: a ${String(json.type)} needs a "name"`);
    const dotted = given.includes('.');
    const namespace = dotted ? given.slice(0, given.lastIndexOf('.')) : typeof space === 'string' ? space : outer;
    const name = dotted ? given : qualified(given, namespace);
    for (const part of name.split('.')) checkName(part, at, name);
    return {
      name,
      namespace,
      aliases: names(json.aliases, `${at}.aliases`).map((alias) => qualified(alias, namespace)),
      doc: typeof json.doc === 'string' ? json.doc : undefined,
      attributes: rest(json, [...KNOWN.named, ...known]),
    };
  }

  #define<N extends NamedNode>(node: N, at: string): N {
    if (PRIMITIVES.has(node.name))
      throw new AvroSchemaError(`${at}: '${node.name}' is a type of Avro and cannot be named anew`);
    if (this.#defined.has(node.name)) throw new AvroSchemaError(`${at}: '${node.name}' is defined twice`);
    this.#defined.add(node.name);
    this.#named.set(node.name, node);
    return node;
  }

  #need(json: Json, property: string, at: string): void {
    if (json[property] === undefined) throw new AvroSchemaError(`${at} has no "${property}"`);
  }
}

function qualified(name: string, namespace: string | undefined): string {
  return name.includes('.') || namespace === undefined || namespace === '' ? name : `${namespace}.${name}`;
}

function checkName(name: unknown, at: string, whole = name): asserts name is string {
  if (typeof name === 'string' && NAME.test(name)) return;
  throw new AvroSchemaError(
    `${at}: ${shown(whole)} is no name of Avro, which begins with a letter or _ and goes on with letters, digits and _`,
  );
}

function names(json: unknown, at: string): readonly string[] {
  if (json === undefined || json === null) return [];
  if (!Array.isArray(json) || json.some((name) => typeof name !== 'string')) {
    throw new AvroSchemaError(`${at} is ${shown(json)}: a list of names was expected`);
  }
  return Object.freeze([...(json as readonly string[])]);
}

function rest(json: Json, known: readonly string[]): Attributes {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    if (!known.includes(name)) attributes[name] = value;
  }
  return Object.freeze(attributes);
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
