import { type Car, listings } from '../models/ford/listings.js';
import { type ConnectSchema, NO_HEADERS } from '../src/record.js';
import { connectJson } from '../src/serde/connect-json.js';
import { float64, int32, optional, string, struct } from '../src/serde/connect-schema.js';
import { envelopeSchema } from '../src/serde/envelope-schema.js';
import { json } from '../src/serde/json.js';

export const SOURCE = 'car_database.public.car_data';

/** How change events are written. */
export type Written = 'connect-json' | 'json';

export interface Event {
  readonly key: Buffer;
  readonly value: Buffer;
}

/**
 * Change events of inserted cars, as capture writes them, in order of position.
 *
 * @param cars how many there are: beyond that each comes again, the same but for its position
 */
export function* changeEvents(count: number, cars: number, written: Written): Generator<Event, void, undefined> {
  const made = listings(7);
  const known: Car[] = [];
  const text = optional(string);
  const row = struct(`${SOURCE}.Value`, {
    id: int32,
    model: text,
    year: optional(int32),
    transmission: text,
    mileage: optional(int32),
    fueltype: text,
    tax: optional(int32),
    mpg: optional(float64),
    enginesize: optional(float64),
  });
  const valueSchema = envelopeSchema(SOURCE, row);
  const keySchema: ConnectSchema = struct(`${SOURCE}.Key`, { id: int32 });
  const values = written === 'json' ? json<unknown>() : connectJson<unknown>();
  const keySerde = written === 'json' ? json<unknown>() : connectJson<unknown>();
  const context = { topic: SOURCE, headers: NO_HEADERS, schema: valueSchema as ConnectSchema | undefined };
  for (let index = 0; index < count; index += 1) {
    const id = index % cars;
    const car = known[id] ?? made.next().value;
    if (count > cars) known[id] = car;
    const lsn = 30_000_000 + index * 64;
    const at = 1_795_232_652_636 + index;
    const change = {
      before: null,
      after: { ...car, id },
      source: {
        version: '3.6.0.Final',
        connector: 'postgresql',
        name: 'car_database',
        ts_ms: at,
        snapshot: 'false',
        db: 'car_database',
        sequence: `["${lsn}","${lsn}"]`,
        ts_us: at * 1_000,
        ts_ns: BigInt(at) * 1_000_000n,
        schema: 'public',
        table: 'car_data',
        txId: 768 + index,
        lsn,
        xmin: null,
        origin: null,
        origin_lsn: null,
      },
      transaction: null,
      op: 'c',
      ts_ms: at,
      ts_us: at * 1_000,
      ts_ns: BigInt(at) * 1_000_000n,
    };
    context.schema = keySchema;
    const key = keySerde.serialize({ id }, context)!;
    context.schema = valueSchema;
    yield { key, value: values.serialize(change, context)! };
  }
}
