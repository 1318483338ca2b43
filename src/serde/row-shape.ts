/**
 * The shape of flat rows, as a table's topic holds them.
 *
 * R1. A row taken off a change is written with the schema that came with it, so that a column added to its table later
 *     goes through; the declaration says only what operators add to the row or take away from it.
 * R2. A row that came without a schema is written with the declared fields, if the declaration lists them.
 * R3. Added fields are optional in the schema: a sink can add a column to a table that has rows only if it may be null.
 *     That a value is there is checked when the row is written.
 */

import type { Fields, RowOf } from './connect-schema.js';
import type { Encoding, RecordPart } from './encoding.js';
import { rowSerde } from './row-serde.js';
import type { Serde } from './serde.js';
import type { DeclaredShape, Shape, VALUE } from './shape.js';

/** What is declared of a row. */
export interface RowFields {
  /** `travelled`: the schema that came with a row is its base. `declared`: the declared fields are all there is. */
  readonly base: 'travelled' | 'declared';
  /** The fields of the base; undefined where they are not listed. */
  readonly fields: Fields | undefined;
  readonly added: Fields;
  readonly removed: readonly string[];
}

/**
 * A row's shape.
 *
 * @typeParam Row the row
 * @typeParam K the key of its topic
 */
export class RowShape<out Row, out K = unknown> implements DeclaredShape<Row> {
  declare readonly [VALUE]?: Row;
  readonly nulls = 'refused';

  /** Made by `row`, by `changes(…).row` and by the methods below. */
  constructor(
    readonly declared: RowFields,
    /** The shape of the key that goes with the row. */
    readonly key: Shape<K>,
  ) {
    Object.freeze(this);
  }

  /**
   * The row with fields that operators add. A field of the same name is replaced.
   *
   * @example
   * carChanges.row.plus({ suggestedprice: float64 })
   */
  plus<F extends Fields>(fields: F): RowShape<Flat<Omit<Row, keyof F> & RowOf<F>>, K> {
    const { declared } = this;
    return new RowShape(
      {
        ...declared,
        added: Object.freeze({ ...declared.added, ...fields }),
        removed: declared.removed.filter((name) => !Object.hasOwn(fields, name)),
      },
      this.key,
    );
  }

  /** The row without fields that operators take away. */
  without<Name extends keyof Row & string>(...names: readonly Name[]): RowShape<Flat<Omit<Row, Name>>, K> {
    const { declared } = this;
    const kept = Object.entries(declared.added).filter(([name]) => !(names as readonly string[]).includes(name));
    return new RowShape(
      {
        ...declared,
        added: Object.freeze(Object.fromEntries(kept)),
        removed: Object.freeze([...declared.removed, ...names]),
      },
      this.key,
    );
  }

  serdeFor(topic: string, part: RecordPart, encoding: Encoding): Serde<Row> {
    return rowSerde<Row>(this.declared, topic, part, encoding);
  }
}

/** An intersection written out, so that messages of the compiler are readable. */
type Flat<T> = { [Name in keyof T]: T[Name] };

/**
 * Declares rows by all their fields; a schema that comes with a record is not looked at.
 *
 * @example
 * topic('visits', { key: string(), value: row({ page: text, ms: int32 }) })
 */
export function row<F extends Fields>(fields: F): RowShape<Flat<RowOf<F>>> {
  return new RowShape(declaredFields('declared', fields), travelledKey());
}

/**
 * Declares rows whose schema travels with them.
 *
 * @param fields the fields, for records that come without a schema
 * @param key the shape of the key
 */
export function travelledRow<Row, K>(fields: Fields | undefined, key: Shape<K>): RowShape<Row, K> {
  return new RowShape(declaredFields('travelled', fields), key);
}

/** A key whose schema travels with it; null where the table has no primary key. */
export function travelledKey<K>(fields?: Fields): DeclaredShape<K> {
  const declared = declaredFields('travelled', fields);
  return Object.freeze({
    nulls: 'accepted' as const,
    serdeFor: (topic: string, part: RecordPart, encoding: Encoding) => rowSerde<K>(declared, topic, part, encoding),
  });
}

function declaredFields(base: RowFields['base'], fields: Fields | undefined): RowFields {
  return Object.freeze({
    base,
    fields: fields === undefined ? undefined : Object.freeze({ ...fields }),
    added: Object.freeze({}),
    removed: Object.freeze([]),
  });
}
