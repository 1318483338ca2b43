/** The serde of a declared row: finds the schema to write a row with, and has an encoding write it. */
import type { ConnectSchema } from '../record.js';
import { fieldOf, optional, structOf } from './connect-schema.js';
import { readConnectValue } from './connect-values.js';
import type { Encoding, RecordPart } from './encoding.js';
import { isEnvelopeSchema } from './envelope-schema.js';
import type { RowFields } from './row-shape.js';
import type { Serde, SerdeContext } from './serde.js';
import { preparationOf } from './shape.js';

/**
 * @param topic names the schemas that are made here: `<topic>.Value`, `<topic>.Key`
 */
export function rowSerde<Row>(declared: RowFields, topic: string, part: RecordPart, encoding: Encoding): Serde<Row> {
  const inner = encoding.values<Row>(part);
  const schemas = new RowSchemas(declared, topic, part);
  const needed = Object.entries(declared.added)
    .filter(([, schema]) => schema.optional !== true)
    .map(([name]) => name);

  return Object.freeze({
    encoding: inner.encoding,
    serialize(value: Row | null, context: SerdeContext): Buffer | null {
      if (value === null) return inner.serialize(null, context);
      const travelled = context.schema;
      const schema = schemas.toWriteWith(travelled);
      if (schema === undefined && encoding.schemas === 'carried') throw noSchema(value, topic, part, encoding.name);
      for (const name of needed) checkPresent(value, name, topic);
      context.schema = schema;
      try {
        return inner.serialize(value, context);
      } finally {
        context.schema = travelled;
      }
    },
    deserialize(bytes: Buffer | null, context: SerdeContext): Row | null {
      const value = inner.deserialize(bytes, context);
      if (context.schema !== undefined || value === null || schemas.declared === undefined) return value;
      context.schema = schemas.declared;
      return readConnectValue(schemas.declared, value) as Row;
    },
    ...preparationOf(inner),
  });
}

/** The schemas that rows of one topic are written with. */
class RowSchemas {
  /** The schema by the declaration alone; undefined where it does not list the fields. */
  readonly declared: ConnectSchema | undefined;
  readonly #row: RowFields;
  readonly #name: string;
  readonly #part: RecordPart;
  readonly #added: readonly ConnectSchema[];
  readonly #merged = new WeakMap<ConnectSchema, ConnectSchema>();

  constructor(row: RowFields, topic: string, part: RecordPart) {
    this.#row = row;
    this.#name = `${topic}.${part === 'key' ? 'Key' : 'Value'}`;
    this.#part = part;
    this.#added = Object.entries(row.added).map(([name, schema]) => fieldOf(name, optional(schema)));
    this.declared =
      row.fields && this.#merge(Object.entries(row.fields).map(([name, schema]) => fieldOf(name, schema)));
  }

  /** @param travelled the schema that came with the record */
  toWriteWith(travelled: ConnectSchema | undefined): ConnectSchema | undefined {
    if (travelled === undefined || this.#row.base === 'declared') return this.declared;
    if (this.#part === 'key') return travelled;
    let schema = this.#merged.get(travelled);
    if (schema === undefined) {
      schema = this.#mergeTravelled(travelled);
      this.#merged.set(travelled, schema);
    }
    return schema;
  }

  #mergeTravelled(travelled: ConnectSchema): ConnectSchema {
    if (isEnvelopeSchema(travelled)) {
      throw new Error(
        `the record still has the schema '${travelled.name}' of a change, and '${this.#name}' is of rows: unwrap() takes ` +
          'the row off the change',
      );
    }
    if (travelled.fields === undefined) {
      throw new Error(
        `the record came with a schema of type ${travelled.type}, and '${this.#name}' is of rows: declare the topic with ` +
          'row({ … }), which lists its fields',
      );
    }
    return this.#merge(travelled.fields);
  }

  /** Base fields in their order, an added one in the place of its namesake; then the other added ones. */
  #merge(base: readonly ConnectSchema[]): ConnectSchema {
    const added = new Map(this.#added.map((field) => [field.field!, field]));
    const fields: ConnectSchema[] = [];
    for (const field of base) {
      const name = field.field!;
      if (this.#row.removed.includes(name)) continue;
      fields.push(added.get(name) ?? field);
      added.delete(name);
    }
    return structOf(this.#name, [...fields, ...added.values()]);
  }
}

function checkPresent(value: unknown, name: string, topic: string): void {
  const member = (value as Readonly<Record<string, unknown>>)[name];
  if (member !== null && member !== undefined) return;
  throw new Error(
    `a row for the topic '${topic}' has no '${name}' (it is ${String(member)}), which the topic declares: set it, or ` +
      `declare optional(…)`,
  );
}

function noSchema(value: unknown, topic: string, part: RecordPart, encoding: string): Error {
  return new Error(
    `the ${part} of a record for the topic '${topic}' has no schema, and ${encoding} cannot write it without: none came ` +
      `with the record and the declaration lists no fields. List them, in changes(…, { row }) or row(…), as for this one: ${inferred(value)}`,
  );
}

/** The declaration that a value suggests, for a person to correct. */
function inferred(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return typeName(value);
  const fields = Object.entries(value).map(([name, member]) => `${name}: ${typeName(member)}`);
  return `{ ${fields.join(', ')} }`;
}

function typeName(value: unknown): string {
  switch (typeof value) {
    case 'number':
      if (!Number.isInteger(value)) return 'float64';
      return (value | 0) === value ? 'int32' : 'int64';
    case 'bigint':
      return 'int64';
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'string';
    default:
      if (value instanceof Uint8Array) return 'bytes';
      if (Array.isArray(value)) return 'array(…)';
      return value === null || value === undefined ? 'optional(…)' : 'struct(…)';
  }
}
