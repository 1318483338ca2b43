/**
 * Values of `docs/types.md` as avsc writes them.
 *
 * V1. What is refused when a value is written as JSON is refused here, in the same words.
 * V2. Compiled once for each schema.
 * V3. A union of more than null and one type is left as avsc has it.
 */
import { expected, inside, shown, wrong } from '../connect-value-error.js';
import { twosComplement } from '../decimal.js';
import { decimalOf, unscaledAt } from '../decimal-values.js';
import { exactLong, integerBetween } from '../integer-values.js';
import { type AvroField, type AvroNode, type AvroRecord, nonNullBranch } from './avro-schema.js';
import { CONNECT_TYPE, UNSAID_PRECISION } from './connect-properties.js';
import { mapEntry } from './map-entry.js';
import { isVariableScaleDecimal, scaleOfDecimal } from './to-connect.js';

/** Converts a value that is not null. */
type Convert = (value: unknown) => unknown;

const writers = new WeakMap<AvroNode, { compiled: Convert | undefined }>();

/**
 * Turns a value into what avsc writes.
 *
 * @returns a function that throws a ConnectValueError naming the field that does not fit
 */
export function avroValueWriter(node: AvroNode): Convert {
  const known = writers.get(node);
  if (known !== undefined) return known.compiled ?? ((value) => known.compiled!(value));
  const entry: { compiled: Convert | undefined } = { compiled: undefined };
  writers.set(node, entry);
  entry.compiled = compileWriter(node);
  return entry.compiled;
}

function compileWriter(node: AvroNode): Convert {
  const decimal = decimalWriter(node);
  if (decimal !== undefined) return decimal;
  switch (node.kind) {
    case 'null':
      return (value) => (value === null ? null : refuse('null', value));
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : refuse('a boolean', value));
    case 'int':
      return intWriter(node.attributes[CONNECT_TYPE]);
    case 'long':
      return exactLong;
    case 'float':
      return writeFloat;
    case 'double':
      return writeDouble;
    case 'string':
      return (value) => (typeof value === 'string' ? value : refuse('a string', value));
    case 'bytes':
      return writeBytes;
    case 'fixed':
      return fixedWriter(node.size);
    case 'enum':
      return enumWriter(new Set(node.symbols));
    case 'union':
      return unionWriter(nonNullBranch(node));
    case 'array': {
      const entry = mapEntry(node.items);
      return entry === undefined ? arrayWriter(node.items) : entriesWriter(entry.key, entry.value);
    }
    case 'map':
      return mapWriter(node.values);
    case 'record':
      return isVariableScaleDecimal(node) ? writeVariableScaleDecimal : recordWriter(node);
  }
}

function recordWriter(node: AvroRecord): Convert {
  const { fields } = node;
  const known = new Set(fields.map(({ name }) => name));
  const convert = fields.map(fieldWriter);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || Buffer.isBuffer(value)) {
      return refuse('a struct', value);
    }
    const row = value as Readonly<Record<string, unknown>>;
    for (const name in row) {
      if (!known.has(name) && row[name] !== undefined) throw unknownField(node.name, name);
    }
    const written: Record<string, unknown> = {};
    for (let i = 0; i < fields.length; i++) {
      const { name } = fields[i]!;
      try {
        written[name] = convert[i]!(row[name]);
      } catch (error) {
        throw inside(name, error);
      }
    }
    return written;
  };
}

/** What is missing, and null where it is not allowed, is written as the default: avsc does that for undefined. */
function fieldWriter({ type, default: fallback }: AvroField): Convert {
  const writer = avroValueWriter(type);
  const nullable = type.kind === 'null' || (type.kind === 'union' && type.branches.some(({ kind }) => kind === 'null'));
  const hasDefault = fallback !== undefined;
  return (value) => {
    if (value !== null && value !== undefined) return writer(value);
    if (value === null && nullable) return null;
    if (hasDefault) return undefined;
    if (nullable) return null;
    throw wrong(
      `${value === null ? 'is null' : 'is missing'}, and its schema is neither optional nor has it a default`,
    );
  };
}

