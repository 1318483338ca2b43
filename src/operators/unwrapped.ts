/** What becomes of a row that was taken off its change, before it goes on. */
import { type Change, isUnavailable } from '../cdc/change.js';
import type { ConnectSchema, StreamRecord } from '../record.js';
import { fieldNamed, fieldOf, optional, string } from '../serde/connect-schema.js';
import { readConnectValue } from '../serde/connect-values.js';
import { AddedFields, type NewRow, taken } from './added-fields.js';
import { withHeaders, withHeadersOfTombstone } from './added-headers.js';
import { changeContextOf } from './change-context.js';
import { listedIn, withoutFields } from './dropped-fields.js';
import { type FieldReference, fieldReferences } from './field-reference.js';
import { type Described, withFields } from './row-schema.js';
import { DELETED, modeOf, type UnwrapOptions } from './unwrap-options.js';

export type Row = Readonly<Record<string, unknown>>;

/** Makes the records that leave `unwrap`. */
export interface Finish {
  /**
   * @param row null for a delete
   * @param schema the row's
   */
  row(record: StreamRecord, change: Change<unknown>, row: Row | null, schema: ConnectSchema | undefined): StreamRecord;
  tombstone(record: StreamRecord): StreamRecord;
}

/** Where no option adds or takes away, nothing is paid for those that could. */
export function finishFor(options: UnwrapOptions): Finish {
  const { addFields = [], addHeaders = [], routeByField, dropFieldsHeaderName } = options;
  const rewriting = modeOf(options).startsWith('rewrite');
  const more = addFields.length + addHeaders.length > 0 || !!routeByField || !!dropFieldsHeaderName;
  return rewriting || more ? new Finishing(options) : AS_IT_IS;
}

const AS_IT_IS: Finish = {
  row: (record, change, row, schema) => ({
    ...record,
    value: row,
    change: changeContextOf(change),
    valueSchema: schema,
  }),
  tombstone: (record) => record,
};

/** In Debezium's order: headers, `__deleted`, the route, and then fields are added before others are dropped; of a delete after. */
class Finishing implements Finish {
  readonly #headers: readonly FieldReference[];
  readonly #added: AddedFields;
  readonly #marking: Marking | undefined;
  readonly #routeBy: string;
  readonly #dropHeader: string;
  readonly #dropFromKey: boolean;
  readonly #dropped: 'optional' | 'all';

  constructor(options: UnwrapOptions) {
    const { addFields = [], addFieldsPrefix = '__', addHeaders = [], addHeadersPrefix = '__' } = options;
    this.#headers = fieldReferences('addHeaders', addHeaders, addHeadersPrefix);
    this.#added = new AddedFields(fieldReferences('addFields', addFields, addFieldsPrefix));
    const rewriting = modeOf(options).startsWith('rewrite');
    this.#marking = rewriting ? new Marking(options.replaceNullWithDefault ?? true) : undefined;
    this.#routeBy = options.routeByField ?? '';
    this.#dropHeader = options.dropFieldsHeaderName?.trim() ?? '';
    this.#dropFromKey = options.dropFieldsFromKey ?? false;
    this.#dropped = (options.dropFieldsKeepSchemaCompatible ?? true) ? 'optional' : 'all';
  }

