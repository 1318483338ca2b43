/** How the database goes when its process is killed, and what the next start makes of what is left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { postgresAccount } from '../../../src/cdc/postgres/account.js';
import { postgresBinaries } from '../../../src/cdc/postgres/binaries.js';
import { startPostgres } from '../../../src/cdc/postgres/index.js';
import { readPostmasterFile } from '../../../src/cdc/postgres/postmaster-file.js';
import { ended } from '../../../src/cdc/postgres/running-process.js';
import { startServer } from '../../../src/cdc/postgres/server.js';
import { temporaryFolder } from './temporary-postgres.js';

const PROGRAM = fileURLToPath(new URL('./hold-postgres.ts', import.meta.url));

let directory: string;
let holder: ChildProcess | undefined;
beforeEach(async () => {
  directory = await temporaryFolder();
});
afterEach(async () => {
  holder?.kill('SIGKILL');
  const left = await readPostmasterFile(join(directory, 'data'));
  if (left !== undefined && left.pid !== process.pid) await ended(left.pid, 10_000);
  await rm(directory, { recursive: true, force: true });
});

async function hold(): Promise<{ pid: number }> {
  holder = spawn(process.execPath, ['--import', 'tsx', PROGRAM, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(holder.stdout!, 'data')) as [Buffer];
  return JSON.parse(line.toString());
}

test('the database ends with a process that is killed, and the folder starts again', async () => {
  const { pid } = await hold();
  holder?.kill('SIGKILL');
  expect(await ended(pid, 20_000)).toBe(true);

  const next = await startPostgres({ directory, port: 0, database: 'held' });
  await next.stop();
});

test('a start in the same instant waits for the dying one', async () => {
  const { pid } = await hold();
  const exit = once(holder!, 'exit');
  holder?.kill('SIGKILL');
  await exit;

  const next = await startPostgres({ directory, port: 0, database: 'held' });
  expect(await ended(pid, 0)).toBe(true);
  await next.stop();
});

test('Ctrl-C in the terminal does not reach the database', async () => {
  const { pid } = await hold();
  // What a terminal does: SIGINT to the process group. Ours is not the database's, so this signals nobody there.
  expect(() => process.kill(-pid, 0)).not.toThrow();
  expect(holder?.pid).not.toBe(pid);
});

test('a server that outlived its process is stopped, on the port that it holds', async () => {
  const first = await startPostgres({ directory, port: 0, database: 'held' });
  await first.stop();
  const orphan = await startServer({
    binaries: await postgresBinaries(),
    directory,
    dataFolder: join(directory, 'data'),
    account: await postgresAccount(),
    port: first.port,
    settings: {},
  });

  const next = await startPostgres({ directory, port: first.port, database: 'held' });
  expect(await orphan.exited).toBe('exit code 0');
  expect(next.pid).not.toBe(orphan.pid);
  await next.stop();
});

test('a lock whose number another process got is not taken for a running server', async () => {
  const first = await startPostgres({ directory, port: 0, database: 'held' });
  await first.stop();
  await writeFile(join(directory, 'data', 'postmaster.pid'), `${process.pid}\n${join(directory, 'data')}\n1\n5432\n`);

  const next = await startPostgres({ directory, port: 0, database: 'held' });
  await next.stop();
});
