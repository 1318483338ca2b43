/** One server process, from its start to the moment at which it accepts connections. */
import type { ChildProcess } from 'node:child_process';
import { open, rm, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { delay, systemClock } from '../../clock.js';
import { ConfigurationError } from '../../errors.js';
import type { PostgresAccount } from './account.js';
import type { PostgresBinaries } from './binaries.js';
import { HOST } from './connection-url.js';
import { freePort, PORT_SETTING, portTaken } from './port.js';
import { readPostmasterFile } from './postmaster-file.js';
import { spawnPostgres } from './spawn-postgres.js';

export interface ServerStart {
  readonly binaries: PostgresBinaries;
  readonly directory: string;
  readonly dataFolder: string;
  readonly account: PostgresAccount;
  readonly port: number;
  readonly settings: Readonly<Record<string, string | number>>;
}

export interface Server {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly exited: Promise<string>;
  hasEnded(): boolean;
}

/** Recovery after a crash replays the log since the last checkpoint; it is given this long, in milliseconds. */
const READY_WITHIN_MS = 120_000;
const LOG_KEPT_BYTES = 8 * 1024 * 1024;

/** The free port that was found may be taken before the server has it; another one will do as well. */
const FREE_PORT_ATTEMPTS = 5;

/**
 * Starts the server on `start.port`, or on a free one when that is 0.
 *
 * @throws ConfigurationError with the end of the server's own log when it does not start
 */
export async function startServer(start: ServerStart): Promise<Server> {
  if (start.port !== 0) return startServerOn(start);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServerOn({ ...start, port: await freePort() });
    } catch (error) {
      const taken = error instanceof ConfigurationError && error.setting === PORT_SETTING;
      if (!taken || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

/** Starts the server and waits until it accepts connections. */
async function startServerOn(start: ServerStart): Promise<Server> {
  const logFile = join(start.directory, 'postgres.log');
  const logStart = await prepareLog(logFile);
  const settings = {
    log_min_messages: 'warning',
    ...start.settings,
    wal_level: 'logical',
    listen_addresses: HOST,
    unix_socket_directories: '',
    port: start.port,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { child, exited } = spawnPostgres(start.binaries.postgres, args, start.dataFolder, logFile, start.account);
  let howItEnded: string | undefined;
  void exited.then((how) => {
    howItEnded = how;
  });

  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    if (howItEnded !== undefined) {
      throw refused(start, howItEnded, await logSince(logFile, logStart));
    }
    const state = await readPostmasterFile(start.dataFolder);
    if (state !== undefined && state.pid === child.pid && state.ready) break;
    if (performance.now() > deadline) {
      child.kill('SIGQUIT');
      throw refused(start, `not ready after ${READY_WITHIN_MS} ms`, await logSince(logFile, logStart));
    }
    await delay(systemClock, 10);
  }
  // Our process may end while the database runs: it goes with us.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return { child, pid: child.pid ?? 0, port: start.port, exited, hasEnded: () => howItEnded !== undefined };
}

function refused(start: ServerStart, how: string, log: string): ConfigurationError {
  // Somebody took the port between our look at it and the server's.
  if (/could not bind .*Address already in use/.test(log)) return portTaken(start.port);
  return new ConfigurationError(
    `PostgreSQL did not start in ${start.dataFolder} (${how}). It says:\n${log.trim()}`,
    'directory',
  );
}

/** Where the log of this start will begin. A log that has grown large starts anew. */
async function prepareLog(logFile: string): Promise<number> {
  try {
    const { size } = await stat(logFile);
    if (size <= LOG_KEPT_BYTES) return size;
    await rm(logFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return 0;
}

/** At most the last 4,000 bytes of what was logged after `position`. */
async function logSince(logFile: string, position: number): Promise<string> {
  const file = await open(logFile, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(position, size - 4_000);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
