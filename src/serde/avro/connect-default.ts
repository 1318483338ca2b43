/** Defaults between Avro's JSON and Connect's: the two differ in bytes, which are Latin-1 there and base64 here. */
import type { ConnectSchema } from '../../record.js';
import { bytesOfDefault, defaultOfBytes } from './avro-default.js';
import { type AvroNode, nonNullBranch } from './avro-schema.js';
import { mapEntry } from './map-entry.js';

/** A default of Avro as Connect's JSON writes it. */
export function connectDefault(node: AvroNode, json: unknown): unknown {
  if (json === null) return null;
  switch (node.kind) {
    case 'bytes':
    case 'fixed':
      return typeof json === 'string' ? bytesOfDefault(json).toString('base64') : json;
    case 'union':
      return connectDefault(nonNullBranch(node) ?? node.branches[0]!, json);
    case 'array': {
      const entry = mapEntry(node.items);
      const read = (item: unknown) => {
        if (entry === undefined) return connectDefault(node.items, item);
        const { key, value } = item as { readonly key: unknown; readonly value: unknown };
        return Object.freeze([connectDefault(entry.key, key), connectDefault(entry.value, value)]);
      };
      return Object.freeze((json as readonly unknown[]).map(read));
    }
    case 'map':
      return mapped(json as object, (_, value) => connectDefault(node.values, value));
    case 'record': {
      const types = new Map(node.fields.map((field) => [field.name, field.type]));
      return mapped(json as object, (name, value) => {
        const type = types.get(name);
        return type === undefined ? value : connectDefault(type, value);
      });
    }
    default:
      return json;
  }
}

/** A default of Connect's JSON as Avro writes it. */
export function avroDefault(schema: ConnectSchema, json: unknown): unknown {
  if (json === null || json === undefined) return null;
  switch (schema.type) {
    case 'bytes':
      return typeof json === 'string' ? defaultOfBytes(Buffer.from(json, 'base64')) : json;
    case 'array':
      return (json as readonly unknown[]).map((item) => avroDefault(schema.items!, item));
    case 'map':
      if (Array.isArray(json)) {
        return json.map(([key, value]: [unknown, unknown]) => ({
          key: avroDefault(schema.keys!, key),
          value: avroDefault(schema.values!, value),
        }));
      }
      return mapped(json as object, (_, value) => avroDefault(schema.values!, value));
    case 'struct': {
      const fields = new Map(schema.fields!.map((field) => [field.field!, field]));
      return mapped(json as object, (name, value) => {
        const field = fields.get(name);
        return field === undefined ? value : avroDefault(field, value);
      });
    }
    default:
      return json;
  }
}

function mapped(json: object, convert: (name: string, value: unknown) => unknown): object {
  return Object.freeze(Object.fromEntries(Object.entries(json).map(([name, value]) => [name, convert(name, value)])));
}
