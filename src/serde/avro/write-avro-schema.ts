/** The JSON of a schema: names are written in full, each type is defined where it is met first. */
import { stringifyJson } from '../json-text.js';
import type { AvroField, AvroNode, NamedNode } from './avro-schema.js';
import { unqualified } from './avro-schema.js';

type Json = Record<string, unknown>;

interface Writing {
  /** Full names that stand in the JSON already. */
  readonly defined: Set<string>;
  readonly defaultOf: (field: AvroField) => unknown;
}

/**
 * The JSON of a schema, as `JSON.parse` would give it (integers beyond 2^53 are bigints).
 *
 * @param defaultOf what is written as the default of a field that has one; default: what its schema says
 */
export function avroSchemaJson(
  node: AvroNode,
  defaultOf: (field: AvroField) => unknown = (field) => field.default,
): unknown {
  return write(node, undefined, { defined: new Set(), defaultOf });
}

/** The text of a schema: what is registered. */
export function avroSchemaText(node: AvroNode): string {
  return stringifyJson(avroSchemaJson(node));
}

/**
 * A text that is the same for schemas that say the same: whatever the order of properties, and however names are
 * written. Attributes count, as in the registry.
 */
export function avroSchemaIdentity(node: AvroNode): string {
  return stringifyJson(sorted(avroSchemaJson(node)));
}

function write(node: AvroNode, namespace: string | undefined, writing: Writing): unknown {
  switch (node.kind) {
    case 'union':
      return node.branches.map((branch) => write(branch, namespace, writing));
    case 'array':
      return { type: 'array', items: write(node.items, namespace, writing), ...node.attributes };
    case 'map':
      return { type: 'map', values: write(node.values, namespace, writing), ...node.attributes };
    case 'record':
    case 'enum':
    case 'fixed':
      return named(node, namespace, writing);
    default:
      return Object.keys(node.attributes).length === 0 ? node.kind : { type: node.kind, ...node.attributes };
  }
}

function named(node: NamedNode, outer: string | undefined, writing: Writing): unknown {
  const namespace = node.name.includes('.') ? node.name.slice(0, node.name.lastIndexOf('.')) : undefined;
  if (writing.defined.has(node.name)) return namespace === outer ? unqualified(node.name) : node.name;
  writing.defined.add(node.name);
  const json: Json = { type: node.kind, name: unqualified(node.name) };
  if (namespace !== outer) json.namespace = namespace ?? '';
  if (node.doc !== undefined) json.doc = node.doc;
  if (node.aliases.length > 0) json.aliases = node.aliases;
  if (node.kind === 'record') json.fields = node.fields.map((field) => writeField(field, namespace, writing));
  if (node.kind === 'enum') {
    json.symbols = node.symbols;
    if (node.default !== undefined) json.default = node.default;
  }
  if (node.kind === 'fixed') json.size = node.size;
  return Object.assign(json, node.attributes);
}

function writeField(field: AvroField, namespace: string | undefined, writing: Writing): Json {
  const json: Json = { name: field.name, type: write(field.type, namespace, writing) };
  if (field.doc !== undefined) json.doc = field.doc;
  if (field.default !== undefined) json.default = writing.defaultOf(field);
  if (field.order !== undefined) json.order = field.order;
  if (field.aliases.length > 0) json.aliases = field.aliases;
  return Object.assign(json, field.attributes);
}

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, sorted(value)]),
  );
}
