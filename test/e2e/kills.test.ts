import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listings } from '../../models/ford/listings.js';
import type { ConsumedRecord } from '../../src/brokers/port.js';
import { startPostgres } from '../../src/cdc/postgres/index.js';
import { freePort } from '../../src/cdc/postgres/port.js';
import { type Row, rowsOf, untilRows, withClient } from './database-client.js';
import { fordPrices } from './ford-prices.js';
import { MillraceHome, type MillraceProcess } from './millrace-process.js';
import { RestlessClient } from './restless-client.js';
import { seeded } from './seeded-random.js';
import { committedRecords, payloadOf } from './topic-contents.js';

const KILLS = Number(process.env.MILLRACE_KILLS ?? 20);
const SEED = Number(process.env.MILLRACE_KILLS_SEED ?? Date.now() % 1_000_000);
const TRACED = 'test/e2e/traced-car-prices.ts';
/** Enough that a snapshot takes long enough to be killed in. */
const ROWS_AT_FIRST = 10_000;
const TABLE = `create table car_data (
  id serial primary key, model text, year int, transmission text, mileage int,
  fueltype text, tax int, mpg double precision, enginesize double precision)`;
/** Rows of one table that are not in the other as they should be. */
const DIFFERENT = `select id from car_data c full join car_data_predicted p using (id)
  where c is null or p is null or (c.model, c.year, c.transmission, c.mileage, c.fueltype, c.tax, c.mpg, c.enginesize)
    is distinct from (p.model, p.year, p.transmission, p.mileage, p.fueltype, p.tax, p.mpg, p.enginesize) limit 5`;

let home: MillraceHome;
beforeAll(async () => {
  home = await MillraceHome.make();
  const postgres = await startPostgres({ directory: join(home.path, 'postgres'), port: 0, database: 'car_database' });
  await withClient(postgres.url, async (client) => {
    await client.query(TABLE);
    const cars = listings(3)[Symbol.iterator]();
    const rows = Array.from({ length: ROWS_AT_FIRST }, () => cars.next().value as object);
    const columns = 'model, year, transmission, mileage, fueltype, tax, mpg, enginesize';
    await client.query(
      `insert into car_data (${columns}) select ${columns} from json_populate_recordset(null::car_data, $1)`,
      [JSON.stringify(rows)],
    );
  });
  await postgres.stop();
});
afterAll(() => home.remove());

