/**
 * Schemas in Kafka Connect's vocabulary: building, comparing and reading them.
 *
 * Source of the names and of what is required: Kafka Connect 4.3 `JsonConverter` and `org.apache.kafka.connect.data`.
 */
import type { Long } from '../cdc/change.js';
import type { ConnectSchema } from '../record.js';

/** Names that Connect and Debezium give to a type with a meaning of its own. */
export const DECIMAL = 'org.apache.kafka.connect.data.Decimal';
export const VARIABLE_SCALE_DECIMAL = 'io.debezium.data.VariableScaleDecimal';
/** The parameter in which Debezium and the JDBC sinks keep a Decimal's precision. */
export const DECIMAL_PRECISION = 'connect.decimal.precision';

declare const VALUE: unique symbol;

/** A schema that knows the JavaScript type of its values; see `docs/types.md`. */
export interface TypedSchema<T> extends ConnectSchema {
  /** For the compiler only. */
  readonly [VALUE]?: T;
}

/** Fields by name, in the order of the struct. */
export type Fields = Readonly<Record<string, TypedSchema<unknown>>>;

/** The type of a row with these fields. */
export type RowOf<F extends Fields> = {
  -readonly [Name in keyof F]: F[Name] extends TypedSchema<infer T> ? T : never;
};

function primitive<T>(type: ConnectSchema['type']): TypedSchema<T> {
  return Object.freeze({ type, optional: false });
}

/** An integer of 8 bits. */
export const int8: TypedSchema<number> = primitive('int8');
/** An integer of 16 bits: `smallint`. */
export const int16: TypedSchema<number> = primitive('int16');
/** An integer of 32 bits: `integer`, `serial`. */
export const int32: TypedSchema<number> = primitive('int32');
/** An integer of 64 bits: `bigint`. Read as a number where that is exact, otherwise as a bigint. */
export const int64: TypedSchema<Long> = primitive('int64');
/** Connect's `float`: single precision. */
export const float32: TypedSchema<number> = primitive('float');
/** Connect's `double`. */
export const float64: TypedSchema<number> = primitive('double');
/** True or false. */
export const boolean: TypedSchema<boolean> = primitive('boolean');
/** A text; exported as `text`, beside the serde `string()`. */
export const string: TypedSchema<string> = primitive('string');
/** Bytes; exported as `binary`, beside the serde `bytes()`. */
export const bytes: TypedSchema<Buffer> = primitive('bytes');

/**
 * Connect's Decimal: a number with exactly `scale` digits after the point, a string in JavaScript.
 *
 * @param precision the most digits it may have, all together; a sink makes `NUMERIC(precision, scale)` of it
 * @example
 * decimal(2, 8) // numeric(8,2), '150.00'
 */
export function decimal(scale: number, precision?: number): TypedSchema<string> {
  if (!Number.isInteger(scale)) throw new RangeError(`a decimal's scale is a whole number of digits, not ${scale}`);
  if (precision !== undefined && !(Number.isInteger(precision) && precision > 0)) {
    throw new RangeError(`a decimal's precision is a positive whole number of digits, not ${precision}`);
  }
  const parameters: Record<string, string> = { scale: String(scale) };
  if (precision !== undefined) parameters[DECIMAL_PRECISION] = String(precision);
  return Object.freeze({
    type: 'bytes',
    optional: false,
    name: DECIMAL,
    version: 1,
    parameters: Object.freeze(parameters),
  });
}

/**
 * The same type, or null.
 *
 * @example
 * row({ id: int32, tax: optional(decimal(2)) })
 */
export function optional<T>(schema: TypedSchema<T>): TypedSchema<T | null> {
  return Object.freeze({ ...schema, optional: true }) as TypedSchema<T | null>;
}

/**
 * The same type under a semantic name.
 *
 * @example
 * named('io.debezium.time.Date', int32) // days since 1970-01-01
 */
export function named<T>(name: string, schema: TypedSchema<T>, version = 1): TypedSchema<T> {
  return Object.freeze({ ...schema, name, version });
}

/**
 * An array of these.
 *
 * @example
 * row({ id: int32, tags: array(optional(text)) })
 */
export function array<T>(items: TypedSchema<T>): TypedSchema<readonly T[]> {
  return Object.freeze({ type: 'array', optional: false, items });
}

/** A map with text keys: a plain object in JavaScript. */
export function map<T>(values: TypedSchema<T>): TypedSchema<Readonly<Record<string, T>>> {
  return Object.freeze({ type: 'map', optional: false, keys: string, values });
}

/**
 * A struct.
 *
 * @param name full name with dots, as `car_database.public.car_data.Key`; undefined leaves it nameless
 * @example
 * struct('cars.Key', { id: int32 })
 */
export function struct<F extends Fields>(name: string | undefined, fields: F): TypedSchema<RowOf<F>> {
  return structOf(
    name,
    Object.entries(fields).map(([field, schema]) => fieldOf(field, schema)),
  ) as TypedSchema<RowOf<F>>;
}

/** A struct of schemas that know their field's name already. */
export function structOf(name: string | undefined, fields: readonly ConnectSchema[]): ConnectSchema {
  return Object.freeze({
    type: 'struct',
    fields: Object.freeze([...fields]),
    optional: false,
    ...(name === undefined ? {} : { name }),
  });
}

