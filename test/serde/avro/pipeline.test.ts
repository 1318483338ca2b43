/**
 * What a live Debezium 3.6 wrote, as Avro and as JSON, through a whole application and the table sink: the two tables hold
 * the same rows, the column that was added in the middle of the recording included.
 */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Application } from '../../../src/app/application.js';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../../src/brokers/embedded/index.js';
import { tableSink } from '../../../src/cdc/sink/index.js';
import { systemClock } from '../../../src/clock.js';
import { mapValues } from '../../../src/operators/map-values.js';
import { unwrap } from '../../../src/operators/unwrap.js';
import { avro } from '../../../src/serde/avro/encoding.js';
import { float64 } from '../../../src/serde/connect-schema.js';
import { connectJsonEncoding, type Encoding } from '../../../src/serde/encoding.js';
import { memoryEngines } from '../../../src/state/memory.js';
import { changes, table } from '../../../src/topology/topic.js';
import { topology } from '../../../src/topology/topology.js';
import { type TemporaryPostgres, temporaryPostgres } from '../../cdc/postgres/temporary-postgres.js';
import { recorded } from '../recorded.js';
import { recordedAvro } from './recorded-avro.js';
import { registryOfRecording } from './registry-folder.js';

interface Car {
  readonly id: number;
  readonly tax: string | null;
}

interface Records {
  readonly encoding: Encoding;
  readonly records: readonly { readonly key: Buffer | null; readonly value: Buffer | null }[];
}

const AVRO_TOPIC = 'car_avro2.public.car_data';

let postgres: TemporaryPostgres;
let db: pg.Client;
let broker: EmbeddedBroker;
let registry: Awaited<ReturnType<typeof registryOfRecording>>;
beforeAll(async () => {
  postgres = await temporaryPostgres();
  db = new pg.Client({ connectionString: postgres.url });
  await db.connect();
  broker = await openEmbeddedBroker();
  registry = await registryOfRecording(AVRO_TOPIC);
});
afterAll(async () => {
  await broker.close();
  await registry.remove();
  await db.end();
  await postgres.remove();
});

/** Runs the recording through an application that adds a column, and into a table. */
async function priced(name: string, { encoding, records }: Records): Promise<unknown[]> {
  const source = `${name}.public.car_data`;
  const cars = changes<Car, { id: number }>(source);
  const out = table(`${name}_priced`, cars.row.plus({ doubled: float64 }));
  const pipeline = topology(name, ({ stream }) =>
    stream(cars)
      .pipe(
        unwrap(),
        mapValues((car) => car && { ...car, doubled: 2 * Number(car.tax) }),
      )
      .to(out),
  );
  const admin = await broker.admin();
  await admin.createTopics([source, out.name].map((topic) => ({ topic, partitions: 1 })));
  await admin.close();
  const producer = await broker.producer({});
  for (const { key, value } of records) {
    producer.produce({ topic: source, partition: 0, key, value, timestamp: 1, headers: [] });
  }
  await producer.flush(5_000);
  await producer.close();

  const end = new Map([[`${source}-0`, records.length]]);
  const application = new Application(
    pipeline,
    { 'application.id': name, encoding },
    { broker, engines: memoryEngines() },
    {},
    { bounds: end },
  );
  await application.start();
  await application.ended();
  expect(application.failure).toBeUndefined();
  const sink = tableSink(
    { name, topics: out.name, 'connection.url': postgres.url, 'schema.evolution': 'basic' },
    {
      broker,
      clock: systemClock,
      serdes: () => ({ key: encoding.values('key'), value: encoding.values('value') }),
    },
  );
  await sink.start();
  await sink.drain(30_000);
  expect(await sink.ended).toBeUndefined();
  // `listed` was the time at which the records were made.
  const { rows } = await db.query<object>(`select * from ${name}_priced order by id`);
  return rows.map((row) => ({ ...row, listed: undefined }));
}

/** What the table holds in the end, by the recorded JSON alone: no serde, no operator and no sink has part in it. */
function lastRows(): unknown[] {
  const rows = new Map<number, Record<string, unknown>>();
  for (const { key, value } of recorded('json-with-schema.jsonl')) {
    const payload = (bytes: Buffer) => (JSON.parse(bytes.toString()) as { payload: unknown }).payload;
    const { id } = payload(key!) as { id: number };
    const { after } = (value === null ? {} : payload(value)) as { after?: Record<string, unknown> | null };
    if (!after) {
      rows.delete(id);
      continue;
    }
    const { model, mileage, notes = null } = after;
    // A large value that an update did not touch.
    const kept = notes === '__debezium_unavailable_value' ? rows.get(id)?.notes : notes;
    rows.set(id, { id, model, mileage, notes: kept });
  }
  return [...rows.values()].sort((a, b) => Number(a.id) - Number(b.id));
}

test('the same rows, whether the changes and the priced rows are Avro or JSON', async () => {
  const asAvro = await priced('car_avro2', { encoding: avro({ registry: registry.url }), records: recordedAvro() });
  const asJson = await priced('car_json', {
    encoding: connectJsonEncoding,
    records: recorded('json-with-schema.jsonl'),
  });
  expect(asAvro).toEqual(asJson);
  const shown = (asAvro as Record<string, unknown>[]).map(({ id, model, mileage, notes }) => ({
    id,
    model,
    mileage,
    notes,
  }));
  expect(shown).toEqual(lastRows());
  // The column that was added in the middle has its value, and is empty in a row that was not touched after that.
  expect(shown.map(({ notes }) => typeof notes)).toContain('string');
  expect(shown[0]).toMatchObject({ id: 1, notes: null });
  const types = (name: string) =>
    db.query(
      `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
       where attrelid = to_regclass($1) and attnum > 0 order by attnum`,
      [`${name}_priced`],
    );
  expect((await types('car_avro2')).rows).toEqual((await types('car_json')).rows);
  // The rows were written with a schema of their own for each version of the table.
  const versions = await fetch(`${registry.url}/subjects/car_avro2_priced-value/versions`);
  expect(await versions.json()).toEqual([1, 2]);
});