  row(
    record: StreamRecord,
    change: Change<unknown>,
    row: Row | null,
    rowSchema: ConnectSchema | undefined,
  ): StreamRecord {
    const envelope = record.valueSchema;
    const drops = this.#dropHeader === '' ? [] : listedIn(record.headers, this.#dropHeader);
    const route = this.#routeBy === '' ? undefined : routeOf(this.#routeBy, change, row, envelope);
    const { value, schema } =
      row === null
        ? { value: row, schema: rowSchema }
        : this.#finished({ value: { ...row }, schema: rowSchema }, change, envelope, drops);
    const key = this.#dropFromKey
      ? withoutFields({ value: record.key, schema: record.keySchema }, drops, this.#dropped)
      : { value: record.key, schema: record.keySchema };
    const context = changeContextOf(change);
    return {
      ...record,
      key: key.value,
      value,
      headers:
        this.#headers.length === 0 ? record.headers : withHeaders(record.headers, this.#headers, change, envelope),
      change: route === undefined ? context : { ...context, route },
      keySchema: key.schema,
      valueSchema: schema,
    };
  }

  tombstone(record: StreamRecord): StreamRecord {
    return { ...record, headers: withHeadersOfTombstone(record.headers, this.#headers) };
  }

  /** @param started its value is changed */
  #finished(
    started: NewRow,
    change: Change<unknown>,
    envelope: ConnectSchema | undefined,
    drops: readonly string[],
  ): Described<Row> {
    const marked = this.#marking?.mark(started, change) ?? started;
    if (change.op === 'd') {
      return this.#added.addTo(withoutFields(marked, drops, this.#dropped), change, envelope);
    }
    return withoutFields(this.#added.addTo(marked, change, envelope), drops, this.#dropped);
  }
}

/** `__deleted`, in the rewriting modes. */
class Marking {
  readonly #replacesNulls: boolean;
  readonly #schemas = new WeakMap<ConnectSchema, ConnectSchema>();
  readonly #defaults = new WeakMap<ConnectSchema, readonly (readonly [column: string, value: unknown])[]>();

  constructor(replacesNulls: boolean) {
    this.#replacesNulls = replacesNulls;
  }

  /** @param given its value is changed */
  mark({ value: row, schema }: NewRow, change: Change<unknown>): NewRow {
    if (Object.hasOwn(row, DELETED)) throw taken(DELETED, change);
    if (schema !== undefined && this.#replacesNulls) {
      for (const [column, value] of this.#defaultsOf(schema)) if (row[column] === null) row[column] = value;
    }
    row[DELETED] = change.op === 'd' ? 'true' : 'false';
    return { value: row, schema: schema && this.#markedSchema(schema) };
  }

  #defaultsOf(schema: ConnectSchema): readonly (readonly [column: string, value: unknown])[] {
    let defaults = this.#defaults.get(schema);
    if (defaults === undefined) {
      const fields = (schema.fields ?? []).filter((field) => field.default !== undefined && field.default !== null);
      // Reading may change what it is given, and the default stays in the schema.
      defaults = fields.map((field) => [field.field!, readConnectValue(field, structuredClone(field.default))]);
      this.#defaults.set(schema, defaults);
    }
    return defaults;
  }

  #markedSchema(schema: ConnectSchema): ConnectSchema {
    let marked = this.#schemas.get(schema);
    if (marked === undefined) {
      marked = withFields(schema, [fieldOf(DELETED, optional(string))]);
      this.#schemas.set(schema, marked);
    }
    return marked;
  }
}

/**
 * The text in a column; undefined when it is null or blank, or was not logged.
 *
 * @param row null for a delete: the column is then looked for in `before`
 * @throws Error when the row has no such column, or one that is no text
 */
function routeOf(
  column: string,
  change: Change<unknown>,
  row: Row | null,
  envelope: ConnectSchema | undefined,
): string | undefined {
  const whole = (change.op === 'd' ? change.before : change.after) as Row;
  const value = (row ?? whole)[column];
  const type = envelope === undefined ? typeOf(whole[column]) : columnType(column, envelope);
  if (type !== 'string') throw noRoute(column, type, change);
  return typeof value !== 'string' || value.trim() === '' || isUnavailable(value) ? undefined : value;
}

/** Undefined where there is no such column. What is null may be a text. */
function typeOf(value: unknown): string | undefined {
  return value === null ? 'string' : value === undefined ? undefined : typeof value;
}

function columnType(column: string, envelope: ConnectSchema): string | undefined {
  const after = fieldNamed(envelope, 'after');
  return after && fieldNamed(after, column)?.type;
}

function noRoute(column: string, type: string | undefined, { source }: Change<unknown>): Error {
  return new Error(
    `unwrap() routes by '${column}' (routeByField), and ${source.schema}.${source.table} ` +
      (type === undefined ? 'has no such column' : `has ${type} there: a text names a topic`),
  );
}
