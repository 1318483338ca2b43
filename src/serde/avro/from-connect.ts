/**
 * Connect's schemas in Avro, as Connect's converters write them.
 *
 * Source: Confluent's `AvroData.fromConnectSchema`; the schemas that a real Debezium registered, in
 * `test/fixtures/debezium-3.6/avro-schemas.jsonl`.
 */
import type { ConnectSchema } from '../../record.js';
import { DECIMAL, DECIMAL_PRECISION, decimalScale, equalSchemas } from '../connect-schema.js';
import { problemOfDefault } from './avro-default.js';
import type { AvroField, AvroNode, AvroRecord } from './avro-schema.js';
import { avroDefault } from './connect-default.js';
import {
  CONNECT_DEFAULT,
  CONNECT_DOC,
  CONNECT_INTERNAL_TYPE,
  CONNECT_NAME,
  CONNECT_PARAMETERS,
  CONNECT_TYPE,
  CONNECT_VERSION,
  LOGICAL_TIMES,
  MAP_ENTRY,
  NAMELESS_ENTRY,
  NAMELESS_STRUCT,
  UNSAID_PRECISION,
} from './connect-properties.js';

/**
 * The schema in Avro.
 *
 * Whether the value itself may be null is left out: null is written as null bytes.
 *
 * @throws Error for a field whose name Avro does not allow
 */
export function avroSchemaOf(schema: ConnectSchema): AvroNode {
  return new Conversion().type(schema, '');
}

class Conversion {
  /** Structs by the name that they got in Avro. */
  readonly #structs = new Map<string, { readonly schema: ConnectSchema; readonly node: AvroRecord }>();

  type(schema: ConnectSchema, path: string): AvroNode {
    switch (schema.type) {
      case 'struct':
        return this.#struct(schema, path);
      case 'array':
        return {
          kind: 'array',
          items: this.#member(schema.items!, `${path}[]`),
          attributes: connectAttributes(schema),
        };
      case 'map':
        return this.#map(schema, path);
      default:
        return primitive(schema);
    }
  }

  /** A part of another schema: with null beside it where it is optional. */
  #member(schema: ConnectSchema, path: string): AvroNode {
    return orNull(this.type(schema, path), schema, defaultOf(schema) !== undefined);
  }

  #map(schema: ConnectSchema, path: string): AvroNode {
    const values = schema.values!;
    if (schema.keys!.type === 'string' && schema.keys!.optional !== true) {
      return { kind: 'map', values: this.#member(values, `${path}{}`), attributes: connectAttributes(schema) };
    }
    const fields: AvroField[] = [];
    const entry: AvroRecord = {
      kind: 'record',
      name: this.#free(schema.name === undefined ? NAMELESS_ENTRY : avroName(schema.name)),
      aliases: [],
      doc: undefined,
      fields,
      attributes: { [CONNECT_INTERNAL_TYPE]: MAP_ENTRY },
    };
    // Before its fields: an entry inside it gets another name.
    this.#structs.set(entry.name, { schema, node: entry });
    fields.push(this.#field({ ...schema.keys!, field: 'key' }, `${path}{}`));
    fields.push(this.#field({ ...values, field: 'value' }, `${path}{}`));
    return { kind: 'array', items: entry, attributes: connectAttributes(schema) };
  }

  #struct(schema: ConnectSchema, path: string): AvroNode {
    const wanted = schema.name === undefined ? NAMELESS_STRUCT : avroName(schema.name);
    const known = this.#structs.get(wanted);
    if (known !== undefined && sameStruct(known.schema, schema)) return known.node;
    const fields: AvroField[] = [];
    const node: AvroRecord = {
      kind: 'record',
      name: this.#free(wanted),
      aliases: [],
      doc: schema.doc,
      fields,
      attributes: connectAttributes(schema),
    };
    this.#structs.set(node.name, { schema, node });
    for (const field of schema.fields!) fields.push(this.#field(field, path));
    return node;
  }

  #field(schema: ConnectSchema, path: string): AvroField {
    const name = schema.field!;
    const at = path === '' ? name : `${path}.${name}`;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new Error(
        `the field '${at}' cannot be written as Avro, whose names begin with a letter or _ and go on with letters, ` +
          'digits and _: rename the column, or use the encoding connect-json',
      );
    }
    const type = this.type(schema, at);
    const given = avroDefault(schema, defaultOf(schema));
    // A default in Avro cannot have values under elements that may be null; it stays in connect.default.
    const hasDefault = given !== null && problemOfDefault(type, given) === undefined;
    return {
      name,
      aliases: [],
      type: orNull(type, schema, hasDefault),
      default: hasDefault ? given : schema.optional === true ? null : undefined,
      doc: schema.type === 'struct' ? undefined : schema.doc,
      order: undefined,
      attributes: {},
    };
  }

  /** A name that no other struct has: the second of its name gets a 2. */
  #free(name: string): string {
    let free = name;
    for (let n = 2; this.#structs.has(free); n++) free = `${name}${n}`;
    return free;
  }
}

