/** Random schemas of Connect, every type of `docs/types.md`, and values; each with the names of what is in it. */
import fc from 'fast-check';
import type { ConnectSchema } from '../../src/record.js';
import {
  DECIMAL_PRECISION,
  decimal,
  fieldOf,
  structOf,
  VARIABLE_SCALE_DECIMAL,
} from '../../src/serde/connect-schema.js';
import { connectValueText } from '../../src/serde/connect-values.js';
import { parseJson } from '../../src/serde/json-text.js';

export interface ConnectCase {
  readonly schema: ConnectSchema;
  readonly value: unknown;
  readonly features: readonly string[];
}

type Cases = fc.Arbitrary<ConnectCase>;

const plain = (type: ConnectSchema['type'], name?: string): ConnectSchema => ({
  type,
  optional: false,
  ...(name === undefined ? {} : { name, version: 1 }),
});

const LONG = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((long) => (Number.isSafeInteger(Number(long)) ? Number(long) : long)),
);
const TEXT = fc.string({ unit: 'grapheme' });
const BYTES = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const NOT_FINITE = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0);
const DECIMALS = fc.tuple(fc.nat(6), fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }));

/** Types without parts: by the name that Connect or Debezium gives them, or their own. */
const LEAVES: Readonly<Record<string, fc.Arbitrary<{ readonly schema: ConnectSchema; readonly value: unknown }>>> = {
  ...fixed('int8', fc.integer({ min: -128, max: 127 })),
  ...fixed('int16', fc.integer({ min: -32_768, max: 32_767 })),
  ...fixed('int32', fc.integer()),
  ...fixed('int64', LONG),
  ...fixed('float', fc.oneof({ weight: 4, arbitrary: fc.float({ noNaN: true }) }, NOT_FINITE)),
  ...fixed('double', fc.oneof({ weight: 4, arbitrary: fc.double({ noNaN: true }) }, NOT_FINITE)),
  ...fixed('boolean', fc.boolean()),
  ...fixed('string', TEXT),
  ...fixed('bytes', BYTES),
  ...fixed('int32', fc.integer(), 'io.debezium.time.Date'),
  ...fixed('int32', fc.integer({ min: 0, max: 86_399_999 }), 'io.debezium.time.Time'),
  ...fixed('int64', LONG, 'io.debezium.time.MicroTime'),
  ...fixed('int64', LONG, 'io.debezium.time.Timestamp'),
  ...fixed('int64', LONG, 'io.debezium.time.MicroTimestamp'),
  ...fixed('int64', LONG, 'io.debezium.time.MicroDuration'),
  ...fixed('string', TEXT, 'io.debezium.time.ZonedTimestamp'),
  ...fixed('string', fc.json(), 'io.debezium.data.Json'),
  ...fixed('string', fc.uuid(), 'io.debezium.data.Uuid'),
  ...fixed('string', TEXT, 'io.debezium.data.Xml'),
  ...fixed('int32', fc.integer({ min: -100_000, max: 100_000 }), 'org.apache.kafka.connect.data.Date'),
  ...fixed('int32', fc.integer({ min: 0, max: 86_399_999 }), 'org.apache.kafka.connect.data.Time'),
  ...fixed('int64', fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), 'org.apache.kafka.connect.data.Timestamp'),
  'io.debezium.data.Enum': fc.constantFrom('new', 'used').map((value) => ({
    schema: { ...plain('string', 'io.debezium.data.Enum'), parameters: { allowed: 'new,used' } },
    value,
  })),
  Decimal: fc.tuple(DECIMALS, fc.boolean()).map(([[scale, unscaled], isPrecise]) => ({
    schema: isPrecise ? decimal(scale, 22) : decimal(scale),
    value: decimalText(unscaled, scale),
  })),
  VariableScaleDecimal: DECIMALS.map(([scale, unscaled]) => ({
    schema: {
      ...structOf(VARIABLE_SCALE_DECIMAL, [fieldOf('scale', plain('int32')), fieldOf('value', plain('bytes'))]),
      version: 1,
    },
    value: decimalText(unscaled, scale),
  })),
};

/** Doubles that JsonConverter reads as zero. */
const NOT_READ_BY_JAVA = ['NaN', 'Infinity', '-Infinity', '-0'] as const;

/** What cases hold. */
export const FEATURES = [
  ...Object.keys(LEAVES),
  ...NOT_READ_BY_JAVA,
  'beyond 2^53',
  'struct',
  'nameless struct',
  'array',
  'map with text keys',
  'map with other keys',
  'optional',
  'null',
  'default',
  'missing, with a default',
  'doc',
  'version',
  DECIMAL_PRECISION,
] as const;

