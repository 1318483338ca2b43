/** Avro by avsc as its documentation has it: whole values, longs as bigints, because `ts_ns` is larger than 2^53. */
import avsc from 'avsc';

const BIG_LONG = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

export function typeOf(schema: unknown): avsc.Type {
  return avsc.Type.forSchema(schema as avsc.Schema, { registry: { long: BIG_LONG } });
}

interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

/** The schema of a row with its price, from that of the envelope, which defines the row where it first names it. */
export function rowSchema(envelope: unknown): RecordSchema {
  const before = (envelope as RecordSchema).fields.find(({ name }) => name === 'before')!.type as readonly unknown[];
  const row = before.find((branch) => typeof branch === 'object') as RecordSchema;
  return { ...row, name: 'PricedCar', fields: [...row.fields, { name: 'suggestedprice', type: 'double' }] };
}