/** The type of a default comes first. */
function orNull(type: AvroNode, { optional }: ConnectSchema, hasDefault: boolean): AvroNode {
  if (optional !== true) return type;
  return { kind: 'union', branches: hasDefault ? [type, NULL] : [NULL, type] };
}

const NULL: AvroNode = Object.freeze({ kind: 'null', attributes: Object.freeze({}) });

const KINDS = {
  int8: 'int',
  int16: 'int',
  int32: 'int',
  int64: 'long',
  float: 'float',
  double: 'double',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
} as const;

function primitive(schema: ConnectSchema): AvroNode {
  const kind = KINDS[schema.type as keyof typeof KINDS];
  const narrow = schema.type === 'int8' || schema.type === 'int16' ? { [CONNECT_TYPE]: schema.type } : {};
  if (schema.name === DECIMAL) {
    const precision = Number(schema.parameters?.[DECIMAL_PRECISION] ?? UNSAID_PRECISION);
    const attributes = { scale: decimalScale(schema), precision, ...connectAttributes(schema), logicalType: 'decimal' };
    return { kind, attributes };
  }
  const time = LOGICAL_TIMES.find(({ connect, on }) => schema.name === connect && kind === on);
  const logical = time === undefined ? {} : { logicalType: time.logicalType };
  return { kind, attributes: { ...narrow, ...connectAttributes(schema), ...logical } };
}

function connectAttributes(schema: ConnectSchema): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  if (schema.doc !== undefined) attributes[CONNECT_DOC] = schema.doc;
  if (schema.version !== undefined) attributes[CONNECT_VERSION] = schema.version;
  if (schema.parameters !== undefined) attributes[CONNECT_PARAMETERS] = schema.parameters;
  const given = defaultOf(schema);
  if (given !== undefined) attributes[CONNECT_DEFAULT] = avroDefault(schema, given);
  if (schema.name !== undefined) attributes[CONNECT_NAME] = schema.name;
  return attributes;
}

/** The default; undefined also for NaN and the infinities, texts in Connect's JSON, which Avro takes for no number. */
function defaultOf({ type, default: given }: ConnectSchema): unknown {
  if ((type === 'float' || type === 'double') && typeof given === 'string') return undefined;
  return given ?? undefined;
}

/** A name of Connect, which may be any text, as Avro allows it. The whole name stays in `connect.name`. */
function avroName(name: string): string {
  return name
    .split('.')
    .filter((part) => part !== '')
    .map((part) => part.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_'))
    .join('.');
}

/** Whether one definition serves both: where they stand, and whether they may be null there, is no part of it. */
function sameStruct(a: ConnectSchema, b: ConnectSchema): boolean {
  const { field: _a, optional: _b, ...left } = a;
  const { field: _c, optional: _d, ...right } = b;
  return equalSchemas(left, right);
}