function unknownField(schema: string, name: string): unknown {
  return inside(
    name,
    wrong(
      `it is in the value and not in the schema '${schema}': declare it where the topic is declared, as ` +
        `row.plus({ ${name}: … }), or leave it out of the value`,
    ),
  );
}

function unionWriter(branch: AvroNode | undefined): Convert {
  if (branch === undefined) return (value) => value;
  const writer = avroValueWriter(branch);
  return (value) => (value === null || value === undefined ? null : writer(value));
}

function arrayWriter(items: AvroNode): Convert {
  const writer = avroValueWriter(items);
  return (value) => {
    if (!Array.isArray(value)) return refuse('an array', value);
    return value.map((item: unknown, i) => at(i, () => writer(item)));
  };
}

function mapWriter(values: AvroNode): Convert {
  const writer = avroValueWriter(values);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('a map', value);
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, entry]: [unknown, unknown]) => {
        if (typeof key !== 'string') return refuse('a text as the key of a map', key);
        return [key, at(key, () => writer(entry))];
      }),
    );
  };
}

function entriesWriter(keys: AvroNode, values: AvroNode): Convert {
  const writeKey = avroValueWriter(keys);
  const writeValue = avroValueWriter(values);
  return (value) => {
    if (!(value instanceof Map)) return refuse('a Map', value);
    return [...value].map(([key, entry], i) => ({
      key: at(i, () => writeKey(key)),
      value: at(i, () => writeValue(entry)),
    }));
  };
}

function at<T>(place: number | string, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw inside(`[${place}]`, error);
  }
}

const INTEGERS = {
  int8: integerBetween('int8', -128, 127),
  int16: integerBetween('int16', -32_768, 32_767),
  int32: integerBetween('int32', -2_147_483_648, 2_147_483_647),
};

function intWriter(narrow: unknown): Convert {
  return narrow === 'int8' || narrow === 'int16' ? INTEGERS[narrow] : INTEGERS.int32;
}

function writeDouble(value: unknown): number {
  return typeof value === 'number' ? value : refuse('a number', value);
}

function writeFloat(value: unknown): number {
  const number = writeDouble(value);
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number)))
    throw wrong(`${number} is out of the range of float`);
  return number;
}

function writeBytes(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (!(value instanceof Uint8Array)) return refuse('a Buffer', value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function fixedWriter(size: number): Convert {
  return (value) => {
    const bytes = writeBytes(value);
    if (bytes.length !== size) throw wrong(`it has ${bytes.length} bytes, and its schema says ${size}`);
    return bytes;
  };
}

function enumWriter(symbols: ReadonlySet<string>): Convert {
  return (value) => {
    if (typeof value === 'string' && symbols.has(value)) return value;
    return refuse(`one of ${[...symbols].join(', ')}`, value);
  };
}

function decimalWriter(node: AvroNode): Convert | undefined {
  const scale = scaleOfDecimal(node);
  if (scale === undefined || !('attributes' in node)) return undefined;
  const { precision } = node.attributes;
  const unscaled = unscaledAt(
    scale,
    typeof precision === 'number' && precision !== UNSAID_PRECISION ? precision : undefined,
  );
  if (node.kind !== 'fixed') return (value) => twosComplement(unscaled(value));
  return (value) => {
    const bytes = twosComplement(unscaled(value));
    if (bytes.length > node.size) throw wrong(`${shown(value)} does not fit the ${node.size} bytes of its schema`);
    return Buffer.concat([Buffer.alloc(node.size - bytes.length, bytes[0]! & 0x80 ? 0xff : 0), bytes]);
  };
}

function writeVariableScaleDecimal(value: unknown): unknown {
  const { unscaled, scale } = decimalOf(value);
  return { scale, value: twosComplement(unscaled) };
}

function refuse(what: string, value: unknown): never {
  throw wrong(expected(what, value));
}
