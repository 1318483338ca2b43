/** What the loops do with the bytes of a change: two ways to read it, one way to write the row. */
import { NO_HEADERS } from '../../src/record.js';
import { avro } from '../../src/serde/avro/encoding.js';
import { debezium } from '../../src/serde/debezium-json.js';
import type { SerdeContext } from '../../src/serde/serde.js';
import type { Encoding, Job } from '../kafka/job.js';
import { confluentHeader, latest, register } from './registry.js';
import { rowsInJson } from './rows-in-json.js';
import { rowSchema, typeOf } from './whole-avro.js';

/** `whole`: parses all of it, as one does by hand. `millrace`: our decoder, which reads what is used. */
export type Decoder = 'whole' | 'millrace';

interface Car {
  readonly mileage: number;
  readonly year: number;
}

/** What is used of a change. */
interface Change {
  readonly op: string;
  readonly after: Car | null;
  readonly source: { readonly table: string };
}

type Read = (bytes: Buffer) => Change;
type Write = (row: object) => Buffer;

/** Gives the bytes of the row with its price; undefined for a change that is dropped. */
export async function work(job: Job, decoder: Decoder): Promise<(bytes: Buffer) => Buffer | undefined> {
  const read = await (decoder === 'whole' ? WHOLE[job.encoding](job) : readByMillrace(job));
  const write = await WRITERS[job.encoding](job);
  return (bytes) => {
    const { op, source, after } = read(bytes);
    if (op === 'd' || after === null || source.table !== 'car_data') return undefined;
    return write({ ...after, suggestedprice: after.mileage / 4 + after.year });
  };
}

const WHOLE: Readonly<Record<Encoding, (job: Job) => Promise<Read>>> = {
  json: async () => (bytes) => JSON.parse(bytes.toString()) as Change,
  'connect-json': async () => (bytes) => (JSON.parse(bytes.toString()) as { readonly payload: Change }).payload,
  avro: async ({ registry, input }) => {
    const { schema } = await latest(registry, `${input}-value`);
    const envelope = typeOf(schema);
    return (bytes) => envelope.fromBuffer(bytes.subarray(5)) as Change;
  },
};

async function readByMillrace({ encoding, input, registry }: Job): Promise<Read> {
  const serde = encoding === 'avro' ? avro({ registry }).changes<Car>(undefined) : debezium<Car>();
  if (encoding === 'avro') {
    const { id } = await latest(registry, `${input}-value`);
    await serde.prepare?.([{ topic: input, bytes: confluentHeader(id), headers: NO_HEADERS }]);
  }
  const context: SerdeContext = { topic: input, headers: NO_HEADERS, schema: undefined };
  return (bytes) => serde.deserialize(bytes, context)!;
}

const WRITERS: Readonly<Record<Encoding, (job: Job) => Promise<Write>>> = {
  json: async ({ encoding }) => rowsInJson(encoding),
  'connect-json': async ({ encoding }) => rowsInJson(encoding),
  avro: async ({ registry, input, output }) => {
    const schema = rowSchema((await latest(registry, `${input}-value`)).schema);
    const header = confluentHeader(await register(registry, `${output}-value`, schema));
    const type = typeOf(schema);
    return (row) => Buffer.concat([header, type.toBuffer(row)]);
  },
};
