/**
 * Values between Kafka Connect's types and JavaScript's: the one place that decides, and `docs/types.md` is its table.
 *
 * Source of the wire's side: Kafka Connect 4.3 `JsonConverter` with `decimal.format=BASE64` (NUMERIC is read too), and
 * the semantic types of Debezium 3.6.
 *
 * Both directions are compiled once for each schema object and kept as long as the object lives.
 */
import type { ConnectSchema } from '../record.js';
import { DECIMAL, DECIMAL_PRECISION, decimalScale, VARIABLE_SCALE_DECIMAL } from './connect-schema.js';
import { expected, inside, shown, wrong } from './connect-value-error.js';
import { decimalText, fromBase64, fromTwosComplement, twosComplement } from './decimal.js';
import { atScale, decimalOf, unscaledAt } from './decimal-values.js';
import { exactLong, integerBetween } from './integer-values.js';
import { beforeValues } from './json-bytes.js';
import { doubleText, stringifyJson } from './json-text.js';

// ---------------------------------------------------------------------------------------------------- reading

/** Turns what `JSON.parse` gave, never null, into the value. May change and return the same object. */
type Reader = (json: unknown) => unknown;

const readers = new WeakMap<ConnectSchema, Reader | 'as parsed'>();

/**
 * Turns parsed JSON into the value that the schema means. Objects are changed in place.
 *
 * @throws ConnectValueError naming the field
 */
export function readConnectValue(schema: ConnectSchema, json: unknown): unknown {
  if (json === null || json === undefined) return json;
  const reader = readerOf(schema);
  return reader === 'as parsed' ? json : reader(json);
}

/** Whether reading changes anything in values of this schema. */
export function converts(schema: ConnectSchema): boolean {
  return readerOf(schema) !== 'as parsed';
}

function readerOf(schema: ConnectSchema): Reader | 'as parsed' {
  let reader = readers.get(schema);
  if (reader === undefined) {
    reader = compileReader(schema);
    readers.set(schema, reader);
  }
  return reader;
}

function compileReader(schema: ConnectSchema): Reader | 'as parsed' {
  if (schema.name === DECIMAL) return decimalReader(decimalScale(schema));
  if (schema.name === VARIABLE_SCALE_DECIMAL) return readVariableScaleDecimal;
  switch (schema.type) {
    case 'bytes':
      return readBytes;
    case 'float':
    case 'double':
      return readDouble;
    case 'struct':
      return structReader(schema);
    case 'array':
      return arrayReader(schema.items!);
    case 'map':
      return mapReader(schema.keys!, schema.values!);
    default:
      return 'as parsed';
  }
}

function structReader(schema: ConnectSchema): Reader | 'as parsed' {
  const names: string[] = [];
  const convert: Reader[] = [];
  for (const field of schema.fields!) {
    const reader = readerOf(field);
    if (reader === 'as parsed') continue;
    names.push(field.field!);
    convert.push(reader);
  }
  if (names.length === 0) return 'as parsed';
  return (json) => {
    if (typeof json !== 'object' || Array.isArray(json)) throw wrong(`${shown(json)} is no struct`);
    const row = json as Record<string, unknown>;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const value = row[name];
      if (value === null || value === undefined) continue;
      try {
        row[name] = convert[i]!(value);
      } catch (error) {
        throw inside(name, error);
      }
    }
    return row;
  };
}

function arrayReader(items: ConnectSchema): Reader | 'as parsed' {
  const reader = readerOf(items);
  if (reader === 'as parsed') return reader;
  return (json) => {
    if (!Array.isArray(json)) throw wrong(`${shown(json)} is no array`);
    return json.map((item: unknown, i) => elementwise(reader, item, i));
  };
}

function mapReader(keys: ConnectSchema, values: ConnectSchema): Reader | 'as parsed' {
  const value = readerOf(values);
  if (isObjectMap(keys)) {
    if (value === 'as parsed') return value;
    return (json) => {
      if (typeof json !== 'object' || Array.isArray(json)) throw wrong(`${shown(json)} is no map with text keys`);
      return Object.fromEntries(
        Object.entries(json as object).map(([name, entry]) => [name, elementwise(value, entry, name)]),
      );
    };
  }
  const key = readerOf(keys);
  return (json) => {
    if (!Array.isArray(json)) throw wrong(`${shown(json)} is no map: a list of pairs was expected`);
    return new Map(
      json.map((entry: unknown, i) => {
        if (!Array.isArray(entry) || entry.length !== 2) throw inside(`[${i}]`, wrong('is no pair of key and value'));
        return [elementwise(key, entry[0], i), elementwise(value, entry[1], i)] as const;
      }),
    );
  };
}

