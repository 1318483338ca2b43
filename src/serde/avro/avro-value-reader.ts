/**
 * What avsc has read, as the values that `docs/types.md` says: decimals are texts, maps with other keys are Maps.
 *
 * Compiled once for each schema. A union of more than null and one type is left as avsc has it.
 */
import { inside } from '../connect-value-error.js';
import { decimalText, fromTwosComplement } from '../decimal.js';
import { type AvroNode, type AvroRecord, nonNullBranch } from './avro-schema.js';
import { mapEntry } from './map-entry.js';
import { isVariableScaleDecimal, scaleOfDecimal } from './to-connect.js';

/** Converts a value that is not null. May change and return the same object. */
type Convert = (value: unknown) => unknown;

type Compiled = Convert | 'as it is';

const readers = new WeakMap<AvroNode, { compiled: Compiled | undefined }>();

/** Turns what avsc read into the value that the schema means; objects are changed in place. */
export function avroValueReader(node: AvroNode): Convert {
  const reader = readerOf(node);
  return reader === 'as it is' ? (value) => value : (value) => (value === null ? null : reader(value));
}

function readerOf(node: AvroNode): Compiled {
  const known = readers.get(node);
  if (known !== undefined) {
    // Undefined: a record that contains itself is met again while it is compiled.
    return known.compiled ?? ((value) => (known.compiled === 'as it is' ? value : known.compiled!(value)));
  }
  const entry: { compiled: Compiled | undefined } = { compiled: undefined };
  readers.set(node, entry);
  entry.compiled = compileReader(node);
  return entry.compiled;
}

function compileReader(node: AvroNode): Compiled {
  const scale = scaleOfDecimal(node);
  if (scale !== undefined) return (bytes) => decimalText(fromTwosComplement(bytes as Buffer), scale);
  switch (node.kind) {
    case 'union': {
      const branch = nonNullBranch(node);
      return branch === undefined ? 'as it is' : readerOf(branch);
    }
    case 'array': {
      const entry = mapEntry(node.items);
      return entry === undefined ? itemsReader(node.items) : mapReader(entry.key, entry.value);
    }
    case 'map':
      return valuesReader(node.values);
    case 'record':
      return isVariableScaleDecimal(node) ? readVariableScaleDecimal : recordReader(node);
    default:
      return 'as it is';
  }
}

function recordReader(node: AvroRecord): Compiled {
  const names: string[] = [];
  const convert: Convert[] = [];
  for (const { name, type } of node.fields) {
    const reader = readerOf(type);
    if (reader === 'as it is') continue;
    names.push(name);
    convert.push(reader);
  }
  if (names.length === 0) return 'as it is';
  return (value) => {
    const record = value as Record<string, unknown>;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const member = record[name];
      if (member === null) continue;
      try {
        record[name] = convert[i]!(member);
      } catch (error) {
        throw inside(name, error);
      }
    }
    return record;
  };
}

function itemsReader(items: AvroNode): Compiled {
  const reader = readerOf(items);
  if (reader === 'as it is') return reader;
  return (value) => (value as readonly unknown[]).map((item) => (item === null ? null : reader(item)));
}

function valuesReader(values: AvroNode): Compiled {
  const reader = readerOf(values);
  if (reader === 'as it is') return reader;
  return (value) => {
    const map = value as Record<string, unknown>;
    for (const name of Object.keys(map)) if (map[name] !== null) map[name] = reader(map[name]);
    return map;
  };
}

function mapReader(keys: AvroNode, values: AvroNode): Convert {
  const key = avroValueReader(keys);
  const value = avroValueReader(values);
  return (entries) =>
    new Map(
      (entries as readonly { key: unknown; value: unknown }[]).map((entry) => [key(entry.key), value(entry.value)]),
    );
}

function readVariableScaleDecimal(value: unknown): string {
  const { scale, value: unscaled } = value as { readonly scale: number; readonly value: Buffer };
  return decimalText(fromTwosComplement(unscaled), scale);
}
