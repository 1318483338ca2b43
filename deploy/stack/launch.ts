/** Starts a server whose output goes to a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { StackError } from './part.js';

/**
 * For a JVM that has little to do once it runs: compiled quickly rather than well, which on two cores is what its start waits
 * for.
 */
export const QUICK_JVM: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export interface LaunchOptions {
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/**
 * Starts `program` in a session of its own, so that Ctrl-C in the runner's terminal does not reach it: the runner ends
 * it in its own order.
 *
 * @param log the file that standard output and standard error are appended to
 */
export async function launch(
  program: string,
  args: readonly string[],
  log: string,
  { env = {}, cwd }: LaunchOptions = {},
): Promise<ChildProcess> {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'a');
  try {
    const child = spawn(program, [...args], {
      detached: true,
      stdio: ['ignore', file, file],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new StackError(`Cannot start ${program}: ${error.message}`, { cause: error })),
      );
    });
    return child;
  } finally {
    closeSync(file);
  }
}

/** The last lines of a log, for an error message. */
export function tail(log: string, lines: number): string {
  return linesOf(log).slice(-lines).join('\n');
}

/** What a log says of errors, which much else may follow, and its end. */
function excerpt(log: string): string {
  const lines = linesOf(log);
  const errors = lines.filter((line) => /\b(ERROR|FATAL)\b|Exception/.test(line)).slice(-10);
  const said = errors.length === 0 ? '' : `Its last errors:\n${errors.join('\n')}\n`;
  return `${said}The end of ${log}:\n${lines.slice(-20).join('\n')}`;
}

function linesOf(log: string): string[] {
  return readFileSync(log, 'utf8').trimEnd().split('\n');
}

/**
 * Waits until `ready` says yes.
 *
 * @param alive whether the server's process still runs; when it does not, waiting is useless
 * @throws StackError with the end of the log when it died or took longer than `timeoutMs`
 */
export async function waitUntilReady(
  what: string,
  ready: () => Promise<boolean>,
  alive: () => boolean,
  log: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await ready())) {
    const reason = !alive()
      ? 'ended while it was starting'
      : Date.now() > deadline
        ? `is not ready after ${timeoutMs} ms`
        : undefined;
    if (reason !== undefined) throw new StackError(`${what} ${reason}. ${excerpt(log)}`);
    await wait(100);
  }
}
