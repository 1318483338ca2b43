/**
 * A real PostgreSQL for one machine, in a folder of ours.
 *
 * What must hold:
 *  P1. Nothing is changed before everything that can be refused has been: folder, account, port.
 *  P2. No start needs a repair by hand, however the last run ended: a server left behind is stopped, a stale lock
 *      is cleared, a half-made cluster is made again.
 *  P3. The server ends with us, and not before us (see spawn-postgres.ts).
 *  P4. What was committed survives `kill -9` of any process and a power cut: `fsync` and `synchronous_commit` keep
 *      PostgreSQL's defaults (on). With `synchronous_commit=off` in `settings`, a kill of our process still loses
 *      nothing (the server goes on and shuts down properly); a power cut, or a kill of the server, may lose the
 *      last half second, but leaves a sound database.
 */
import { resolve } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { lockFolder } from '../../folder-lock.js';
import { postgresAccount } from './account.js';
import { postgresBinaries } from './binaries.js';
import { connectionUrl, HOST } from './connection-url.js';
import { dataFolderOf, ensureDataFolder } from './data-folder.js';
import { ensureDatabase } from './database.js';
import { makeFolder, requireEnterable } from './folder.js';
import { clearLeftover, stopProcess } from './leftover.js';
import { requireFreePort } from './port.js';
import { isPostmasterOf, readPostmasterFile } from './postmaster-file.js';
import { ended } from './running-process.js';
import { startServer } from './server.js';

export interface PostgresConfig {
  /** The folder of this database and of nothing else; made where it is missing. */
  readonly directory: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Created where it does not exist. */
  readonly database: string;
  /** Further server settings, e.g. `{ max_slot_wal_keep_size: '1GB' }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Milliseconds that `stop` gives a fast shutdown before it makes it an immediate one. Default 10,000. */
  readonly stopTimeoutMs?: number;
}

export interface RunningPostgres {
  /** `postgres://user:password@127.0.0.1:port/database`, of the superuser. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** The postmaster's process number. */
  readonly pid: number;
  /** Resolves with how the server ended, asked to or not. */
  readonly exited: Promise<string>;
  /** Stops it and resolves when no process of it is left. Safe to call twice. */
  stop(): Promise<void>;
  /** Ends it as a crash would (SIGKILL); the next start recovers. For tests of what must survive. */
  kill(): Promise<void>;
}

/** These are ours to set: capture, and reaching the server, depend on them. */
const FIXED = ['listen_addresses', 'port', 'unix_socket_directories', 'wal_level'];
const STOP_TIMEOUT_MS = 10_000;

/**
 * Starts PostgreSQL with logical decoding on 127.0.0.1, making cluster and database where they are missing.
 *
 * @throws ConfigurationError when a folder, the account, the port or a setting stands in the way; it names which
 * @example
 * const postgres = await startPostgres({ directory: '.millrace/postgres', port: 0, database: 'car_database' });
 * // … postgres.url …
 * await postgres.stop();
 */
export async function startPostgres(config: PostgresConfig): Promise<RunningPostgres> {
  const directory = resolve(config.directory);
  const dataFolder = dataFolderOf(directory);
  const settings = config.settings ?? {};
  for (const name of FIXED) {
    if (name in settings) throw new ConfigurationError(`The setting ${name} cannot be changed here.`, name);
  }

  const binaries = await postgresBinaries();
  if (config.port !== 0 && !(await leftoverListensOn(config.port, dataFolder))) await requireFreePort(config.port);
  const account = await postgresAccount();
  await requireEnterable(directory, binaries, account);

  await makeFolder(directory, account);
  // From here on a PostgreSQL that runs in the folder has lost the process that it belonged to.
  const lock = await lockFolder(directory, 'PostgreSQL');
  try {
    await clearLeftover(dataFolder);
    const password = await ensureDataFolder(directory, binaries, account);
    const server = await startServer({ binaries, directory, dataFolder, account, port: config.port, settings });
    const urlOf = (database: string): string => connectionUrl(server.port, database, password);

    const end = async (stopServer: () => Promise<void>): Promise<void> => {
      server.child.ref();
      // Once it has ended by itself its number may be another's.
      if (!server.hasEnded()) await stopServer();
      await server.exited;
      await lock.release();
    };
    let ending: Promise<void> | undefined;
    const running: RunningPostgres = {
      url: urlOf(config.database),
      host: HOST,
      port: server.port,
      pid: server.pid,
      exited: server.exited,
      stop: () => {
        ending ??= end(() => stopServerProcess(server.pid, config.stopTimeoutMs ?? STOP_TIMEOUT_MS));
        return ending;
      },
      kill: () => {
        ending ??= end(async () => {
          process.kill(server.pid, 'SIGKILL');
          await ended(server.pid, STOP_TIMEOUT_MS);
        });
        return ending;
      },
    };
    try {
      await ensureDatabase(urlOf, config.database);
    } catch (error) {
      await running.stop();
      throw error;
    }
    return running;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function stopServerProcess(pid: number, fastMs: number): Promise<void> {
  if (!(await stopProcess(pid, fastMs))) {
    throw new Error(`PostgreSQL (process ${pid}) did not stop, neither fast nor at once.`);
  }
}

/** Whether the port is held by the server that a dead process left in this very folder: it will be stopped. */
async function leftoverListensOn(port: number, dataFolder: string): Promise<boolean> {
  const left = await readPostmasterFile(dataFolder);
  return left?.port === port && (await isPostmasterOf(left.pid, dataFolder));
}
