/**
 * What decoding a change costs: `JSON.parse` of the whole against taking the row, the operation and two fields of the
 * source, in nanoseconds of processor time a record, so that a busy machine counts little.
 *
 * Run: npx tsx bench/decode.ts
 */
import { readFileSync } from 'node:fs';
import type { Change } from '../src/cdc/change.js';
import { changeContextOf } from '../src/operators/change-context.js';
import { avroChanges } from '../src/serde/avro/avro-changes.js';
import { AvroSerde } from '../src/serde/avro/avro-serde.js';
import { float64, struct, structOf } from '../src/serde/connect-schema.js';
import { debezium } from '../src/serde/debezium-json.js';
import type { SerdeContext } from '../src/serde/serde.js';
import { changes, serdesFor, table } from '../src/topology/topic.js';
import { FakeRegistry, recordedAvro, recordedSchemas, schemasOf } from '../test/serde/avro/recorded-avro.js';
import { machine } from './machine.js';

interface Car {
  readonly id: number;
  readonly model: string;
}

const ROUNDS = 7;
const CALLS = 100_000;

/** Recorded changes with a row of the usual size, in the order of the recording. */
function recorded(file: string): readonly Buffer[] {
  return readFileSync(new URL(`../test/fixtures/debezium-3.6/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { value: string | null }).value)
    .filter((value) => value !== null)
    .map((value) => Buffer.from(value, 'base64'))
    .filter((bytes) => bytes.length < 5_000 && bytes.includes('"op":"u"'));
}

/** The best of several rounds: the others were disturbed. Every call takes the next of the records. */
function nanoseconds(records: readonly Buffer[], decode: (bytes: Buffer) => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage().user;
    for (let i = 0; i < CALLS; i++) consumed = decode(records[i % records.length]!);
    best = Math.min(best, ((process.cpuUsage().user - start) * 1_000) / CALLS);
  }
  return Math.round(best);
}

/** Keeps results alive, so that no call is optimised away. */
let consumed: unknown;

const context: SerdeContext = { topic: 'cars', headers: [], schema: undefined };
const serde = debezium<Car>();

function whole(bytes: Buffer): unknown {
  const parsed = JSON.parse(bytes.toString()) as Change<Car> & { payload?: Change<Car> };
  const change = parsed.payload ?? parsed;
  return change.op === 'd' ? change.source.lsn : [change.after, change.source.table];
}

function lazy(bytes: Buffer): unknown {
  const change = serde.deserialize(bytes, context)!;
  return change.op === 'd' ? change.source.lsn : [change.after, change.source.table, change.source.lsn];
}

function unwrapped(bytes: Buffer): unknown {
  const change = serde.deserialize(bytes, context)!;
  return [change.after, changeContextOf(change)];
}

console.log(`\nwhat decoding and writing cost\n${machine()}`);
for (const [name, file] of [
  ['plain', 'json.jsonl'],
  ['with schema', 'json-with-schema.jsonl'],
] as const) {
  const records = recorded(file);
  const size = Math.round(records.reduce((sum, bytes) => sum + bytes.length, 0) / records.length);
  console.log(`${name}, ${records.length} records of ${size} bytes on average`);
  for (const [what, decode] of Object.entries({ whole, lazy, unwrapped })) {
    console.log(`  ${what.padEnd(10)} ${String(nanoseconds(records, decode)).padStart(6)} ns a record`);
  }
}

const carChanges = changes<Car, { id: number }>('cars');
const priced = serdesFor(table('priced', carChanges.row.plus({ suggestedprice: float64 })), 'connect-json');
const bytes = recorded('json-with-schema.jsonl')[0]!;
const car = serde.deserialize(bytes, context)!.after!;
const schema = context.schema!.fields!.find((field) => field.field === 'after');
const row = { ...car, suggestedprice: 9000.5 };
const size = priced.value.serialize(row, { ...context, schema })!.length;
console.log(`a row written with its schema, ${size} bytes`);
const writing = nanoseconds([bytes], () => {
  context.schema = schema;
  return priced.value.serialize(row, context);
});
console.log(`  written    ${String(writing).padStart(6)} ns a record`);

const registry = new FakeRegistry(recordedSchemas());
const schemas = schemasOf(registry);
const avroSerde = avroChanges<Car>(schemas);
const asAvro = recordedAvro()
  .map(({ value }) => value)
  .filter((value) => value !== null)
  .filter((value) => value.length < 1_000);
await avroSerde.prepare(asAvro.map((value) => ({ topic: 'cars', bytes: value, headers: [] })));
const updates = asAvro.filter((value) => avroSerde.deserialize(value, context)!.op === 'u');
const avroSize = Math.round(updates.reduce((sum, value) => sum + value.length, 0) / updates.length);
console.log(`Avro, ${updates.length} records of ${avroSize} bytes on average`);
const readers = new Map([...recordedSchemas().keys()].map((id) => [id, schemas.known.find(id)?.reader]));
for (const [what, decode] of Object.entries({
  whole: (value: Buffer) => readers.get(value.readInt32BE(1))!.read(value, 5),
  lazy(value: Buffer) {
    const change = avroSerde.deserialize(value, context)!;
    return change.op === 'd' ? change.source.lsn : [change.after, change.source.table, change.source.lsn];
  },
  unwrapped(value: Buffer) {
    const change = avroSerde.deserialize(value, context)!;
    return [change.after, changeContextOf(change)];
  },
})) {
  console.log(`  ${what.padEnd(10)} ${String(nanoseconds(updates, decode)).padStart(6)} ns a record`);
}

const writer = new AvroSerde<typeof row>(schemas, 'value');
const rowSchema = struct('cars.Value', { suggestedprice: float64 });
const merged = structOf('priced.Value', [...schema!.fields!, ...rowSchema.fields!]);
await writer.prepareToWrite('priced', merged);
const written = () => {
  context.topic = 'priced';
  context.schema = merged;
  return writer.serialize(row, context);
};
console.log(`the row in Avro, ${written()!.length} bytes`);
console.log(`  written    ${String(nanoseconds([bytes], written)).padStart(6)} ns a record`);
console.log(`(${typeof consumed})`);
