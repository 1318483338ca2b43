/** Random schemas of Connect, every type of `docs/types.md`, and values. */
import fc from 'fast-check';
import type { ConnectSchema } from '../../src/record.js';
import { DECIMAL, decimal, fieldOf, structOf, VARIABLE_SCALE_DECIMAL } from '../../src/serde/connect-schema.js';

export interface ConnectCase {
  readonly schema: ConnectSchema;
  readonly value: unknown;
}

type Cases = fc.Arbitrary<ConnectCase>;

const of = (schema: ConnectSchema, values: fc.Arbitrary<unknown>): Cases => values.map((value) => ({ schema, value }));
const plain = (type: ConnectSchema['type'], name?: string): ConnectSchema => ({
  type,
  optional: false,
  ...(name === undefined ? {} : { name, version: 1 }),
});

const LONG = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(smallest);
const TEXT = fc.string({ unit: 'grapheme' });
const BYTES = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const DOUBLE = fc.double({ noNaN: true, noDefaultInfinity: true });
const FLOAT = fc.float({ noNaN: true, noDefaultInfinity: true });

function smallest(long: bigint): number | bigint {
  return Number.isSafeInteger(Number(long)) ? Number(long) : long;
}

const decimals = fc
  .tuple(fc.nat(6), fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }))
  .map(([scale, unscaled]) => ({ schema: decimal(scale) as ConnectSchema, value: decimalText(unscaled, scale) }));

const VARIABLE: ConnectSchema = {
  ...structOf(VARIABLE_SCALE_DECIMAL, [fieldOf('scale', plain('int32')), fieldOf('value', plain('bytes'))]),
  version: 1,
};

const leaves: readonly Cases[] = [
  of(plain('int8'), fc.integer({ min: -128, max: 127 })),
  of(plain('int16'), fc.integer({ min: -32_768, max: 32_767 })),
  of(plain('int32'), fc.integer()),
  of(plain('int64'), LONG),
  of(plain('float'), FLOAT),
  of(plain('double'), DOUBLE),
  of(plain('boolean'), fc.boolean()),
  of(plain('string'), TEXT),
  of(plain('bytes'), BYTES),
  decimals,
  of(
    VARIABLE,
    fc
      .tuple(fc.nat(6), fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }))
      .map(([scale, unscaled]) => decimalText(unscaled, scale)),
  ),
  of(plain('int32', 'io.debezium.time.Date'), fc.integer()),
  of(plain('int64', 'io.debezium.time.MicroTimestamp'), LONG),
  of(plain('string', 'io.debezium.time.ZonedTimestamp'), TEXT),
  of(plain('int32', 'org.apache.kafka.connect.data.Date'), fc.integer({ min: -100_000, max: 100_000 })),
  of(plain('int32', 'org.apache.kafka.connect.data.Time'), fc.integer({ min: 0, max: 86_399_999 })),
  of(plain('int64', 'org.apache.kafka.connect.data.Timestamp'), fc.integer({ min: -(2 ** 50), max: 2 ** 50 })),
];

const DEEPEST = 2;

function types(depth: number): Cases {
  const inner = depth >= DEEPEST ? fc.oneof(...leaves) : fc.oneof({ depthSize: 'small' }, ...leaves, ...nested(depth));
  return fc.tuple(inner, fc.boolean(), fc.nat(9)).map(([{ schema, value }, optional, n]) => ({
    schema: optional ? { ...schema, optional: true } : schema,
    value: optional && n === 0 ? null : value,
  }));
}

function nested(depth: number): readonly Cases[] {
  return [
    structs(depth + 1),
    lists(depth).map(({ schema, values }) => ({
      schema: { type: 'array' as const, optional: false, items: schema },
      value: values,
    })),
    lists(depth).map(({ schema, values }) => ({
      schema: { type: 'map' as const, optional: false, keys: plain('string'), values: schema },
      value: Object.fromEntries(values.map((value, i) => [`k${i}`, value])),
    })),
    lists(depth).map(({ schema, values }) => ({
      schema: { type: 'map' as const, optional: false, keys: plain('int32'), values: schema },
      value: new Map(values.map((value, i) => [i - 1, value])),
    })),
  ];
}

/** Several values of one schema: the value of a case, as often as chosen. */
function lists(depth: number): fc.Arbitrary<{ readonly schema: ConnectSchema; readonly values: readonly unknown[] }> {
  return fc
    .tuple(types(depth + 1), fc.nat(3))
    .map(([{ schema, value }, n]) => ({ schema, values: new Array(n).fill(value) }));
}

/** A struct, as the value of a record is one. */
export function structs(depth = 0): Cases {
  return fc.array(types(depth), { minLength: 1, maxLength: 5 }).map((fields) => ({
    schema: structOf(
      `cars.S${depth}`,
      fields.map(({ schema }, i) => fieldOf(`f${i}`, schema)),
    ),
    value: Object.fromEntries(fields.map(({ value }, i) => [`f${i}`, value])),
  }));
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
}

/** Whether a schema is of a type that Java writes as another text: single precision. */
export function isFloat(schema: ConnectSchema): boolean {
  return schema.type === 'float' && schema.name !== DECIMAL;
}