/** The schema as the field `field` of a struct. */
export function fieldOf(field: string, schema: ConnectSchema): ConnectSchema {
  return Object.freeze({ ...schema, field });
}

/** The schema of a struct's field; undefined where it has none of this name. */
export function fieldNamed(schema: ConnectSchema, field: string): ConnectSchema | undefined {
  return schema.fields?.find((candidate) => candidate.field === field);
}

/** Whether two schemas say the same, whatever the order of their properties. The order of fields counts. */
export function equalSchemas(a: ConnectSchema, b: ConnectSchema): boolean {
  if (a === b) return true;
  return (
    a.type === b.type &&
    (a.optional ?? false) === (b.optional ?? false) &&
    a.name === b.name &&
    a.version === b.version &&
    a.doc === b.doc &&
    a.field === b.field &&
    equalJson(a.default, b.default) &&
    equalJson(a.parameters, b.parameters) &&
    equalParts(a.items, b.items) &&
    equalParts(a.keys, b.keys) &&
    equalParts(a.values, b.values) &&
    equalLists(a.fields, b.fields)
  );
}

function equalParts(a: ConnectSchema | undefined, b: ConnectSchema | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalSchemas(a, b);
}

function equalLists(a: readonly ConnectSchema[] | undefined, b: readonly ConnectSchema[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((field, i) => equalSchemas(field, b[i]!));
}

function equalJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) && equalJson((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  );
}

const TYPES: ReadonlySet<string> = new Set<ConnectSchema['type']>([
  'struct',
  'array',
  'map',
  'int8',
  'int16',
  'int32',
  'int64',
  'float',
  'double',
  'boolean',
  'string',
  'bytes',
]);

/**
 * Takes a parsed JSON value as a schema: checks it and freezes it, all the way down.
 *
 * @param path where the schema stands, for the error
 * @throws Error that says which part is wrong
 */
export function readSchema(json: unknown, path = 'schema'): ConnectSchema {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error(`${path} is ${describe(json)}, not a schema: an object with a "type" was expected`);
  }
  const schema = json as Record<string, unknown>;
  if (typeof schema.type !== 'string' || !TYPES.has(schema.type)) {
    throw new Error(`${path}.type is ${describe(schema.type)}: one of ${[...TYPES].join(', ')} was expected`);
  }
  expectType(schema, 'optional', 'boolean', path);
  expectType(schema, 'name', 'string', path);
  expectType(schema, 'version', 'number', path);
  expectType(schema, 'doc', 'string', path);
  expectType(schema, 'field', 'string', path);
  readParameters(schema, path);
  for (const name of ['default', 'name', 'version', 'doc', 'parameters']) {
    if (schema[name] === null) delete schema[name];
  }
  if (schema.type === 'struct') readFields(schema, path);
  if (schema.type === 'array') readSchema(schema.items, `${path}.items`);
  if (schema.type === 'map') {
    readSchema(schema.keys, `${path}.keys`);
    readSchema(schema.values, `${path}.values`);
  }
  const read = Object.freeze(schema) as unknown as ConnectSchema;
  if (read.name === DECIMAL) decimalScale(read, path);
  return read;
}

/**
 * The digits after the point that a Decimal's schema declares.
 * @throws Error when the schema is no Decimal's or says no scale
 */
export function decimalScale(schema: ConnectSchema, path = 'schema'): number {
  const scale = schema.parameters?.scale;
  if (schema.type !== 'bytes' || scale === undefined || !/^-?\d{1,9}$/.test(scale)) {
    throw new Error(
      `${path} is a Decimal of type ${schema.type} with the scale ${describe(scale)}: a Decimal is of type bytes and has ` +
        'a whole number as the parameter "scale"',
    );
  }
  return Number(scale);
}

function expectType(schema: Record<string, unknown>, name: string, type: string, path: string): void {
  const value = schema[name];
  if (value !== undefined && value !== null && typeof value !== type) {
    throw new Error(`${path}.${name} is ${describe(value)}: a ${type} was expected`);
  }
}

function readParameters(schema: Record<string, unknown>, path: string): void {
  const { parameters } = schema;
  if (parameters === undefined || parameters === null) return;
  if (typeof parameters !== 'object' || Array.isArray(parameters)) {
    throw new Error(`${path}.parameters is ${describe(parameters)}: an object of texts was expected`);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value !== 'string') {
      throw new Error(`${path}.parameters.${name} is ${describe(value)}: a text was expected`);
    }
  }
  Object.freeze(parameters);
}

function readFields(schema: Record<string, unknown>, path: string): void {
  const { fields } = schema;
  if (!Array.isArray(fields)) throw new Error(`${path}.fields is ${describe(fields)}: a struct lists its fields`);
  const seen = new Set<string>();
  fields.forEach((field: unknown, i) => {
    const at = `${path}.fields[${i}]`;
    const { field: name } = readSchema(field, at);
    if (name === undefined) throw new Error(`${at} has no "field": every field of a struct has a name`);
    if (seen.has(name)) throw new Error(`${at} is a second field with the name '${name}'`);
    seen.add(name);
  });
  Object.freeze(fields);
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value, bigintAsText);
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
