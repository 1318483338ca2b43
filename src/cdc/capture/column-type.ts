/**
 * From a PostgreSQL type to Connect's: the schema of the column, and how its text becomes a value.
 *
 * Source: Debezium 3.6 `PostgresValueConverter` with its default modes (time adaptive, binary bytes, interval numeric).
 * A type that is missing here is left out of the row, as Debezium leaves out unknown types.
 */
import pg from 'pg';
import type { ConnectSchema } from '../../record.js';
import {
  array,
  boolean,
  bytes,
  decimal,
  float32,
  float64,
  int16,
  int32,
  int64,
  named,
  optional,
  string,
  VARIABLE_SCALE_DECIMAL,
} from '../../serde/connect-schema.js';
import { type Long, UNAVAILABLE } from '../change.js';
import type { PgType } from './pg-type.js';
import {
  dateDays,
  intervalMicros,
  timeMicros,
  timeMillis,
  timestampMicros,
  timestampMillis,
  zonedTime,
  zonedTimestamp,
} from './temporal-text.js';

export type DecimalMode = 'precise' | 'double' | 'string';

/** How a column's values are written. */
export interface ColumnType {
  /** Not optional, without field name and default. */
  readonly schema: ConnectSchema;
  /** The value of PostgreSQL's text. */
  readonly decode: (text: string) => unknown;
  /** Stands for a null where the column has none: the other columns of a delete's `before`. A text for `decode`. */
  readonly fallback: string;
  /** What a default that must be computed, as `now()`, is shown as; undefined where Debezium shows none. */
  readonly computedDefault: string | undefined;
  /** Stands for a large value that an update did not touch; undefined where no value can. */
  readonly unavailable: unknown;
}

const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE);
const same = (text: string): string => text;

function columnType(
  schema: ConnectSchema,
  decode: (text: string) => unknown,
  fallback: string,
  rest: Partial<ColumnType> = {},
): ColumnType {
  return Object.freeze({ schema, decode, fallback, computedDefault: undefined, unavailable: undefined, ...rest });
}

/** A type that is a text in Connect, under a semantic name or none. */
function textType(schema: ConnectSchema, fallback = '', computedDefault?: string): ColumnType {
  return columnType(schema, same, fallback, { unavailable: UNAVAILABLE, computedDefault });
}

function integerType(schema: ConnectSchema): ColumnType {
  return columnType(schema, Number, '0', { computedDefault: '0' });
}

