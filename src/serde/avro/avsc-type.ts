/**
 * avsc's types for our schemas: longs are exact, texts are not made twice, collections believe no size, records are plain objects.
 */
import avsc, { type Schema, type Type } from 'avsc';
import { asError } from '../../errors.js';
import { wholeDefault } from './avro-default.js';
import type { AvroNode } from './avro-schema.js';
import { BoundedArray, BoundedMap } from './bounded-collections.js';
import { EXACT_LONG } from './exact-long.js';
import { MatchingUnion, MatchingWrappedUnion } from './matching-unions.js';
import { AvroSchemaError } from './read-avro-schema.js';
import { REPEATED_TEXT } from './repeated-text.js';
import { ROUNDED_DOUBLE, ROUNDED_FLOAT } from './rounded-floats.js';
import { avroSchemaJson } from './write-avro-schema.js';

type Options = NonNullable<Parameters<typeof avsc.Type.forSchema>[1]>;

const OWN_TYPES: ReadonlyMap<unknown, Type> = new Map<unknown, Type>([
  ['long', EXACT_LONG],
  ['float', ROUNDED_FLOAT],
  ['double', ROUNDED_DOUBLE],
  ['string', REPEATED_TEXT],
]);

/** How avsc is to make types. Not frozen: avsc keeps the names that it has met in its own copy. */
export function avscOptions(): Options {
  const hooks = new WeakSet<object>();
  return {
    omitRecordMethods: true,
    typeHook(schema, given) {
      const own = OWN_TYPES.get(isObject(schema) ? schema.type : schema);
      if (own !== undefined) return own;
      if (typeof schema !== 'object' || hooks.has(schema)) return undefined;
      hooks.add(schema);
      if (Array.isArray(schema)) return unionOf(schema, given);
      if (isObject(schema) && schema.type === 'array')
        return new BoundedArray(schema as Schema, given) as unknown as Type;
      if (isObject(schema) && schema.type === 'map') return new BoundedMap(schema as Schema, given) as unknown as Type;
      return undefined;
    },
  };
}

/**
 * @throws AvroSchemaError for a schema that avsc does not take
 */
export function avscType(node: AvroNode): Type {
  try {
    // avsc takes the defaults of a record's fields for values of JSON, which the bytes among them are not.
    const json = avroSchemaJson(node, (field) => wholeDefault(field.type, field.default));
    const type = avsc.Type.forSchema(json as Schema, avscOptions());
    makePlain(type, new Set());
    return type;
  } catch (thrown) {
    throw new AvroSchemaError(`the schema cannot be used: ${asError(thrown).message}`, { cause: thrown });
  }
}

function unionOf(schema: readonly Schema[], options: Options): Type {
  const branches = schema.map((branch) => avsc.Type.forSchema(branch, options));
  const buckets = new Set(branches.map(({ typeName }) => BUCKETS[typeName] ?? typeName));
  const Union = buckets.size < branches.length ? MatchingWrappedUnion : MatchingUnion;
  return new Union(branches as unknown as Schema, options) as unknown as Type;
}

/** Types whose values look the same. */
const BUCKETS: Readonly<Record<string, string>> = {
  int: 'number',
  'abstract:long': 'number',
  float: 'number',
  double: 'number',
  fixed: 'bytes',
  enum: 'string',
  record: 'map',
  error: 'map',
};

function isObject(schema: unknown): schema is { readonly type?: unknown } {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema);
}

/** Lets records be made as plain objects: avsc makes them by a constructor of its own. */
function makePlain(type: Type, seen: Set<Type>): void {
  if (seen.has(type)) return;
  seen.add(type);
  if (type instanceof avsc.types.RecordType) {
    (type.recordConstructor as { prototype: object }).prototype = Object.prototype;
    for (const field of type.fields) makePlain(field.type, seen);
  } else if (type instanceof avsc.types.ArrayType) {
    makePlain(type.itemsType, seen);
  } else if (type instanceof avsc.types.MapType) {
    makePlain(type.valuesType as Type, seen);
  } else if (type instanceof avsc.types.UnwrappedUnionType || type instanceof avsc.types.WrappedUnionType) {
    for (const branch of type.types) makePlain(branch, seen);
  }
}
