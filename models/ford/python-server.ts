/** A server of the model in Python, as a process of this machine: for tests and measurements. */
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

/** Longest that the service may take to be ready, and to end, in milliseconds. */
const READY_WITHIN_MS = 90_000;
const ENDED_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;
/** Characters of what it printed that an error quotes. */
const QUOTED = 2_000;

/** How a server is set up and started. */
export interface ServerScript {
  readonly name: string;
  /** Takes `setup`, and `serve PORT`. */
  readonly script: string;
  /** Answers 200 when the server is ready. */
  readonly readyPath: string;
}

/** A server that is ready. */
export interface ModelServer {
  readonly url: string;
  /** The processes that answer: children of the one that was started. */
  workers(): Promise<readonly number[]>;
  /** SIGTERM; SIGKILL to all of it when that is not enough. */
  stop(): Promise<void>;
}

/** Whether there is the Python that it needs. */
export async function hasPython(): Promise<boolean> {
  try {
    await promisify(execFile)(process.env.PYTHON ?? 'python3.11', ['--version']);
    return true;
  } catch {
    // Not there, or no program: either way it cannot be used.
    return false;
  }
}

/** Installs what it needs into `.stack`, which takes a minute or two the first time and no time later. */
export async function setUpServer({ script }: ServerScript): Promise<void> {
  await promisify(execFile)(script, ['setup']);
}

/**
 * Starts it.
 *
 * @param port default: a free one
 * @throws Error with what it printed, when it ends or is not ready in time
 */
export async function startServer({ name, script, readyPath }: ServerScript, port?: number): Promise<ModelServer> {
  const chosen = port ?? (await freePort());
  const child = spawn(script, ['serve', String(chosen)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-QUOTED);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasEnded = true;
      resolve();
    });
  });
  const pid = child.pid ?? -1;
  const url = `http://127.0.0.1:${chosen}`;
  const stop = async () => {
    if (hasEnded) return;
    const workers = await childrenOf(pid);
    child.kill('SIGTERM');
    const killing = setTimeout(() => {
      child.kill('SIGKILL');
      for (const worker of workers) kill(worker);
    }, ENDED_WITHIN_MS);
    await ended;
    clearTimeout(killing);
  };
  const until = Date.now() + READY_WITHIN_MS;
  while (!(await isReady(`${url}${readyPath}`))) {
    if (!hasEnded && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      continue;
    }
    await stop();
    throw new Error(`${name} was not ready on ${url}; it printed: ${printed}`);
  }
  return { url, workers: () => childrenOf(pid), stop };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}

async function childrenOf(parent: number): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const processes = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return processes.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with the one that started it, as it should.
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
