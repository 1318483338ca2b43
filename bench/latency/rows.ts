import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { listings } from '../../models/ford/listings.js';
import type { TimedRow } from './path.js';

const COLUMNS = ['model', 'year', 'transmission', 'mileage', 'fueltype', 'tax', 'mpg', 'enginesize'] as const;
/** Beyond those that are there already. */
const FIRST_ID = 100_000;
const PRICED_WITHIN_MS = 30_000;

/** Connections that insert: a row need not wait for the one before. */
const CONNECTIONS = 4;

/** Inserts rows at a steady rate, whatever becomes of them, and waits until all are priced. */
export async function insertAtRate(
  connectionString: string,
  count: number,
  perSecond: number,
): Promise<readonly TimedRow[]> {
  const listening = new pg.Client({ connectionString });
  await listening.connect();
  const inserting = new pg.Pool({ connectionString, max: CONNECTIONS });
  try {
    return await timed(listening, inserting, count, perSecond);
  } finally {
    await inserting.end();
    await listening.end();
  }
}

async function timed(
  client: pg.Client,
  inserting: pg.Pool,
  count: number,
  perSecond: number,
): Promise<readonly TimedRow[]> {
  const visible = new Map<number, number>();
  client.on('notification', ({ payload }) => visible.set(Number(payload), performance.now()));
  await client.query(`create or replace function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('visible', new.id::text); return null; end $$`);
  await client.query('listen visible');
  await client.query('create trigger visible after insert on car_data_predicted for each row execute function tell()');

  const places = COLUMNS.map((_, index) => `$${index + 2}`).join(', ');
  const text = `insert into car_data (id, ${COLUMNS.join(', ')}) values ($1, ${places})`;
  const cars = listings(11)[Symbol.iterator]();
  const start = performance.now();
  const inserts: Promise<Omit<TimedRow, 'visible'>>[] = [];
  for (let row = 0; row < count; row += 1) {
    const car = cars.next().value as unknown as Record<string, unknown>;
    const id = FIRST_ID + row;
    await delay(Math.max(0, start + (row * 1_000) / perSecond - performance.now()));
    const sent = performance.now();
    inserts.push(
      inserting
        .query({ name: 'insert', text, values: [id, ...COLUMNS.map((column) => car[column])] })
        .then(() => ({ id, sent, committed: performance.now() })),
    );
  }
  const inserted = await Promise.all(inserts);
  const until = performance.now() + PRICED_WITHIN_MS;
  while (visible.size < count) {
    if (performance.now() > until) throw new Error(`${count - visible.size} rows were not priced in time`);
    await delay(50);
  }
  return inserted.map((row) => ({ ...row, visible: visible.get(row.id)! }));
}
