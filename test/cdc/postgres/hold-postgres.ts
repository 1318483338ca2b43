// A program that starts PostgreSQL in the folder of its first argument, says where, and stays until it is killed.
import { startPostgres } from '../../../src/cdc/postgres/index.js';

const postgres = await startPostgres({ directory: process.argv[2] ?? '', port: 0, database: 'held' });
process.stdout.write(`${JSON.stringify({ url: postgres.url, pid: postgres.pid })}\n`);
setInterval(() => undefined, 60_000);
