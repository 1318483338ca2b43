/** The schema of a row, from the schema of its envelope. Schemas are cached by identity: serdes compile them once. */
import type { ConnectSchema } from '../record.js';

/** A value, and the schema that describes it; undefined where it came without one. */
export interface Described<T> {
  readonly value: T;
  readonly schema: ConnectSchema | undefined;
}

const rowSchemas = new WeakMap<ConnectSchema, ConnectSchema>();
const narrowed = new WeakMap<ConnectSchema, Map<string, ConnectSchema>>();

/** Ways to narrow one schema that are kept; beyond that they are forgotten all at once. */
const MOST_NARROWED = 64;

/** The schema of `after`, without its place in the envelope; undefined when the envelope's does not say. */
export function rowSchemaOf(envelope: ConnectSchema | undefined): ConnectSchema | undefined {
  if (envelope === undefined) return undefined;
  let row = rowSchemas.get(envelope);
  if (row === undefined) {
    const after = envelope.fields?.find(({ field }) => field === 'after');
    if (after === undefined) return undefined;
    const { field: _place, ...schema } = after;
    row = Object.freeze(schema);
    rowSchemas.set(envelope, row);
  }
  return row;
}

/** A row's schema without some of its columns. */
export function withoutColumns(row: ConnectSchema, columns: readonly string[]): ConnectSchema {
  let known = narrowed.get(row);
  if (known === undefined) {
    known = new Map();
    narrowed.set(row, known);
  }
  const name = JSON.stringify(columns);
  let schema = known.get(name);
  if (schema === undefined) {
    schema = Object.freeze({
      ...row,
      fields: Object.freeze((row.fields ?? []).filter(({ field }) => field === undefined || !columns.includes(field))),
    });
    if (known.size >= MOST_NARROWED) known.clear();
    known.set(name, schema);
  }
  return schema;
}

/** A row's schema with more fields behind its own. A new object each time: who adds fields keeps it. */
export function withFields(row: ConnectSchema, fields: readonly ConnectSchema[]): ConnectSchema {
  return Object.freeze({ ...row, fields: Object.freeze([...(row.fields ?? []), ...fields]) });
}