function exactLong(text: string): Long {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

const plainText = textType(string, '', '');
const long = columnType(int64, exactLong, '0', { computedDefault: '0' });

/** Types whose modifier says nothing to us. */
const FIXED: ReadonlyMap<string, ColumnType> = new Map([
  ['bool', columnType(boolean, (text) => text === 't' || text === 'true', 'f', { computedDefault: 'f' })],
  ['int2', integerType(int16)],
  ['int4', integerType(int32)],
  ['int8', long],
  ['oid', columnType(int64, exactLong, '0')],
  ['float4', columnType(float32, Number, '0', { computedDefault: '0' })],
  ['float8', columnType(float64, Number, '0', { computedDefault: '0' })],
  ['text', plainText],
  ['varchar', plainText],
  ['bpchar', plainText],
  ...['char', 'name', 'citext', 'inet', 'cidr', 'macaddr', 'macaddr8'].map((name) => [name, textType(string)] as const),
  ...['int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange'].map(
    (name) => [name, textType(string)] as const,
  ),
  ['json', textType(named('io.debezium.data.Json', string), '{}', '{}')],
  ['jsonb', textType(named('io.debezium.data.Json', string), '{}', '{}')],
  ['xml', textType(named('io.debezium.data.Xml', string), '', '')],
  ['uuid', textType(named('io.debezium.data.Uuid', string), '', '00000000-0000-0000-0000-000000000000')],
  ['ltree', textType(named('io.debezium.data.Ltree', string))],
  ['tsvector', textType(named('io.debezium.data.Tsvector', string))],
  ['bytea', columnType(bytes, byteaOf, '\\x', { unavailable: UNAVAILABLE_BYTES })],
  [
    'date',
    columnType(named('io.debezium.time.Date', int32), dateDays, '1970-01-01', { computedDefault: '1970-01-01' }),
  ],
  ['timetz', columnType(named('io.debezium.time.ZonedTime', string), zonedTime, '00:00:00+00')],
  [
    'interval',
    columnType(named('io.debezium.time.MicroDuration', int64), intervalMicros, 'PT0S', { computedDefault: 'PT0S' }),
  ],
]);

/** Types whose modifier, -1 where there is none, says how precise they are. */
const BY_MODIFIER: ReadonlyMap<string, (modifier: number, decimals: DecimalMode) => ColumnType> = new Map([
  ['numeric', numericType],
  ['money', (_modifier: number, decimals: DecimalMode) => moneyType(decimals)],
  ['time', timeType],
  ['timestamp', timestampType],
  ['timestamptz', zonedTimestampType],
  ['bit', bitType],
  ['varbit', bitType],
]);

/**
 * @param modifier `pg_attribute.atttypmod`
 * @returns undefined for a type that is left out
 */
export function columnTypeOf(type: PgType, modifier: number, decimals: DecimalMode): ColumnType | undefined {
  if (type.base !== undefined) return columnTypeOf(type.base.type, type.base.modifier, decimals);
  if (type.element !== undefined) return arrayType(type.element, modifier, decimals);
  if (type.kind === 'e') return enumType(type.labels);
  return FIXED.get(type.name) ?? BY_MODIFIER.get(type.name)?.(modifier, decimals);
}

function enumType(labels: readonly string[]): ColumnType {
  const parameters = Object.freeze({ allowed: labels.join(',') });
  return textType(Object.freeze({ ...named('io.debezium.data.Enum', string), parameters }));
}

function byteaOf(text: string): Buffer {
  return Buffer.from(text.slice(2), 'hex');
}

// ------------------------------------------------------------------------------------------------ numbers

function numericType(modifier: number, decimals: DecimalMode): ColumnType {
  if (decimals === 'double') return columnType(float64, Number, '0', { computedDefault: '0' });
  if (decimals === 'string') return columnType(string, same, '0', { computedDefault: '0' });
  if (modifier < 0) {
    return columnType(variableScaleDecimal, shortestDecimal, '0');
  }
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // Eleven bits with a sign, since PostgreSQL 15.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return columnType(decimal(scale, precision), finiteDecimal, '0', { computedDefault: '0' });
}

const variableScaleDecimal: ConnectSchema = Object.freeze({
  type: 'struct',
  fields: Object.freeze([Object.freeze({ ...int32, field: 'scale' }), Object.freeze({ ...bytes, field: 'value' })]),
  optional: false,
  name: VARIABLE_SCALE_DECIMAL,
  version: 1,
  doc: 'Variable scaled decimal',
});

function finiteDecimal(text: string): string {
  const first = text.charCodeAt(text.charCodeAt(0) === 0x2d ? 1 : 0);
  if (first < 0x30 || first > 0x39) {
    throw new Error(
      `the numeric ${text} has no place in a Decimal: set decimal.handling.mode to "string" or "double", or keep such ` +
        'values out of the column',
    );
  }
  return text;
}

/** Debezium strips zeros at the end of a numeric without a declared scale. */
function shortestDecimal(text: string): string {
  finiteDecimal(text);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** `lc_monetary` is C in our sessions: `-$1,234.56`. */
function moneyType(decimals: DecimalMode): ColumnType {
  const amount = (text: string): string => text.replace(/[$,]/g, '');
  if (decimals === 'double') return columnType(float64, (text) => Number(amount(text)), '0');
  return columnType(decimals === 'string' ? string : decimal(2), amount, '0.00');
}

function bitType(modifier: number): ColumnType {
  if (modifier === 1) return columnType(boolean, (text) => text === '1', '0', { computedDefault: '0' });
  // Debezium's length of a varbit without one is the largest integer.
  const parameters = Object.freeze({ length: String(modifier < 0 ? 2_147_483_647 : modifier) });
  return columnType(Object.freeze({ ...named('io.debezium.data.Bits', bytes), parameters }), littleEndianBits, '');
}

function littleEndianBits(text: string): Buffer {
  const digits = text.replace(/^0+/, '');
  const result = Buffer.alloc(Math.ceil(digits.length / 8));
  for (let i = 0; i < digits.length; i++) {
    if (digits[digits.length - 1 - i] === '1') result[i >> 3]! |= 1 << (i & 7);
  }
  return result;
}

// -------------------------------------------------------------------------------------------------- times

const toMillisecond = (modifier: number): boolean => modifier >= 0 && modifier <= 3;

function timeType(modifier: number): ColumnType {
  return toMillisecond(modifier)
    ? columnType(named('io.debezium.time.Time', int32), timeMillis, '00:00:00', { computedDefault: '00:00:00' })
    : columnType(named('io.debezium.time.MicroTime', int64), timeMicros, '00:00:00', { computedDefault: '00:00:00' });
}

function timestampType(modifier: number): ColumnType {
  const epoch = '1970-01-01 00:00:00';
  return toMillisecond(modifier)
    ? columnType(named('io.debezium.time.Timestamp', int64), timestampMillis, epoch, { computedDefault: epoch })
    : columnType(named('io.debezium.time.MicroTimestamp', int64), timestampMicros, epoch, { computedDefault: epoch });
}

function zonedTimestampType(modifier: number): ColumnType {
  const epoch = '1970-01-01 00:00:00+00';
  const decode = zonedTimestamp(modifier < 0 ? 6 : modifier);
  return columnType(named('io.debezium.time.ZonedTimestamp', string), decode, epoch, { computedDefault: epoch });
}

// ------------------------------------------------------------------------------------------------- arrays

/** Its type declaration says a function. */
const arrays = pg.types.arrayParser as unknown as {
  create(text: string, item: (text: string) => string): { parse(): unknown[] };
};

/** Of these Debezium writes no arrays. */
const NO_ARRAYS: ReadonlySet<string> = new Set(['money', 'name', 'interval', 'varbit', 'bit', 'xml']);

function arrayType(elementType: PgType, modifier: number, decimals: DecimalMode): ColumnType | undefined {
  const element = NO_ARRAYS.has(elementType.name) ? undefined : columnTypeOf(elementType, modifier, decimals);
  if (element === undefined) return undefined;
  // Debezium forgets to make an enum's elements optional.
  const items = elementType.kind === 'e' ? element.schema : optional(element.schema);
  const { decode } = element;
  // An array in an array has no place in the schema; Debezium too writes null for it.
  const decodeItem = (item: unknown): unknown => (typeof item === 'string' ? decode(item) : null);
  return columnType(array(items), (text) => arrays.create(text, same).parse().map(decodeItem), '{}', {
    unavailable: unavailableArray(items.type),
  });
}

function unavailableArray(items: ConnectSchema['type']): unknown {
  if (items === 'string') return [UNAVAILABLE];
  return items === 'int16' || items === 'int32' || items === 'int64' ? [...UNAVAILABLE_BYTES] : undefined;
}
