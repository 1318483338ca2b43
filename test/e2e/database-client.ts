/** What a client of the database sees, and waits for. */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

export type Row = Record<string, unknown>;
const DEADLINE_MS = 30_000;

/** Connects, uses the connection, closes it. */
export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

export async function rowsOf(client: pg.Client, query: string, values: readonly unknown[] = []): Promise<Row[]> {
  return (await client.query<Row>(query, [...values])).rows;
}

const NO_SUCH_TABLE = '42P01';

/** Asks until the rows are as wanted: what the tables shall hold is known, when it will be is not. */
export async function untilRows(
  client: pg.Client,
  query: string,
  wanted: (rows: Row[]) => boolean,
  what: string,
): Promise<Row[]> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const rows = await rowsOf(client, query).catch((error: { code?: string }) => {
      // The sink makes its table with the first row.
      if (error.code === NO_SUCH_TABLE) return undefined;
      throw error;
    });
    if (rows !== undefined && wanted(rows)) return rows;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${DEADLINE_MS} ms; last: ${JSON.stringify(rows)}`);
    await wait(10);
  }
}

/** `insert into car_data … returning id`. */
export async function insertCar(client: pg.Client, car: Row): Promise<number> {
  const columns = Object.keys(car);
  const places = columns.map((_, index) => `$${index + 1}`);
  const text = `insert into car_data (${columns.join(', ')}) values (${places.join(', ')}) returning id`;
  const [row] = await rowsOf(client, text, Object.values(car));
  return row!.id as number;
}
