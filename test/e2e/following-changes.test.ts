import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertCar, type Row, rowsOf, untilRows, withClient } from './database-client.js';
import { fordPrices } from './ford-prices.js';
import { type Line, MillraceHome, type MillraceProcess } from './millrace-process.js';

const FOCUS = {
  model: ' Focus',
  year: 2017,
  transmission: 'Manual',
  mileage: 21_000,
  fueltype: 'Petrol',
  tax: 145,
  mpg: 60.1,
  enginesize: 1,
};

let home: MillraceHome;
let started: MillraceProcess;
let url: string;
beforeAll(async () => {
  home = await MillraceHome.make();
  started = home.dev(['--rows', '0']);
  url = (await started.event('ready')).postgres as string;
});
afterAll(() => home.remove());

const database = <T>(use: (client: pg.Client) => Promise<T>): Promise<T> => withClient(url, use);

async function priceOf(car: Row): Promise<number> {
  return (await fordPrices([car]))[0]!;
}

/** The row of the other table, once it is there as wanted. */
async function predicted(client: pg.Client, id: number, wanted: (row: Row) => boolean = () => true): Promise<Row> {
  const query = `select * from car_data_predicted where id = ${id}`;
  const [row] = await untilRows(client, query, ([found]) => found !== undefined && wanted(found), `row ${id}`);
  return row!;
}

async function gone(client: pg.Client, id: number): Promise<void> {
  await untilRows(client, `select from car_data_predicted where id = ${id}`, (rows) => rows.length === 0, 'deleted');
}

describe('car_data_predicted follows car_data', () => {
  test('a new row has its price', () =>
    database(async (client) => {
      const id = await insertCar(client, FOCUS);
      const { suggestedprice, ...car } = await predicted(client, id);
      expect(car).toEqual({ id, ...FOCUS });
      expect(suggestedprice).toBeCloseTo(await priceOf(FOCUS), 2);
    }));

  test('an update gives another price', () =>
    database(async (client) => {
      const id = await insertCar(client, FOCUS);
      const { suggestedprice: before } = await predicted(client, id);
      await client.query('update car_data set mileage = 90000 where id = $1', [id]);
      const { suggestedprice } = await predicted(client, id, ({ mileage }) => mileage === 90_000);
      expect(suggestedprice).toBeCloseTo(await priceOf({ ...FOCUS, mileage: 90_000 }), 2);
      expect(suggestedprice).toBeLessThan(before as number);
    }));

  test('a change that the model does not see is answered from memory', () =>
    database(async (client) => {
      const id = await insertCar(client, FOCUS);
      const { suggestedprice } = await predicted(client, id);
      const counted = (line: Line) => line.event === 'status' && line.inFlight === 0;
      const settled = await started.until('a status', () => started.events().filter(counted).at(-1));
      // Blanks around a text are no feature: the row is another, the question is the same.
      await client.query(`update car_data set model = 'Focus ' where id = $1`, [id]);
      expect((await predicted(client, id, ({ model }) => model === 'Focus ')).suggestedprice).toBe(suggestedprice);
      const saved = await started.line(
        'a call saved',
        (line) => counted(line) && (line.modelCallsSaved as number) > (settled.modelCallsSaved as number),
      );
      expect((saved.modelCalls as number) + (saved.modelCallsSaved as number)).toBe(saved.read);
    }));

  test('a delete deletes, another primary key moves the row', () =>
    database(async (client) => {
      const deleted = await insertCar(client, FOCUS);
      const moved = await insertCar(client, FOCUS);
      await predicted(client, moved);
      await client.query('delete from car_data where id = $1', [deleted]);
      await client.query('update car_data set id = 7000 where id = $1', [moved]);
      expect((await predicted(client, 7_000)).suggestedprice).toBeCloseTo(await priceOf(FOCUS), 2);
      await gone(client, deleted);
      await gone(client, moved);
    }));

  test('a column added while it runs appears, empty in older rows; nothing stops', () =>
    database(async (client) => {
      const older = await insertCar(client, FOCUS);
      await predicted(client, older);
      await client.query('alter table car_data add column colour text');
      const red = await insertCar(client, { ...FOCUS, colour: 'red' });
      expect(await predicted(client, red)).toMatchObject({ colour: 'red' });
      expect(await predicted(client, older)).toMatchObject({ colour: null });
      const blue = await insertCar(client, { ...FOCUS, mileage: 5, colour: 'blue' });
      expect((await predicted(client, blue)).suggestedprice).toBeCloseTo(await priceOf({ ...FOCUS, mileage: 5 }), 2);
      expect(await rowsOf(client, 'select id from car_data except select id from car_data_predicted')).toEqual([]);
      expect(started.hasEnded).toBe(false);
      expect(started.events('warn')).toEqual([]);
    }));
});
