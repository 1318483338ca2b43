/** `npm run stack` as a user starts it, for a test: on free ports, with data of its own, ended with the test's process. */
import { execFile, execFileSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { guard } from '../../deploy/stack/guard.js';
import { type Format, StackError } from '../../deploy/stack/part.js';
import { findJava, findMaven, findPython } from '../../deploy/stack/prerequisites.js';
import { ROOT, temporaryFolder } from '../e2e/millrace-process.js';

const run = promisify(execFile);
const PORTS = ['POSTGRES', 'KAFKA', 'REGISTRY', 'BENTOML', 'CONNECT'];

/**
 * Why the stack cannot run here: no Java 21, Maven or Python 3.11. Printed, because tests are skipped for it; where the
 * environment variable CI is set it is an error instead.
 */
export async function whyNoStack(): Promise<string | undefined> {
  try {
    await Promise.all([findJava(21, 'The schema registry'), findMaven(), findPython()]);
    return undefined;
  } catch (error) {
    if (!(error instanceof StackError) || process.env.CI) throw error;
    console.warn(`The tests against the whole stack are skipped: ${error.message}`);
    return error.message;
  }
}

/** One line of the runner's own `.stack/run`. */
interface RunRecord {
  readonly pid: number;
  readonly endpoint: string;
}

export class RunningStack {
  #env: Readonly<Record<string, string>>;
  #endpoints: ReadonlyMap<string, string> = new Map();
  #pids: ReadonlyMap<string, number> = new Map();
  readonly #letGo = new Map<string, () => void>();

  private constructor(readonly folder: string) {
    const ports = PORTS.map((name) => [`MILLRACE_${name}_PORT`, '0'] as const);
    this.#env = { ...process.env, ...Object.fromEntries(ports), MILLRACE_STACK_HOME: join(folder, 'stack') };
  }

  /** Starts everything and waits until it is ready. */
  static async start(format: Format): Promise<RunningStack> {
    const stack = new RunningStack(await temporaryFolder());
    console.log(await stack.command('--detach', '--format', format));
    await stack.#look();
    return stack;
  }

  /** Takes down who runs now, and at which ports: what is started again later is at the same ones. */
  async #look(): Promise<void> {
    const records = join(this.folder, 'stack', 'run');
    const parts = (await readdir(records)).map((file) => file.replace('.json', ''));
    const endpoints = new Map<string, string>();
    const pids = new Map<string, number>();
    for (const part of parts) {
      const { pid, endpoint } = JSON.parse(await readFile(join(records, `${part}.json`), 'utf8')) as RunRecord;
      endpoints.set(part, endpoint);
      pids.set(part, pid);
      this.#letGo.get(part)?.();
      this.#letGo.set(part, guard(pid));
    }
    this.#endpoints = endpoints;
    this.#pids = pids;
    const ports = parts.map((part) => [
      `MILLRACE_${part.toUpperCase()}_PORT`,
      /:(\d+)(?:\/|$)/.exec(endpoints.get(part)!)![1]!,
    ]);
    this.#env = { ...this.#env, ...Object.fromEntries(ports) };
  }

  /** Sends a signal to a part and the processes that it has started. */
  signal(part: string, signal: NodeJS.Signals): void {
    const pid = this.#pids.get(part);
    if (pid === undefined) throw new Error(`the stack has no ${part}`);
    // BentoML's workers are in groups of their own, and live on without it.
    for (const each of [pid, ...descendantsOf(pid)]) process.kill(each, signal);
  }

  /** Starts a part that was ended again, on its data and at its port. */
  async again(part: string): Promise<void> {
    await this.command('--detach', '--only', part);
    await this.#look();
  }

  /** `npm run stack -- …`: what it printed. */
  async command(...args: readonly string[]): Promise<string> {
    const main = join(ROOT, 'deploy/stack/main.ts');
    const command = ['--import', import.meta.resolve('tsx'), main, ...args];
    const { stdout } = await run(process.execPath, command, { env: this.#env, cwd: ROOT });
    return stdout;
  }

  endpointOf(part: string): string {
    const endpoint = this.#endpoints.get(part);
    if (endpoint === undefined) throw new Error(`the stack has no ${part}`);
    return endpoint;
  }

  /** What `millrace run` is told by the environment to work on this stack. */
  settings(format: Format): Readonly<Record<string, string>> {
    return {
      MILLRACE_BOOTSTRAP_SERVERS: this.endpointOf('kafka'),
      MILLRACE_STATE_DIR: join(this.folder, 'state'),
      MILLRACE_REGISTRY_URL: this.endpointOf('registry'),
      FORD_PRICE_URL: this.endpointOf('bentoml'),
      CAR_PRICES_FORMAT: format,
    };
  }

  /** Stops all parts and removes their data. */
  async remove(): Promise<void> {
    await this.command('stop');
    for (const letGo of this.#letGo.values()) letGo();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The processes that a process has started, and theirs. */
function descendantsOf(pid: number): readonly number[] {
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const parents = lines.map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, parent: number]);
  const childrenOf = (of: number): readonly number[] =>
    parents.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...childrenOf(child)]);
  return childrenOf(pid);
}
