/**
 * avsc's types for our schemas: longs are exact, collections believe no size, records are plain objects.
 */
import avsc, { type Schema, type Type } from 'avsc';
import { asError } from '../../errors.js';
import type { AvroNode } from './avro-schema.js';
import { BoundedArray, BoundedMap } from './bounded-collections.js';
import { EXACT_LONG } from './exact-long.js';
import { AvroSchemaError } from './read-avro-schema.js';
import { avroSchemaJson } from './write-avro-schema.js';

type Options = NonNullable<Parameters<typeof avsc.Type.forSchema>[1]>;

/** How avsc is to make avsc.types. Not frozen: avsc keeps the names that it has met in its own copy. */
export function avscOptions(): Options {
  const hooks = new WeakSet<object>();
  return {
    omitRecordMethods: true,
    typeHook(schema, given) {
      if (schema === 'long' || (isObject(schema) && schema.type === 'long')) return EXACT_LONG;
      if (typeof schema !== 'object' || hooks.has(schema)) return undefined;
      hooks.add(schema);
      // Which branch a number is of cannot be seen in the number.
      if (Array.isArray(schema)) return numbersOf(schema) > 1 ? wrapped(schema, given) : undefined;
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
    const type = avsc.Type.forSchema(avroSchemaJson(node) as Schema, avscOptions());
    makePlain(type, new Set());
    return type;
  } catch (thrown) {
    throw new AvroSchemaError(`the schema cannot be used: ${asError(thrown).message}`, { cause: thrown });
  }
}

function wrapped(schema: Schema, options: Options): Type {
  const before = options.wrapUnions;
  options.wrapUnions = 'always';
  try {
    return avsc.Type.forSchema(schema, options);
  } finally {
    if (before === undefined) delete options.wrapUnions;
    else options.wrapUnions = before;
  }
}

const NUMBERS: ReadonlySet<unknown> = new Set(['int', 'long', 'float', 'double']);

function numbersOf(union: readonly unknown[]): number {
  return union.filter((branch) => NUMBERS.has(isObject(branch) ? branch.type : branch)).length;
}

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
