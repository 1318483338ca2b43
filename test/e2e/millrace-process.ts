/** The command as a user starts it: a process of its own, whose lines are read as they come. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The folder of the project, in which commands are run. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = join(ROOT, 'bin/millrace.js');
const DEADLINE_MS = 60_000;

/** A line of `--json`. */
export interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface MillraceOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A folder that PostgreSQL's own account may enter (`mkdtemp` closes its folders to other accounts). */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-e2e-'));
  await chmod(folder, 0o755);
  return folder;
}

/** A process `node bin/millrace.js …`. */
export class MillraceProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  /** Every line of standard output, as it came. */
  readonly output: string[] = [];
  errorOutput = '';
  readonly #watchers = new Set<() => void>();
  #ended: Exit | undefined;

  constructor(args: readonly string[], { env = {}, cwd = ROOT }: MillraceOptions = {}) {
    this.child = spawn(process.execPath, [COMMAND, ...args], {
      cwd,
      env: { ...process.env, MILLRACE_PG_PORT: '0', MILLRACE_REGISTRY_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = createInterface({ input: this.child.stdout! });
    lines.on('line', (line) => {
      this.output.push(line);
      this.#tell();
    });
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.errorOutput += chunk.toString();
    });
    this.exit = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.#ended = { code, signal };
        resolve(this.#ended);
        this.#tell();
      });
    });
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** The lines of `--json` so far, one event only where it is named. */
  events(event?: string): Line[] {
    const lines = this.output.map((line) => JSON.parse(line) as Line);
    return event === undefined ? lines : lines.filter((line) => line.event === event);
  }

  /** Waits for the first line, old or new, that `matches`. Rejects when the process ends without one. */
  async line(what: string, matches: (line: Line) => boolean): Promise<Line> {
    let seen = 0;
    return this.until(what, () => {
      while (seen < this.output.length) {
        const line = JSON.parse(this.output[seen++]!) as Line;
        if (matches(line)) return line;
      }
      return undefined;
    });
  }

  /** The first line of this event. */
  event(event: string): Promise<Line> {
    return this.line(event, (line) => line.event === event);
  }

  /** Asks `look` at each new line, until it gives something. */
  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#watchers.delete(check);
      };
      const check = () => {
        try {
          const found = look();
          if (found !== undefined) {
            end();
            resolve(found);
          } else if (this.#ended !== undefined) {
            end();
            reject(new Error(`ended (${JSON.stringify(this.#ended)}) before "${what}"; it said:\n${this.transcript}`));
          }
        } catch (error) {
          end();
          reject(error as Error);
        }
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`no "${what}" within ${DEADLINE_MS} ms; it said:\n${this.transcript}`));
      }, DEADLINE_MS);
      this.#watchers.add(check);
      check();
    });
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal);
    return this.exit;
  }

  get transcript(): string {
    return `${this.output.slice(-40).join('\n')}\n${this.errorOutput}`;
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** A home folder and the processes that were started on it; `remove` ends what still runs. */
export class MillraceHome {
  readonly path: string;
  readonly #folder: string;
  readonly #processes: MillraceProcess[] = [];

  static async make(): Promise<MillraceHome> {
    return new MillraceHome(await temporaryFolder());
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'home');
  }

  /** Starts `millrace dev <topology> --json` on it. */
  dev(args: readonly string[] = [], options: MillraceOptions & { topology?: string } = {}): MillraceProcess {
    const { topology = 'topology/car-prices.ts', ...rest } = options;
    const started = new MillraceProcess(['dev', topology, '--json', ...args], {
      ...rest,
      env: { MILLRACE_HOME: this.path, ...rest.env },
    });
    this.#processes.push(started);
    return started;
  }

  async remove(): Promise<void> {
    for (const started of this.#processes) {
      if (!started.hasEnded) await started.end('SIGTERM');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
