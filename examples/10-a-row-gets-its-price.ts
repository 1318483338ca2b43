/**
 * The whole way, on this machine: a row goes into a table of PostgreSQL, its change through the topology, and the priced
 * row into another table. `millrace dev` starts everything and is stopped at the end; its data is in a folder of its own.
 *
 *     npx tsx examples/10-a-row-gets-its-price.ts
 *
 * prints
 *
 *     insert: Focus 2018, 9083 miles, £13741.16
 *     update: Focus 2018, 30000 miles, £11924.66
 *     delete: gone
 *     millrace dev ended with 0
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const home = join(tmpdir(), `millrace-example-${process.pid}`);
const millrace = spawn('node', ['bin/millrace.js', 'dev', 'topology/car-prices.ts', '--rows', '0', '--json'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...process.env, MILLRACE_HOME: home, MILLRACE_PG_PORT: '0', MILLRACE_REGISTRY_PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = once(millrace, 'exit');
const lines = createInterface({ input: millrace.stdout })[Symbol.asyncIterator]();

/** The next event of a kind among those that `millrace dev --json` prints. */
async function next(kind: string): Promise<Record<string, unknown>> {
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const event = JSON.parse(line.value);
    if (event.event === kind) return event;
    if (event.event === 'error') throw new Error(event.message);
  }
  throw new Error(`millrace dev ended before it said '${kind}'`);
}

try {
  const { postgres } = await next('ready');
  const database = new pg.Client({ connectionString: String(postgres) });
  await database.connect();

  const shown = async () => {
    await next('priced'); // said when the row is committed in the table
    const { rows } = await database.query('select * from car_data_predicted');
    const [car] = rows;
    return car === undefined
      ? 'gone'
      : `${car.model} ${car.year}, ${car.mileage} miles, £${car.suggestedprice.toFixed(2)}`;
  };

  await database.query(
    `insert into car_data (model, year, transmission, mileage, fueltype, tax, mpg, enginesize)
     values ('Focus', 2018, 'Manual', 9083, 'Petrol', 150, 57.7, 1.0)`,
  );
  console.log(`insert: ${await shown()}`);
  await database.query('update car_data set mileage = 30000');
  console.log(`update: ${await shown()}`);
  await database.query('delete from car_data');
  console.log(`delete: ${await shown()}`);
  await database.end();
} finally {
  millrace.kill('SIGTERM'); // finishes what is in flight, then stops the parts one by one
  const [code] = await ended;
  console.log(`millrace dev ended with ${code}`);
  await rm(home, { recursive: true, force: true });
}
