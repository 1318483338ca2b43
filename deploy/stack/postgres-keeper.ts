/**
 * The process that PostgreSQL belongs to while the stack runs: `postgres-keeper.ts DIRECTORY PORT DATABASE`. The runner may end
 * before the stack does, and `startPostgres` ends the server with the process that started it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgres } from '../../src/cdc/postgres/index.js';
import { deployFolder } from './folders.js';

const [directory = '', port = '', database = ''] = process.argv.slice(2);
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
});

// The server does not keep the process that started it; this one is there for nothing else.
setInterval(() => {}, 2 ** 30);

const postgres = await startPostgres({ directory, port: Number(port), database });
const client = new Client({ connectionString: postgres.url });
await client.connect();
await client.query(await readFile(join(deployFolder, 'postgres', 'car_data.sql'), 'utf8'));
await client.end();

const how = await Promise.race([stopped, postgres.exited]);
if (how !== undefined) {
  console.error(`PostgreSQL ended by itself: ${how}`);
  process.exitCode = 1;
}
await postgres.stop();
process.exit();
