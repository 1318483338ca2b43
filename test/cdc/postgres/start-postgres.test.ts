import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningPostgres, runningPostgresUrl, startPostgres } from '../../../src/cdc/postgres/index.js';
import { ended } from '../../../src/cdc/postgres/running-process.js';
import { temporaryFolder } from './temporary-postgres.js';

const asRoot = process.getuid?.() === 0;

let directory: string;
let running: RunningPostgres[];
beforeEach(async () => {
  directory = await temporaryFolder();
  running = [];
});
afterEach(async () => {
  for (const postgres of running) await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(port = 0): Promise<RunningPostgres> {
  const postgres = await startPostgres({ directory, port, database: 'car_database' });
  running.push(postgres);
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function listening(port: number): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ server, port: (server.address() as { port: number }).port }));
  });
}

describe('startPostgres', () => {
  test('makes a cluster and the database, with logical decoding, and finds both again', async () => {
    const first = await start();
    expect(await query(first.url, 'show wal_level')).toEqual([{ wal_level: 'logical' }]);
    expect(await query(first.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
    await query(first.url, 'create table t (id int primary key); insert into t values (1)');
    await first.stop();

    const second = await start();
    expect(await query(second.url, 'select current_database() as name, count(*)::int from t')).toEqual([
      { name: 'car_database', count: 1 },
    ]);
  });

  test('listens on 127.0.0.1 and nowhere else, and wants the password', async () => {
    const { url } = await start();
    expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(url, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
    const wrong = new URL(url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  test('stop leaves no process, may be called twice, and tells how the server ended', async () => {
    const postgres = await start();
    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(await ended(postgres.pid, 0)).toBe(true);
    expect(await postgres.exited).toBe('exit code 0');
    expect((await readdir(directory)).sort()).toEqual(['data', 'password', 'postgres.log']);
  });

  test('stop does not wait for clients', async () => {
    const postgres = await start();
    const client = new pg.Client({ connectionString: postgres.url });
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    const closed = new Promise<void>((resolve) => client.once('end', resolve));
    await client.connect();
    await client.query('begin');
    await postgres.stop();
    await closed;
    expect(errors[0]?.message).toMatch(/terminat/);
  });

  test('what was committed survives a kill of the server, and the next start needs no repair', async () => {
    const first = await start();
    await query(first.url, 'create table t (id int); insert into t values (1)');
    await first.kill();
    expect(await first.exited).toBe('SIGKILL');

    const second = await start();
    expect(await query(second.url, 'select id from t')).toEqual([{ id: 1 }]);
  });

  test('a second one on the same folder is refused, and the first goes on', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(`is in use (PostgreSQL): process ${process.pid} (this one)`),
    });
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('a second one on the same folder and port is told of the folder, not of the port', async () => {
    const first = await start();
    await expect(start(first.port)).rejects.toMatchObject({ setting: 'directory' });
  });

  test('a taken port is refused by the name of its setting before anything is made', async () => {
    const { server, port } = await listening(0);
    try {
      await expect(start(port)).rejects.toMatchObject({
        name: 'ConfigurationError',
        setting: 'MILLRACE_PG_PORT',
        message: expect.stringContaining(`Port ${port} is taken`),
      });
      expect(await readdir(directory)).toEqual([]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('settings that millrace depends on cannot be changed', async () => {
    const config = { directory, port: 0, database: 'x', settings: { wal_level: 'minimal' } };
    await expect(startPostgres(config)).rejects.toMatchObject({ setting: 'wal_level' });
  });

  test('a setting that PostgreSQL refuses is told in its own words', async () => {
    const config = { directory, port: 0, database: 'x', settings: { no_such_setting: 1 } };
    await expect(startPostgres(config)).rejects.toThrow(/unrecognized configuration parameter "no_such_setting"/);
    await start();
  });

  test('an initdb that was interrupted is made again', async () => {
    await mkdir(join(directory, 'initdb', 'data'), { recursive: true });
    await writeFile(join(directory, 'initdb', 'data', 'PG_VERSION'), '18');
    const { url } = await start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await readdir(directory)).not.toContain('initdb');
  });

  test('another process learns its connection from the folder, and that there is none', async () => {
    expect(await runningPostgresUrl(directory, 'car_database')).toBeUndefined();
    const postgres = await start();
    expect(await runningPostgresUrl(directory, 'car_database')).toBe(postgres.url);
    await postgres.stop();
    expect(await runningPostgresUrl(directory, 'car_database')).toBeUndefined();
  });

  test.runIf(asRoot)('a folder that the database account may not enter is named, before anything is made', async () => {
    const closed = await mkdtemp(join(directory, 'closed-'));
    await chmod(closed, 0o700);
    const within = join(closed, 'home', 'postgres');
    await expect(startPostgres({ directory: within, port: 0, database: 'x' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(`chmod o+x ${closed}`),
    });
    expect(await readdir(closed)).toEqual([]);
  });

  test.runIf(asRoot)('a cluster of another account is not touched', async () => {
    await (await start()).stop();
    await chown(join(directory, 'data'), 65_534, 65_534);
    await expect(start()).rejects.toThrow(/belongs to account number 65534/);
  });
});
