/** Defaults of fields, in Avro's JSON: bytes are a text of one character a byte, a union's is of its first branch. */
import { stringifyJson } from '../json-text.js';
import type { AvroNode } from './avro-schema.js';

/**
 * Why a default does not fit its type; undefined when it does.
 *
 * Source: Java's `Schema.isValidDefault`.
 */
export function problemOfDefault(node: AvroNode, json: unknown): string | undefined {
  switch (node.kind) {
    case 'null':
      return json === null ? undefined : wrong(json, 'null');
    case 'boolean':
      return typeof json === 'boolean' ? undefined : wrong(json, 'true or false');
    case 'int':
      return typeof json === 'number' && (json | 0) === json ? undefined : wrong(json, 'a 32-bit integer');
    case 'long':
      return isLong(json) ? undefined : wrong(json, 'a 64-bit integer');
    case 'float':
    case 'double':
      return typeof json === 'number' || typeof json === 'bigint' ? undefined : wrong(json, 'a number');
    case 'string':
      return typeof json === 'string' ? undefined : wrong(json, 'a text');
    case 'bytes':
      return isBytesText(json) ? undefined : wrong(json, 'a text of the characters \\u0000 to \\u00ff');
    case 'fixed':
      return isBytesText(json) && json.length === node.size ? undefined : wrong(json, `a text of ${node.size} bytes`);
    case 'enum':
      return typeof json === 'string' && node.symbols.includes(json) ? undefined : wrong(json, 'one of its symbols');
    case 'array':
      if (!Array.isArray(json)) return wrong(json, 'a list');
      return first(json, (item) => problemOfDefault(node.items, item));
    case 'map':
      if (!isObject(json)) return wrong(json, 'an object');
      return first(Object.values(json), (value) => problemOfDefault(node.values, value));
    case 'union':
      return node.branches.length === 0 ? 'the union is empty' : problemOfDefault(node.branches[0]!, json);
    case 'record': {
      if (!isObject(json)) return wrong(json, 'an object');
      return first(node.fields, (field) => {
        const value = field.name in json ? json[field.name] : field.default;
        return value === undefined ? `it has no '${field.name}'` : problemOfDefault(field.type, value);
      });
    }
  }
}

/** A default with what records in it leave to the defaults of their own fields. */
export function wholeDefault(node: AvroNode, json: unknown): unknown {
  switch (node.kind) {
    case 'union':
      return wholeDefault(node.branches[0]!, json);
    case 'array':
      return (json as readonly unknown[]).map((item) => wholeDefault(node.items, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(json as object).map(([name, value]) => [name, wholeDefault(node.values, value)]),
      );
    case 'record': {
      const given = json as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        node.fields.map(({ name, type, default: own }) => [
          name,
          wholeDefault(type, name in given ? given[name] : own),
        ]),
      );
    }
    default:
      return json;
  }
}

/** The bytes that a default's text stands for. */
export function bytesOfDefault(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** The text that stands for bytes in a default. */
export function defaultOfBytes(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function isLong(json: unknown): boolean {
  if (typeof json === 'bigint') return BigInt.asIntN(64, json) === json;
  return typeof json === 'number' && Number.isSafeInteger(json);
}

function isBytesText(json: unknown): json is string {
  return typeof json === 'string' && Buffer.from(json, 'latin1').toString('latin1') === json;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function first<T>(items: Iterable<T>, problem: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function wrong(json: unknown, expected: string): string {
  const text = json === undefined ? 'missing' : stringifyJson(json);
  return `it is ${text}, and ${expected} was expected`;
}
