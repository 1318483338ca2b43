/** The changes that all contenders read: the same cars in each encoding, written once. */
import type { Broker } from '../../src/brokers/port.js';
import { NO_HEADERS } from '../../src/record.js';
import { avro } from '../../src/serde/avro/encoding.js';
import { connectJson } from '../../src/serde/connect-json.js';
import type { Serde, SerdeContext } from '../../src/serde/serde.js';
import { fill } from '../car-prices.js';
import { changeEvents, type Event } from '../change-events.js';
import { type Encoding, PARTITIONS } from './job.js';

/** Different cars; more records than these are the same again. */
const CARS = 50_000;

export interface Input {
  readonly topic: string;
  readonly records: number;
  /** Mean bytes of a value. */
  readonly bytes: number;
  /** The sum of `suggestedprice` over all rows that must come out. */
  readonly sum: number;
}

/** Fills a topic with `records` changes. */
export async function fillInput(broker: Broker, encoding: Encoding, records: number, registry: string): Promise<Input> {
  const topic = `changes-${encoding}`;
  const cars = Math.min(records, CARS);
  const rounds = Math.round(records / cars);
  const events = await eventsIn(encoding, cars, topic, registry);
  const admin = await broker.admin();
  await admin.createTopics([{ topic, partitions: PARTITIONS }]);
  await admin.close();
  for (let round = 0; round < rounds; round += 1) await fill(broker, topic, events);
  const rows = [...changeEvents(cars, cars, 'json')].map(({ value }) => rowOf(value));
  return {
    topic,
    records: rounds * cars,
    bytes: Math.round(events.reduce((sum, { value }) => sum + value.length, 0) / cars),
    sum: rounds * rows.reduce((sum, { mileage, year }) => sum + mileage / 4 + year, 0),
  };
}

function rowOf(value: Buffer): { readonly mileage: number; readonly year: number } {
  return (JSON.parse(value.toString()) as { after: { mileage: number; year: number } }).after;
}

async function eventsIn(encoding: Encoding, cars: number, topic: string, registry: string): Promise<readonly Event[]> {
  if (encoding !== 'avro') return [...changeEvents(cars, cars, encoding)];
  const written = changeEvents(cars, cars, 'connect-json');
  const schemas = avro({ registry });
  const [keys, values] = [schemas.values<unknown>('key'), schemas.values<unknown>('value')];
  const events: Event[] = [];
  for (const { key, value } of written) {
    events.push({ key: await inAvro(key, keys, topic), value: await inAvro(value, values, topic) });
  }
  return events;
}

const read = connectJson<unknown>();

async function inAvro(bytes: Buffer, serde: Serde<unknown>, topic: string): Promise<Buffer> {
  const context: SerdeContext = { topic, headers: NO_HEADERS, schema: undefined };
  const value = read.deserialize(bytes, context);
  await serde.prepareToWrite?.(topic, context.schema!);
  return serde.serialize(value, context)!;
}
