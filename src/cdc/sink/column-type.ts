/**
 * What a field of a Connect schema is in PostgreSQL: the column's type, and the way of a value into it.
 *
 * Source: the type mapping of Debezium 3.6's JDBC sink, `GeneralDatabaseDialect` and `PostgresDatabaseDialect`. Where it
 * loses something that PostgreSQL could hold, this one does not: a duration keeps its microseconds, a decimal without
 * a fixed scale is a `numeric`.
 *
 * Times are sent as the numbers that they are on the wire, and PostgreSQL does the arithmetic: JavaScript's dates end
 * before PostgreSQL's do, and know no microseconds.
 */
import type { ConnectSchema } from '../../record.js';
import { arrayLiteral, quotedElement } from './array-literal.js';
import { decimalText } from './decimal-text.js';

export interface ColumnType {
  /** The type of a column that is created for the field. */
  readonly sql: string;
  /** The type that a value is sent as. */
  readonly sentAs: string;
  /** The value as an element of an array literal. The value is not null. @throws when it does not fit the schema */
  element(value: unknown): string;
  /** SQL that makes the column's value of the one sent. */
  expression(sent: string): string;
}

/** The names under which Connect and Debezium know their types. */
const DECIMAL = 'org.apache.kafka.connect.data.Decimal';
const VARIABLE_SCALE_DECIMAL = 'io.debezium.data.VariableScaleDecimal';

/**
 * @throws Error for a type that has no place in a table
 */
export function columnType(schema: ConnectSchema): ColumnType {
  if (schema.name === DECIMAL) return plain(numericType(schema), 'numeric', numberText);
  if (schema.name === VARIABLE_SCALE_DECIMAL) return plain('numeric', 'numeric', decimalText);
  if (schema.name === 'io.debezium.data.Json') {
    const type = schema.parameters?.['__debezium.source.column.type'] === 'JSONB' ? 'jsonb' : 'json';
    return cast(type, 'text', text);
  }
  const named = schema.name === undefined ? undefined : NAMED[schema.name];
  if (named !== undefined) return named;
  if (schema.type === 'array') return arrayOf(schema);
  return BY_TYPE[schema.type] ?? unreachable(schema);
}

function plain(sql: string, sentAs: string, element: (value: unknown) => string): ColumnType {
  return { sql, sentAs, element, expression: (sent) => sent };
}

function cast(sql: string, sentAs: string, element: (value: unknown) => string): ColumnType {
  return { sql, sentAs, element, expression: (sent) => `${sent}::${sql}` };
}

function computed(
  sql: string,
  sentAs: string,
  element: (value: unknown) => string,
  expression: (sent: string) => string,
): ColumnType {
  return { sql, sentAs, element, expression };
}

function numericType(schema: ConnectSchema): string {
  const precision = schema.parameters?.['connect.decimal.precision'];
  const scale = Math.max(0, Number(schema.parameters?.scale ?? 0));
  return precision === undefined ? 'numeric' : `numeric(${Number(precision)},${scale})`;
}

function numberText(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  // Quoted: it is checked by PostgreSQL, not by us.
  if (typeof value === 'string') return quotedElement(value);
  throw new TypeError(`${describe(value)} is not a number`);
}

/** Connect would cut the fraction off: that is a mistake in the schema, and better seen than lost. */
function integerText(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) throw new TypeError(`${value} is not a whole number`);
  return numberText(value);
}

function booleanText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 't' : 'f';
  throw new TypeError(`${describe(value)} is not a boolean`);
}

function text(value: unknown): string {
  if (typeof value === 'string') return quotedElement(value);
  throw new TypeError(`${describe(value)} is not a string`);
}

function hex(value: unknown): string {
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `"\\\\x${bytes.toString('hex')}"`;
  }
  throw new TypeError(`${describe(value)} is not bytes`);
}

function json(value: unknown): string {
  return quotedElement(
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)),
  );
}

function describe(value: unknown): string {
  return typeof value === 'object' ? 'an object' : `${typeof value} ${String(value).slice(0, 40)}`;
}

function arrayOf(schema: ConnectSchema): ColumnType {
  if (schema.items === undefined) throw new TypeError('an array without the schema of its items');
  const item = columnType(schema.items);
  // Sent as its literal in a text: an array of arrays would be flattened.
  return computed(
    `${item.sql}[]`,
    'text',
    (value) => {
      if (!Array.isArray(value)) throw new TypeError(`${describe(value)} is not an array`);
      return quotedElement(arrayLiteral(value.map((each) => (each == null ? null : item.element(each)))));
    },
    (sent) =>
      item.expression('x') === 'x'
        ? `${sent}::${item.sql}[]`
        : `(case when ${sent} is null then null else array(select ${item.expression('x')} ` +
          `from unnest(${sent}::${item.sentAs}[]) with ordinality as items(x, n) order by n) end)`,
  );
}

