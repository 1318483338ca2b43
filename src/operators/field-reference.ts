/**
 * References to fields of a change, as Debezium's `add.fields` and `add.headers` write them: `op`, `source.ts_ms`,
 * `lsn:position`.
 *
 * Source: Debezium 3.6, `io.debezium.transforms.AbstractExtractNewRecordState.FieldReference`.
 */
import { type Change, isUnavailable } from '../cdc/change.js';
import { ConfigurationError } from '../errors.js';
import type { ConnectSchema } from '../record.js';
import { fieldNamed } from '../serde/connect-schema.js';

/** The structs of a change that fields can be taken from; undefined stands for the change itself. */
type Struct = 'before' | 'after' | 'source' | 'transaction' | undefined;

const STRUCTS: readonly unknown[] = ['before', 'after', 'source', 'transaction'] satisfies Struct[];

/** One field of a change, and what it is called outside of it. */
export interface FieldReference {
  readonly struct: Struct;
  readonly field: string;
  /** With the prefix. */
  readonly name: string;
}

/** Where bare names are looked for first; what is not here is looked for in `source`. */
const PLACES: Readonly<Record<string, Struct>> = {
  op: undefined,
  ts_ms: undefined,
  ts_us: undefined,
  ts_ns: undefined,
  id: 'transaction',
  total_order: 'transaction',
  data_collection_order: 'transaction',
};

/**
 * Reads the references of an option.
 *
 * @param option its name, for errors
 * @throws ConfigurationError when an entry is none, or two of them have one name
 */
export function fieldReferences(option: string, entries: readonly string[], prefix: string): readonly FieldReference[] {
  const names = new Set<string>();
  return entries.map((entry) => {
    const reference = parse(option, entry.trim(), prefix);
    if (names.has(reference.name)) {
      throw refused(option, entry, `another entry is called '${reference.name}' too: rename one, as 'lsn:position'`);
    }
    names.add(reference.name);
    return reference;
  });
}

function parse(option: string, entry: string, prefix: string): FieldReference {
  const [, before, last, rename] = REFERENCE.exec(entry) ?? [];
  if (last === undefined) {
    throw refused(option, entry, "an entry is 'field', 'struct.field' or one of the two with a new name, 'field:name'");
  }
  if (before !== undefined && !STRUCTS.includes(before)) {
    throw refused(option, entry, `a change has no struct '${before}': it has ${STRUCTS.join(', ')}`);
  }
  const struct = before === undefined && Object.hasOwn(PLACES, last) ? PLACES[last] : (before ?? 'source');
  return Object.freeze({
    struct: struct as Struct,
    field: last,
    name: prefix + (rename ?? (before === undefined ? last : `${before}_${last}`)),
  });
}

const REFERENCE = /^(?:([^.:,]+)\.)?([^.:,]+)(?::([^:,]+))?$/;

function refused(option: string, entry: string, why: string): ConfigurationError {
  return new ConfigurationError(`${option} of unwrap() has '${entry}': ${why}`, option);
}

/** What a reference leads to in one change. */
export interface Found {
  readonly value: unknown;
  /** Undefined where the change came without a schema. */
  readonly schema: ConnectSchema | undefined;
}

/**
 * Looks a field up in its struct and, where that has none of the name, in the change itself, where transformations put
 * theirs. Undefined when the change has no such field. A transaction that is null has all fields, as null.
 */
export function find(
  { struct, field }: FieldReference,
  change: Change<unknown>,
  schema?: ConnectSchema,
): Found | undefined {
  const holder = (struct === undefined ? change : change[struct]) as
    | Readonly<Record<string, unknown>>
    | null
    | undefined;
  if (schema !== undefined) {
    const parent = struct === undefined ? schema : fieldNamed(schema, struct);
    const inside = parent && fieldNamed(parent, field);
    if (inside !== undefined) return { value: known(holder?.[field]), schema: inside };
    const beside = fieldNamed(schema, field);
    return beside && { value: known((change as unknown as Readonly<Record<string, unknown>>)[field]), schema: beside };
  }
  if (holder === null || holder === undefined) return { value: null, schema: undefined };
  if (field in holder) return { value: known(holder[field]), schema: undefined };
  return field in change
    ? { value: (change as unknown as Readonly<Record<string, unknown>>)[field], schema: undefined }
    : undefined;
}

/** Debezium's stand-in for a value that was not logged goes nowhere. */
function known(value: unknown): unknown {
  return value === undefined || isUnavailable(value) ? null : value;
}