function elementwise(reader: Reader | 'as parsed', value: unknown, at: number | string): unknown {
  if (reader === 'as parsed' || value === null) return value;
  try {
    return reader(value);
  } catch (error) {
    throw inside(`[${at}]`, error);
  }
}

function readBytes(json: unknown): Buffer {
  if (typeof json !== 'string') throw wrong(`${shown(json)} is no base64 text`);
  const bytes = Buffer.from(json, 'base64');
  // Node skips what is no base64; the length shows that something was skipped.
  const digits = json.length - (json.endsWith('==') ? 2 : json.endsWith('=') ? 1 : 0);
  if (json.length % 4 !== 0 || bytes.length !== (digits * 3) >> 2) throw wrong(`${shown(json)} is no base64 text`);
  return bytes;
}

function decimalReader(scale: number): Reader {
  return (json) => {
    if (typeof json === 'string') return decimalText(fromBase64(json) ?? fromTwosComplement(readBytes(json)), scale);
    if (typeof json === 'number' || typeof json === 'bigint') return numericDecimal(json, scale);
    throw wrong(`${shown(json)} is no Decimal`);
  };
}

/** A Decimal of a JsonConverter with `decimal.format=NUMERIC`: exact in a double up to 15 digits. */
function numericDecimal(json: number | bigint, scale: number): string {
  const exact = decimalOf(json);
  if (typeof json === 'number' && exact.unscaled.toString().replace('-', '').length > 15) {
    throw wrong(`the Decimal ${json} was written as a number and has lost digits: use decimal.format=BASE64`);
  }
  return decimalText(atScale(exact, scale), scale);
}

function readVariableScaleDecimal(json: unknown): string {
  const { scale, value } = (typeof json === 'object' ? json : {}) as { scale?: unknown; value?: unknown };
  if (typeof scale !== 'number' || !Number.isInteger(scale)) throw wrong(`${shown(json)} has no scale`);
  return decimalText(fromTwosComplement(readBytes(value)), scale);
}

function readDouble(json: unknown): unknown {
  if (typeof json === 'number') return json;
  if (typeof json === 'bigint') return Number(json);
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  throw wrong(`${shown(json)} is no number`);
}

// ---------------------------------------------------------------------------------------------------- writing

/** Gives the JSON text of a value that is neither null nor undefined. */
type Writer = (value: unknown) => string;

const writers = new WeakMap<ConnectSchema, Writer>();

/**
 * The JSON text of a value by its schema.
 *
 * @throws ConnectValueError naming the field, when the value does not fit
 * @example
 * connectValueText(struct('Key', { id: int32 }), { id: 1 }) // '{"id":1}'
 */
export function connectValueText(schema: ConnectSchema, value: unknown): string {
  if (value === null || value === undefined) return absentText(schema, value);
  return writerOf(schema)(value);
}

/** Null is written as null where it is allowed; what is missing, and null where it is not, as the default. */
function absentText(schema: ConnectSchema, value: null | undefined): string {
  if (schema.optional === true && (value === null || schema.default === undefined)) return 'null';
  if (schema.default !== undefined) return stringifyJson(schema.default);
  throw wrong(`${value === null ? 'is null' : 'is missing'}, and its schema is neither optional nor has it a default`);
}

function writerOf(schema: ConnectSchema): Writer {
  let writer = writers.get(schema);
  if (writer === undefined) {
    writer = compileWriter(schema);
    writers.set(schema, writer);
  }
  return writer;
}

function compileWriter(schema: ConnectSchema): Writer {
  if (schema.name === DECIMAL) return decimalWriter(schema);
  if (schema.name === VARIABLE_SCALE_DECIMAL) return writeVariableScaleDecimal;
  switch (schema.type) {
    case 'int8':
      return integerWriter('int8', -128, 127);
    case 'int16':
      return integerWriter('int16', -32_768, 32_767);
    case 'int32':
      return integerWriter('int32', -2_147_483_648, 2_147_483_647);
    case 'int64':
      return (value) => String(exactLong(value));
    case 'float':
      return writeFloat;
    case 'double':
      return writeDouble;
    case 'boolean':
      return writeBoolean;
    case 'string':
      return writeString;
    case 'bytes':
      return writeBytes;
    case 'struct':
      return structWriter(schema);
    case 'array':
      return arrayWriter(schema.items!);
    case 'map':
      return mapWriter(schema.keys!, schema.values!);
  }
}