const DAY = { ms: 86_400_000, us: 86_400_000_000, ns: 86_400_000_000_000 };

/** Days and the rest apart: `interval * bigint` goes through a double, which the rest fits exactly and the whole does not. */
function timestamp(sent: string, unit: keyof typeof DAY): string {
  const rest =
    unit === 'ns'
      ? `(${sent} % ${DAY.ns}) / 1000 * interval '1 us'`
      : `(${sent} % ${DAY[unit]}) * interval '1 ${unit}'`;
  const sum = `timestamp '1970-01-01' + (${sent} / ${DAY[unit]})::int4 * interval '1 day' + ${rest}`;
  const infinite = INFINITE[unit];
  return infinite === undefined
    ? `(${sum})`
    : `(case ${sent} when ${infinite[0]} then timestamp 'infinity' when ${infinite[1]} then timestamp '-infinity' else ${sum} end)`;
}

/** What Debezium's PostgreSQL connector writes for `infinity` and `-infinity` (the driver's constants). */
const INFINITE: Partial<Record<keyof typeof DAY, readonly [string, string]>> = {
  ms: ['9223372036825200', '-9223372036832400'],
  us: ['9223372036825200000', '-9223372036832400000'],
};

/** A whole day is 24:00, which the sum would make 00:00. */
function timeOfDay(sent: string, unit: keyof typeof DAY): string {
  const rest = unit === 'ns' ? `${sent} / 1000 * interval '1 us'` : `${sent} * interval '1 ${unit}'`;
  return `(case ${sent} when ${DAY[unit]} then time '24:00' else time '00:00' + ${rest} end)`;
}

const days = computed('date', 'int4', integerText, (sent) => `(date '1970-01-01' + ${sent})`);
const timestampOf = (unit: keyof typeof DAY) =>
  computed('timestamp(6)', 'int8', integerText, (sent) => timestamp(sent, unit));
const timeOf = (unit: keyof typeof DAY) => computed('time(6)', 'int8', integerText, (sent) => timeOfDay(sent, unit));

const NAMED: Readonly<Record<string, ColumnType>> = {
  'org.apache.kafka.connect.data.Date': days,
  'org.apache.kafka.connect.data.Time': timeOf('ms'),
  'org.apache.kafka.connect.data.Timestamp': timestampOf('ms'),
  'io.debezium.time.Date': days,
  'io.debezium.time.Time': timeOf('ms'),
  'io.debezium.time.MicroTime': timeOf('us'),
  'io.debezium.time.NanoTime': timeOf('ns'),
  'io.debezium.time.Timestamp': timestampOf('ms'),
  'io.debezium.time.MicroTimestamp': timestampOf('us'),
  'io.debezium.time.NanoTimestamp': timestampOf('ns'),
  'io.debezium.time.ZonedTimestamp': cast('timestamptz(6)', 'text', text),
  'io.debezium.time.ZonedTime': cast('timetz(6)', 'text', text),
  'io.debezium.time.IsoDate': cast('date', 'text', text),
  'io.debezium.time.IsoTime': cast('time(6)', 'text', text),
  'io.debezium.time.IsoTimestamp': cast('timestamp(6)', 'text', text),
  'io.debezium.time.Interval': cast('interval', 'text', text),
  'io.debezium.time.MicroDuration': computed(
    'interval',
    'int8',
    integerText,
    (sent) => `(${sent} / 1000000 * interval '1 s' + ${sent} % 1000000 * interval '1 us')`,
  ),
  'io.debezium.data.Uuid': cast('uuid', 'text', text),
  'io.debezium.data.Xml': cast('xml', 'text', text),
};

const BY_TYPE: Readonly<Partial<Record<ConnectSchema['type'], ColumnType>>> = {
  int8: plain('smallint', 'int2', integerText),
  int16: plain('smallint', 'int2', integerText),
  int32: plain('integer', 'int4', integerText),
  int64: plain('bigint', 'int8', integerText),
  float: plain('real', 'float4', numberText),
  double: plain('double precision', 'float8', numberText),
  boolean: plain('boolean', 'bool', booleanText),
  string: plain('text', 'text', text),
  bytes: plain('bytea', 'bytea', hex),
  map: plain('text', 'text', json),
  struct: cast('jsonb', 'text', json),
};

function unreachable(schema: ConnectSchema): never {
  throw new TypeError(`the type ${schema.type} has no place in a table`);
}
