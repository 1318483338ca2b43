import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rowsOf, untilRows, withClient } from './database-client.js';
import { MillraceHome } from './millrace-process.js';

/** Pounds, mean absolute: what the trainer demands of the model before it writes it. */
const LARGEST_ERROR = 850;
const FIXTURE = new URL('../fixtures/ford/predictions.json', import.meta.url);
const COLUMNS = ['model', 'year', 'transmission', 'mileage', 'fueltype', 'tax', 'mpg', 'enginesize', 'price'] as const;

interface Listing {
  readonly car: Readonly<Record<string, string | number>>;
  readonly price: number;
}

/** Listings that the shipped model has not learnt from, as lines of a CSV. */
async function unseenListings(): Promise<string[]> {
  const { unseen, predictions } = JSON.parse(await readFile(FIXTURE, 'utf8')) as {
    unseen: number;
    predictions: Listing[];
  };
  return predictions
    .slice(0, unseen)
    .map(({ car, price }) => COLUMNS.map((column) => (column === 'price' ? price : car[column])).join(','));
}

let home: MillraceHome;
beforeAll(async () => {
  home = await MillraceHome.make();
});
afterAll(() => home.remove());

describe('listings of a CSV, inserted while it runs', () => {
  test(`are all priced, off by less than £${LARGEST_ERROR} on the average`, async () => {
    const lines = await unseenListings();
    expect(lines).toHaveLength(300);
    const started = home.dev(['--rows', '0']);
    const { postgres } = await started.event('ready');
    await withClient(postgres as string, async (client) => {
      await client.query('create table asked (id int primary key, price float8)');
      for (const line of lines) {
        const cells = line.split(',');
        const [row] = await rowsOf(
          client,
          `insert into car_data (${COLUMNS.slice(0, -1).join(', ')}) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
          cells.slice(0, -1),
        );
        await client.query('insert into asked values ($1, $2)', [row!.id, cells.at(-1)]);
      }
      const [{ n, error }] = (await untilRows(
        client,
        `select count(*)::int as n, avg(abs(suggestedprice - price)) as error
         from asked join car_data_predicted using (id)`,
        ([row]) => row!.n === lines.length,
        'every row priced',
      )) as [{ n: number; error: number }];
      expect(n).toBe(300);
      expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThan(LARGEST_ERROR);
    });
    expect(await started.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(started.events('priced')).toHaveLength(lines.length);
  });
});