function structWriter(schema: ConnectSchema): Writer {
  const fields = schema.fields!;
  const names = fields.map((field) => field.field!);
  const known = new Set(names);
  const prefixes = beforeValues(names);
  const convert = fields.map(writerOf);
  return (value) => {
    if (typeof value !== 'object' || Array.isArray(value) || Buffer.isBuffer(value))
      throw wrong(expected('a struct', value));
    const row = value as Record<string, unknown>;
    for (const name in row) {
      if (!known.has(name) && row[name] !== undefined) throw unknownField(schema, name);
    }
    let text = '';
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const member = row[name];
      try {
        const written = member === null || member === undefined ? absentText(fields[i]!, member) : convert[i]!(member);
        text += prefixes[i]! + written;
      } catch (error) {
        throw inside(name, error);
      }
    }
    return names.length === 0 ? '{}' : `${text}}`;
  };
}

function unknownField(schema: ConnectSchema, name: string): unknown {
  const where = schema.name === undefined ? 'the schema' : `the schema '${schema.name}'`;
  return inside(
    name,
    wrong(
      `it is in the value and not in ${where}: declare it where the topic is declared, as ` +
        `row.plus({ ${name}: … }), or leave it out of the value`,
    ),
  );
}

function arrayWriter(items: ConnectSchema): Writer {
  return (value) => {
    if (!Array.isArray(value)) throw wrong(expected('an array', value));
    return `[${value.map((item: unknown, i) => elementText(items, item, i)).join(',')}]`;
  };
}

function mapWriter(keys: ConnectSchema, values: ConnectSchema): Writer {
  if (isObjectMap(keys)) {
    return (value) => {
      if (typeof value !== 'object' || Array.isArray(value)) throw wrong(expected('a map', value));
      const entries = value instanceof Map ? [...value] : Object.entries(value as object);
      const texts = entries.map(([key, entry]: [unknown, unknown]) => {
        return `${elementText(keys, key, String(key))}:${elementText(values, entry, String(key))}`;
      });
      return `{${texts.join(',')}}`;
    };
  }
  return (value) => {
    if (!(value instanceof Map)) throw wrong(expected('a Map', value));
    const pairs = [...value].map(
      ([key, entry], i) => `[${elementText(keys, key, i)},${elementText(values, entry, i)}]`,
    );
    return `[${pairs.join(',')}]`;
  };
}

function elementText(schema: ConnectSchema, value: unknown, at: number | string): string {
  try {
    return connectValueText(schema, value);
  } catch (error) {
    throw inside(`[${at}]`, error);
  }
}

function integerWriter(type: string, least: number, most: number): Writer {
  const checked = integerBetween(type, least, most);
  return (value) => String(checked(value));
}

function writeDouble(value: unknown): string {
  if (typeof value !== 'number') throw wrong(expected('a number', value));
  // As JsonConverter writes what JSON has no number for.
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : doubleText(value);
}

function writeFloat(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    throw wrong(`${value} is out of the range of float`);
  }
  return writeDouble(value);
}

function writeBoolean(value: unknown): string {
  if (typeof value !== 'boolean') throw wrong(expected('a boolean', value));
  return value ? 'true' : 'false';
}

function writeString(value: unknown): string {
  if (typeof value !== 'string') throw wrong(expected('a string', value));
  return JSON.stringify(value);
}

function writeBytes(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw wrong(expected('a Buffer', value));
  return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`;
}

function decimalWriter(schema: ConnectSchema): Writer {
  const precision = schema.parameters?.[DECIMAL_PRECISION];
  const unscaled = unscaledAt(decimalScale(schema), precision === undefined ? undefined : Number(precision));
  return (value) => `"${twosComplement(unscaled(value)).toString('base64')}"`;
}

function writeVariableScaleDecimal(value: unknown): string {
  const { unscaled, scale } = decimalOf(value);
  return `{"scale":${scale},"value":"${twosComplement(unscaled).toString('base64')}"}`;
}

/** As in `JsonConverter`: a JSON object for text keys that are never null, otherwise a list of pairs. */
function isObjectMap(keys: ConnectSchema): boolean {
  return keys.type === 'string' && keys.optional !== true;
}