describe(`${KILLS} kills (MILLRACE_KILLS_SEED=${SEED})`, () => {
  test('lose no change, price none twice, and need no repair', { timeout: 60_000 + KILLS * 10_000 }, async () => {
    const random = seeded(SEED);
    const port = await freePort();
    const client = new RestlessClient(home.path, port, random);
    const readied: boolean[] = [];
    try {
      for (let kill = 0; kill < KILLS; kill += 1) readied.push(await startAndKill(home, port, kill, random));
    } finally {
      await client.stop();
    }
    expect(client.confirmed).toBeGreaterThan(KILLS);
    // Some died while they started, some while they worked.
    expect(new Set(readied)).toEqual(new Set([true, false]));

    const last = home.dev([], { topology: TRACED, env: { MILLRACE_PG_PORT: String(port) } });
    const { postgres } = await last.event('ready');
    await withClient(postgres as string, async (database) => {
      await untilRows(database, DIFFERENT, (rows) => rows.length === 0, 'every change priced');
      const priced = await rowsOf(database, 'select * from car_data_predicted');
      const expected = await fordPrices(priced);
      const wrong = priced.filter((row, index) => Math.abs((row.suggestedprice as number) - expected[index]!) > 0.01);
      expect(wrong).toEqual([]);
    });
    expect(await last.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await expectEachPricedOnce(home.path);
  });
});

/** @returns whether it was ready before it was killed */
async function startAndKill(where: MillraceHome, port: number, kill: number, random: () => number): Promise<boolean> {
  const started = where.dev([], { topology: TRACED, env: { MILLRACE_PG_PORT: String(port) } });
  if (kill % 3 === 0) {
    // Whenever: while modules are loaded, PostgreSQL recovers, stores are restored, or just after. The first at once.
    await Promise.race([wait(random() * (kill === 0 ? 100 : 3_000)), started.exit]);
  } else if (kill % 3 === 1) {
    // In the snapshot, or while it catches up.
    await started.event('ready');
    await Promise.race([wait(random() * 500), started.exit]);
  } else {
    await started.event('priced');
    await Promise.race([wait(random() * 1_000), started.exit]);
  }
  const ready = started.events('ready').length > 0;
  expectAlive(started);
  expect(await started.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  return ready;
}

/** A start that ends by itself needs somebody. */
function expectAlive(started: MillraceProcess): void {
  if (started.hasEnded) throw new Error(`it ended by itself:\n${started.transcript}`);
}

interface CapturedChange {
  readonly id: number;
  readonly op: string;
  readonly lsn: number;
  readonly offset: number;
  readonly row: Row | null;
}

/** Reads what stands in the topics: each change captured once, priced once, in the order of the changes. */
async function expectEachPricedOnce(path: string): Promise<void> {
  const [captured, output] = await committedRecords(path, ['car_database.public.car_data', 'car_data_predicted']);
  const changes = captured!.flatMap(changeOf);
  expect(repeated(changes)).toEqual([]);
  expect(jumps(changes)).toEqual([]);

  const byOffset = new Map(changes.map((change) => [change.offset, change]));
  const priced = output!.map(({ key, value, headers }) => {
    const { suggestedprice: _, ...row } = payloadOf(value) ?? {};
    const offset = Number(headers.find((header) => header.key === 'source-offset')!.value);
    return { id: payloadOf(key)!.id, row: value === null ? null : row, change: byOffset.get(offset)! };
  });
  const outOfPlace = priced.filter(
    ({ change }, index) => index > 0 && change.offset <= priced[index - 1]!.change.offset,
  );
  expect(outOfPlace, 'priced twice, or overtaken').toEqual([]);
  expect(priced.filter(({ id, row, change }) => id !== change.id || !sameRow(row, change.row))).toEqual([]);

  // The output is compacted: where a change has no output any more, a later one of its key has.
  const lastOf = new Map(priced.map(({ change }) => [change.id, change.offset]));
  const kept = new Set(priced.map(({ change }) => change.offset));
  const unpriced = changes.filter(({ id, offset }) => !kept.has(offset) && !((lastOf.get(id) ?? -1) > offset));
  expect(unpriced).toEqual([]);
}

/** The tombstone after a delete is no change of its own. */
function changeOf({ key, value, offset }: ConsumedRecord): CapturedChange[] {
  const change = payloadOf(value);
  if (change === null) return [];
  const { lsn } = change.source as { lsn: number };
  return [{ id: payloadOf(key)!.id as number, op: change.op as string, lsn, offset, row: change.after as Row | null }];
}

function sameRow(left: Row | null, right: Row | null): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Changes of one key at one place in the log. The first after a snapshot stands where the snapshot was taken. */
function repeated(changes: readonly CapturedChange[]): CapturedChange[] {
  const seen = new Set<string>();
  return changes.filter(({ id, op, lsn }) => {
    const place = `${op === 'r' ? 'snapshot of ' : ''}${id} at ${lsn}`;
    return seen.size === seen.add(place).size;
  });
}

/** Updates that do not come after the one before: each adds a mile. */
function jumps(changes: readonly CapturedChange[]): CapturedChange[] {
  const miles = new Map<number, number>();
  return changes.filter(({ id, op, row }) => {
    const before = miles.get(id);
    if (row === null) miles.delete(id);
    else miles.set(id, row.mileage as number);
    return op === 'u' && row?.mileage !== before! + 1;
  });
}
