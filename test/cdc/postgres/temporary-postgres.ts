/** A PostgreSQL in a folder of its own, for tests; both are gone after `remove`. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresConfig, type RunningPostgres, startPostgres } from '../../../src/cdc/postgres/index.js';

/** `mkdtemp` closes its folder to other accounts; the one that PostgreSQL runs as under root must enter it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'));
  await chmod(folder, 0o755);
  return folder;
}

export interface TemporaryPostgres extends RunningPostgres {
  remove(): Promise<void>;
}

/** Starts one on a free port. `synchronous_commit` and `fsync` are off: a test's data need not survive a power cut. */
export async function temporaryPostgres(config: Partial<PostgresConfig> = {}): Promise<TemporaryPostgres> {
  const directory = config.directory ?? (await temporaryFolder());
  const postgres = await startPostgres({
    port: 0,
    database: 'car_database',
    ...config,
    directory,
    settings: { fsync: 'off', synchronous_commit: 'off', ...config.settings },
  });
  return {
    ...postgres,
    async remove() {
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