function fixed(type: ConnectSchema['type'], values: fc.Arbitrary<unknown>, name?: string) {
  const schema = plain(type, name);
  return { [name ?? type]: values.map((value) => ({ schema, value })) };
}

const leaves: Cases = fc.oneof(
  ...Object.entries(LEAVES).map(([name, cases]) =>
    cases.map(({ schema, value }) => ({ schema, value, features: [name, ...oddities(schema, value)] })),
  ),
);

function oddities(schema: ConnectSchema, value: unknown): string[] {
  const found = schema.parameters !== undefined && DECIMAL_PRECISION in schema.parameters ? [DECIMAL_PRECISION] : [];
  if (typeof value === 'bigint') found.push('beyond 2^53');
  if (Object.is(value, -0)) found.push('-0');
  else if (typeof value === 'number' && !Number.isFinite(value)) found.push(String(value));
  return found;
}

const DEEPEST = 2;

function types(depth: number): Cases {
  const inner =
    depth >= DEEPEST ? leaves : fc.oneof({ depthSize: 'small' }, { weight: 4, arbitrary: leaves }, ...nested(depth));
  return fc.tuple(inner, fc.nat(11), fc.nat(11)).map(([{ schema, value, features }, n, described]) => {
    const made: { -readonly [Name in keyof ConnectSchema]: ConnectSchema[Name] } = { ...schema };
    const also: string[] = [];
    if (n < 4) also.push('optional');
    made.optional = n < 4;
    if (described === 0) Object.assign(made, { doc: 'what it is' }) && also.push('doc');
    if (described === 1 && made.name === undefined && made.type !== 'struct')
      Object.assign(made, { name: 'cars.Type', version: 3 }) && also.push('version');
    if (n === 0) return { schema: made, value: null, features: [...also, 'null'] };
    return { schema: made, value, features: [...features, ...also] };
  });
}

function nested(depth: number): readonly Cases[] {
  return [
    structs(depth + 1),
    lists(depth).map(({ schema, values, features }) => ({
      schema: { type: 'array' as const, optional: false, items: schema },
      value: values,
      features: [...features, 'array'],
    })),
    lists(depth).map(({ schema, values, features }) => ({
      schema: { type: 'map' as const, optional: false, keys: plain('string'), values: schema },
      value: Object.fromEntries(values.map((value, i) => [`k${i}`, value])),
      features: [...features, 'map with text keys'],
    })),
    lists(depth).map(({ schema, values, features }) => ({
      schema: { type: 'map' as const, optional: false, keys: plain('int32'), values: schema },
      value: new Map(values.map((value, i) => [i - 1, value])),
      features: [...features, 'map with other keys'],
    })),
  ];
}

/** Several values of one schema: the value of a case, as often as chosen. */
function lists(depth: number) {
  return fc
    .tuple(types(depth + 1), fc.nat(3))
    .map(([{ schema, value, features }, n]) => ({ schema, values: new Array(n).fill(value), features }));
}

/** A struct, as the value of a record is one. Fields may have a default, and may be missing then. */
export function structs(depth = 0): Cases {
  const fields = fc.array(fc.tuple(types(depth), fc.nat(7)), { minLength: 1, maxLength: 5 });
  return fc.tuple(fields, fc.nat(5)).map(([made, n]) => {
    const features = ['struct', ...(n === 0 ? ['nameless struct'] : [])];
    const row: Record<string, unknown> = {};
    const schemas = made.map(([{ schema, value, features: inside }, chosen], i) => {
      features.push(...inside);
      // Java is not asked about defaults that its JsonConverter does not read, or writes with a float's own digits.
      const mayBeDefault =
        schema.type !== 'struct' &&
        value !== null &&
        !['float', ...NOT_READ_BY_JAVA].some((odd) => inside.includes(odd));
      const fallback = chosen < 2 && mayBeDefault ? defaultOf(schema, value) : undefined;
      if (fallback !== undefined) features.push('default');
      if (fallback !== undefined && chosen === 0) features.push('missing, with a default');
      else row[`f${i}`] = value;
      return fieldOf(`f${i}`, fallback === undefined ? schema : { ...schema, default: fallback });
    });
    return { schema: structOf(n === 0 ? undefined : `cars.S${depth}`, schemas), value: row, features };
  });
}

/** The value as a default, which is a value in Connect's JSON. */
function defaultOf(schema: ConnectSchema, value: unknown): unknown {
  return parseJson(Buffer.from(connectValueText(schema, value)));
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
}
