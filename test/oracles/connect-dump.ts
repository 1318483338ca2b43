/** Values of Connect as JSON that loses nothing; `ConnectValues.java` writes the same. */
import type { ConnectSchema } from '../../src/record.js';
import { DECIMAL, VARIABLE_SCALE_DECIMAL } from '../../src/serde/connect-schema.js';
import { readConnectValue } from '../../src/serde/connect-values.js';
import { bits } from './double-bits.js';

/**
 * Longs and times are texts, doubles their bits, bytes base64, maps lists of pairs.
 *
 * @param double its bits, as who is asked sees them
 */
export function dump(schema: ConnectSchema, value: unknown, double: (value: number) => string = bits): unknown {
  if (value === null) return null;
  if (schema.name === DECIMAL || schema.name === VARIABLE_SCALE_DECIMAL) return value;
  const inside = (part: ConnectSchema, each: unknown) => dump(part, each, double);
  switch (schema.type) {
    case 'boolean':
    case 'string':
      return value;
    case 'float':
      return double(Math.fround(value as number));
    case 'double':
      return double(value as number);
    case 'bytes':
      return (value as Buffer).toString('base64');
    case 'array':
      return (value as readonly unknown[]).map((item) => inside(schema.items!, item));
    case 'map':
      return (value instanceof Map ? [...value] : Object.entries(value as object)).map(([key, entry]) => [
        inside(schema.keys!, key),
        inside(schema.values!, entry),
      ]);
    case 'struct':
      return Object.fromEntries(
        schema.fields!.map((field) => [field.field, inside(field, memberOf(field, value as Record<string, unknown>))]),
      );
    default:
      return String(value);
  }
}

/** What is missing is written as its default. */
function memberOf(field: ConnectSchema, row: Readonly<Record<string, unknown>>): unknown {
  const name = field.field!;
  if (name in row) return row[name];
  return readConnectValue(field, structuredClone(field.default)) ?? null;
}
