/**
 * Starting the server process so that it neither outlives us nor stops before us.
 *
 * - It has a session of its own: Ctrl-C in the terminal reaches us and not the database, which must outlive our drain.
 * - Beside it waits a shell on the other end of a pipe that only we hold. When we are gone, however we went (`kill -9`
 *   too), the pipe ends and the shell asks PostgreSQL for a fast shutdown. The shell is nobody's child, because
 *   PostgreSQL takes a child it does not know for a crashed backend.
 * - The shell that starts both turns into PostgreSQL, so the process we spawned *is* the postmaster.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { PostgresAccount } from './account.js';

const DIE_WITH_US = [
  'exec 3<&0 </dev/null',
  'postmaster=$$',
  '( ( while read -r _ <&3; do :; done; kill -INT "$postmaster" ) >/dev/null 2>&1 & )',
  'exec "$@" 3<&-',
].join('\n');

export interface PostgresProcess {
  readonly child: ChildProcess;
  /** Resolves with how it ended: exit code or signal. */
  readonly exited: Promise<string>;
}

/** Starts `postgres`; its log is appended to `logFile`. It does not keep our process alive. */
export function spawnPostgres(
  postgres: string,
  args: readonly string[],
  dataFolder: string,
  logFile: string,
  account: PostgresAccount,
): PostgresProcess {
  const log = openSync(logFile, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', DIE_WITH_US, 'millrace-postgres', postgres, '-D', dataFolder, ...args], {
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      detached: true,
      cwd: dataFolder,
      env: postgresEnvironment(),
      stdio: ['pipe', log, log],
    });
  } finally {
    closeSync(log);
  }
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      child.stdin?.destroy();
      resolve(signal ?? `exit code ${code}`);
    });
    child.once('error', (error) => resolve(error.message));
  });
  return { child, exited };
}

/** Our environment without PGPORT, PGDATA and the like, which would override what we say; messages in English. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(inherited), LC_MESSAGES: 'C' };
}
