/**
 * What a Debezium connector wrote (PostgreSQL, version 3.6, JSON with schema), read as rows. The records are a recording:
 * a snapshot of two rows, then inserts, updates, deletes, and an update of a primary key.
 *
 *     npx tsx examples/09-read-a-debezium-topic.ts
 *
 * prints
 *
 *     r  29256104  car 1  Focus of 2018, tax 150.00
 *     r  29256104  car 2  Fiesta of 2017, tax 150.00
 *     u  29260208  car 1  Focus of 2018, tax 150.00
 *     c  29260392  car 3  Kuga of 2019, tax null
 *     d  29260632  car 2  deleted
 *     c  29260632  car 100  Fiesta of 2017, tax 150.00
 *     d  29260904  car 100  deleted
 *     …
 */
import { readFileSync } from 'node:fs';
import { changes, filter, mapValues, ofTable, string, topic, topology, unwrap } from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';

interface Car {
  readonly id: number;
  readonly model: string | null;
  readonly year: number | null;
  /** `numeric(8,2)`: a decimal, as text with its two digits. */
  readonly tax: string | null;
}

const carChanges = changes<Car, { id: number }>('car_database.public.car_data');
const lines = topic('lines', { key: carChanges.key, value: string() });

const reading = topology('reading', ({ stream }) => {
  stream(carChanges)
    .pipe(
      filter(ofTable('public.car_data')),
      unwrap(), // the row, or null for a delete; where it comes from stays on record.change
      mapValues((car, { key, change }) => {
        const row = car === null ? 'deleted' : `${car.model?.trim()} of ${car.year}, tax ${car.tax}`;
        return `${change?.op}  ${change?.lsn}  car ${key.id}  ${row}`;
      }),
    )
    .to(lines);
});

// The encoding is configuration: 'connect-json' is what a JsonConverter writes with schemas.enable=true.
const driver = await TopologyTestDriver.open(reading, { encoding: 'connect-json' });
const input = driver.createInputTopic(carChanges);
const recording = new URL('../test/fixtures/debezium-3.6/json-with-schema.jsonl', import.meta.url);
for (const line of readFileSync(recording, 'utf8').trim().split('\n')) {
  const { key, value, timestamp } = JSON.parse(line);
  input.pipeBytes(bytes(key), bytes(value), { timestamp });
}
for (const line of driver.createOutputTopic(lines).readValuesToList()) console.log(line);
await driver.close();

function bytes(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64');
}
