/** Debezium's `add.fields`: fields of a change on its row, in the value and in the schema. */
import type { Change, Source, TransactionBlock } from '../cdc/change.js';
import type { ConnectSchema } from '../record.js';
import { fieldOf, optional } from '../serde/connect-schema.js';
import { type FieldReference, find } from './field-reference.js';
import { type Described, withFields } from './row-schema.js';

/** A row in the making. */
export type NewRow = Described<Record<string, unknown>>;

/** Adds fields to rows. One for each place that adds them, since it keeps the schemas that it has made. */
export class AddedFields {
  readonly #references: readonly FieldReference[];
  /** By the row's schema, of which there is one for each envelope's. */
  readonly #schemas = new WeakMap<ConnectSchema, ConnectSchema>();

  constructor(references: readonly FieldReference[]) {
    this.#references = references;
  }

  /**
   * Adds the fields that the change has, and leaves out the others. What is added may always be null in the schema.
   *
   * @param row its value is changed
   * @param envelope the schema of the change
   * @throws Error when the row has a field of such a name already
   */
  addTo(row: NewRow, change: Change<unknown>, envelope: ConnectSchema | undefined): NewRow {
    const { value, schema } = row;
    const known = schema && this.#schemas.get(schema);
    const fields: ConnectSchema[] = [];
    for (const reference of this.#references) {
      const found = find(reference, change, envelope);
      if (found === undefined) continue;
      const { name } = reference;
      if (Object.hasOwn(value, name)) throw taken(name, change);
      value[name] = found.value;
      if (known === undefined && found.schema !== undefined) fields.push(fieldOf(name, addedSchema(found.schema)));
    }
    if (schema === undefined || known !== undefined) return { value, schema: known };
    const wider = withFields(schema, fields);
    this.#schemas.set(schema, wider);
    return { value, schema: wider };
  }
}

/** A default is not taken over: the field has a value, or none. */
function addedSchema({ default: _default, ...schema }: ConnectSchema): ConnectSchema {
  return optional(schema);
}

/** For a field that would overwrite a column. */
export function taken(name: string, { source }: Change<unknown>): Error {
  return new Error(
    `unwrap() would add '${name}' to a row of ${source.schema}.${source.table}, which has a column of that name: choose ` +
      "another name, as 'op:operation', or another addFieldsPrefix",
  );
}

// ------------------------------------------------------------------------------------------------------ for the compiler

/** The fields that references add to a row, by their names. Those of a list that the compiler does not know: none. */
export type FieldsAdded<Row, List extends readonly string[], Prefix extends string> = string extends List[number]
  ? unknown
  : { readonly [Entry in List[number] as NameOf<Trim<Entry>, Prefix>]: ValueOf<Row, PathOf<Trim<Entry>>> };

type Trim<Text extends string> = Text extends ` ${infer Rest}` | `${infer Rest} ` ? Trim<Rest> : Text;

type PathOf<Entry extends string> = Entry extends `${infer Path}:${string}` ? Path : Entry;

type NameOf<Entry extends string, Prefix extends string> = Entry extends `${string}:${infer Name}`
  ? `${Prefix}${Name}`
  : Entry extends `${infer Struct}.${infer Field}`
    ? `${Prefix}${Struct}_${Field}`
    : `${Prefix}${Entry}`;

type ValueOf<Row, Path extends string> = Path extends `${infer Struct}.${infer Field}`
  ? Struct extends 'source'
    ? Member<Source, Field>
    : Struct extends 'transaction'
      ? Member<TransactionBlock, Field> | null
      : Struct extends 'before' | 'after'
        ? Member<Row, Field> | null
        : unknown
  : Path extends 'op' | 'ts_ms' | 'ts_us' | 'ts_ns'
    ? Member<Change<Row>, Path>
    : Path extends keyof TransactionBlock
      ? Member<TransactionBlock, Path> | null
      : Path extends keyof Source
        ? Member<Source, Path>
        : Member<Change<Row>, Path>;

/** The type of a member; one that may be missing is null then. What is no member may be anything. */
type Member<T, Name extends string> = Name extends keyof T
  ? undefined extends T[Name]
    ? Exclude<T[Name], undefined> | null
    : T[Name]
  : unknown;
