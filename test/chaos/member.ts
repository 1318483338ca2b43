import { join } from 'node:path';
import { type Exit, type Line, MillraceProcess } from '../e2e/millrace-process.js';

/** What all processes of a run have in common. */
export interface MemberSettings {
  readonly bootstrapServers: string;
  readonly guarantee: 'exactly_once_v2' | 'at_least_once';
  readonly applicationId: string;
  readonly topology: string;
  readonly config: string;
  /** Names of topics by how the topology declares them. */
  readonly topics: Readonly<Record<string, string>>;
  /** Below it each member has a folder for its stores. */
  readonly folder: string;
  readonly sessionTimeoutMs: number;
  readonly transactionTimeoutMs: number;
}

/** What became of a process that was stopped past its session timeout and continued. */
export interface Outcome {
  readonly how: 'ended' | 'rejoined' | 'neither';
  /** What it said, warnings and worse. */
  readonly said: readonly string[];
  /** When it was stopped it had read nothing since its start: a member that waits for partitions has none to lose. */
  readonly hadNothing: boolean;
}

/** One instance of the group: a process of `millrace run` that is started again under the same name. */
export class Member {
  readonly name: string;
  readonly #settings: MemberSettings;
  #home: number;
  #process: MillraceProcess | undefined;
  #working: MillraceProcess | undefined;
  #onEnd: ((exit: Exit, transcript: string) => void) | undefined;

  constructor(name: string, settings: MemberSettings) {
    this.name = name;
    this.#settings = settings;
    this.#home = 1;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  /** It has got its partitions once since it was started. */
  get isWorking(): boolean {
    return this.isUp && this.#working === this.#process;
  }

  /** Where the stores of its present home are. */
  get tasksFolder(): string {
    return join(this.#stateDir, this.#settings.applicationId, this.name, 'tasks');
  }

  get #stateDir(): string {
    return join(this.#settings.folder, `host-${this.#home}-of-${this.name}`);
  }

  /** @param onEnd told when the process ends without having been killed or asked to */
  start(onEnd: (exit: Exit, transcript: string) => void): void {
    const { bootstrapServers, guarantee, applicationId, topology, config, topics, ...times } = this.#settings;
    const started = new MillraceProcess([
      ...['--config', config, 'run', topology, '--json', '--bootstrap-servers', bootstrapServers],
      ...['--application-id', applicationId, '--instance-id', this.name, '--state-dir', this.#stateDir],
      ...['--processing-guarantee', guarantee, '--commit-interval-ms', '100'],
      ...Object.entries(topics).flatMap(([declared, name]) => ['--set', `topics.${declared}=${name}`]),
      ...['--set', `session.timeout.ms=${times.sessionTimeoutMs}`],
      ...['--set', `producer.transaction.timeout.ms=${times.transactionTimeoutMs}`],
    ]);
    this.#process = started;
    this.#onEnd = onEnd;
    // Who waits for it is told; one that is killed while it starts never works.
    this.running().catch(() => {});
    void started.exit.then((exit) => {
      if (this.#process !== started) return;
      this.#process = undefined;
      this.#onEnd?.(exit, started.transcript);
    });
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const killed = this.#forget();
    await killed.end('SIGKILL');
  }

  /** SIGSTOP, and nobody sends it anything until `thaw`. */
  freeze(): void {
    this.#process!.child.kill('SIGSTOP');
  }

  /** SIGCONT: waits until it is clear what has become of it. */
  async thaw(): Promise<Outcome> {
    return thawed(this.#process!);
  }

  /**
   * Leaves the frozen process behind and starts its successor under the same name with an empty disk, as on another host.
   *
   * @returns continues the one left behind, and waits for what becomes of it
   */
  replace(onEnd: (exit: Exit, transcript: string) => void): () => Promise<Outcome> {
    const left = this.#forget();
    this.#home += 1;
    this.start(onEnd);
    return async () => {
      const outcome = await thawed(left);
      if (!left.hasEnded) await left.end('SIGKILL');
      return outcome;
    };
  }

  /** SIGTERM: drains. */
  async drain(): Promise<Exit> {
    return this.#forget().end('SIGTERM');
  }

  /** Ends whatever still runs of it. */
  async bury(): Promise<void> {
    if (this.#process !== undefined) await this.kill();
  }

  /** Resolves when it runs for the first time since its start. */
  async running(): Promise<void> {
    const starting = this.#process!;
    await starting.line('RUNNING', ({ state }) => state === 'RUNNING');
    this.#working = starting;
  }

  #forget(): MillraceProcess {
    const process = this.#process!;
    this.#process = undefined;
    return process;
  }
}

async function thawed(process: MillraceProcess): Promise<Outcome> {
  const from = process.output.length;
  const since = (): readonly Line[] => process.output.slice(from).map((line) => JSON.parse(line) as Line);
  process.child.kill('SIGCONT');
  let how: Outcome['how'] = 'rejoined';
  try {
    await process.until('an end, or to be RUNNING again', () => {
      const states = since().flatMap(({ state, event }) => (event === 'status' ? [] : [state]));
      return states.includes('REBALANCING') && states.at(-1) === 'RUNNING' ? true : undefined;
    });
  } catch {
    how = process.hasEnded ? 'ended' : 'neither';
  }
  const statuses = process.output.slice(0, from).map((line) => JSON.parse(line) as Line);
  const hadNothing = statuses.findLast(({ event }) => event === 'status')?.read === 0;
  const said = since().filter(({ level, event }) => level === 'warn' || event === 'error');
  return { how, said: said.map(({ message }) => String(message)), hadNothing };
}
