/** Failures of the whole stack, each tried while rows are inserted, and what is counted after it. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { listings } from '../../models/ford/listings.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import { systemClock } from '../../src/clock.js';
import { readTopic } from '../../src/replay/read-topic.js';
import { retrying } from '../../src/runtime/retry.js';
import { millrace } from '../cli/command.js';
import { insertCar, rowsOf, withClient } from '../e2e/database-client.js';
import { type Line, MillraceProcess } from '../e2e/millrace-process.js';
import { RunningStack } from '../stack/running-stack.js';

const TOPOLOGY = 'topology/car-prices.ts';
const DEAD_LETTERS = 'car_prices_dead_letters';
const SETTLED_WITHIN_MS = 180_000;
const ROWS_EVERY_MS = 20;
const run = promisify(execFile);

/** What Connect says of a connector. */
interface Status {
  readonly tasks: readonly { readonly state: string }[];
}

/** What stands between the application and BentoML. */
type Mood = 'passes on' | 'slow' | 'overloaded' | 'nonsense';

/** Breaks something and mends it. @returns what was done */
export type Failure = (trials: Trials) => Promise<string>;

/** By the name on the command line. */
export const failures: Readonly<Record<string, Failure>> = {
  'broker-killed': async ({ stack }) => {
    stack.signal('kafka', 'SIGKILL');
    await wait(5_000);
    await stack.again('kafka');
    return 'Kafka killed, started again after 5 s';
  },
  'broker-unreachable': async ({ stack }) => {
    stack.signal('kafka', 'SIGSTOP');
    await wait(60_000);
    stack.signal('kafka', 'SIGCONT');
    return 'Kafka answers nobody for 60 s';
  },
  'model-killed': async ({ stack }) => {
    stack.signal('bentoml', 'SIGKILL');
    await wait(30_000);
    await stack.again('bentoml');
    return 'BentoML killed, started again after 30 s = 3 x max.poll.interval.ms';
  },
  'model-slow': (trials) => trials.inMood('slow', 10_000, 'BentoML answers 1 s late, for 10 s'),
  'model-overloaded': (trials) => trials.inMood('overloaded', 10_000, 'BentoML answers 503 for 10 s'),
  'model-nonsense': async (trials) => {
    const done = await trials.inMood('nonsense', 3_000, 'BentoML answers HTML for 3 s; then millrace dlq redrive');
    await trials.redrive();
    return done;
  },
  connect: async ({ stack }) => {
    stack.signal('connect', 'SIGKILL');
    await wait(3_000);
    await stack.again('connect');
    return 'Connect killed, started again after 3 s';
  },
  postgres: async (trials) => {
    const { stack } = trials;
    await stack.command('stop', 'postgres');
    await wait(3_000);
    await stack.again('postgres');
    await trials.restartSink();
    return 'PostgreSQL stopped, started again after 3 s, the failed task of the sink restarted';
  },
  'process-killed': async (trials) => {
    await trials.worker.end('SIGKILL');
    trials.startWorker();
    return 'the process killed, started again at once';
  },
  'process-stopped': async (trials) => {
    const stopped = trials.worker;
    const successor = trials.startWorker();
    await successor.line('RUNNING', ({ state }) => state === 'RUNNING');
    stopped.child.kill('SIGSTOP');
    await successor.line('the partitions of the other', ({ state, read }) => state === 'RUNNING' && Number(read) > 200);
    stopped.child.kill('SIGCONT');
    await wait(5_000);
    await stopped.end('SIGTERM');
    return 'the process stopped until another has its partitions, then continued';
  },
  disk: async (trials) => {
    const folder = join(trials.stack.folder, 'small-disk');
    await mkdir(folder);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]);
    try {
      await trials.worker.end('SIGTERM');
      const small = trials.startWorker({ MILLRACE_STATE_DIR: folder });
      await small.exit;
      await run('mount', ['-o', 'remount,size=512m', folder]);
      const again = trials.startWorker({ MILLRACE_STATE_DIR: folder });
      await again.line('what was left over', ({ read }) => Number(read) > 100);
      await again.end('SIGTERM');
      trials.startWorker();
    } finally {
      await run('umount', ['-l', folder]);
    }
    return 'the disk under state.dir full; then larger, and started again';
  },
};

export class Trials {
  readonly #cars = listings(9);
  readonly #workers: MillraceProcess[] = [];
  #mood: Mood = 'passes on';
  #server = createServer((request, response) => void this.#passOn(request, response));
  /** Keys that were written too often, in trials before. */
  #seen = 0;

  private constructor(readonly stack: RunningStack) {}

  static async start(): Promise<Trials> {
    const trials = new Trials(await RunningStack.start('connect-json'));
    await new Promise<void>((resolve) => trials.#server.listen(0, '127.0.0.1', resolve));
    await trials.startWorker().line('RUNNING', ({ state }) => state === 'RUNNING');
    return trials;
  }

  /** The process that was started last. */
  get worker(): MillraceProcess {
    return this.#workers.at(-1)!;
  }

  startWorker(env: Readonly<Record<string, string>> = {}): MillraceProcess {
    const started = new MillraceProcess(['run', TOPOLOGY, '--json', '--set', 'max.poll.interval.ms=10000'], {
      env: { ...this.#settings, ...env },
    });
    this.#workers.push(started);
    return started;
  }

  /** @returns whether all is as it must be */
  async run(name: string, failure: Failure, say: (line: string) => void): Promise<boolean> {
    const before = new Map(this.#workers.map((worker) => [worker, worker.output.length]));
    const startedAt = Date.now();
    const inserting = new AbortController();
    const rows = this.#insert(inserting.signal);
    await wait(2_000);
    const done = await failure(this);
    inserting.abort();
    const inserted = await rows;
    const { lost, twice } = await this.settled();
    const seconds = ((Date.now() - startedAt) / 1_000).toFixed(0);
    const counted = `${inserted} rows inserted, ${lost} lost, ${twice} twice`;
    const ended = this.worker.hasEnded ? ' | the process ENDED' : '';
    say(`${name}: ${done} | ${counted} | ${seconds} s${ended}`);
    for (const line of distinctMessages(this.#workers.flatMap((each) => each.output.slice(before.get(each) ?? 0)))) {
      say(`    ${line}`);
    }
    // As a supervisor does.
    if (this.worker.hasEnded) this.startWorker();
    return lost + twice === 0;
  }

  /** BentoML's answers are changed on the way, for a while. */
  async inMood(mood: Mood, ms: number, done: string): Promise<string> {
    this.#mood = mood;
    await wait(ms);
    this.#mood = 'passes on';
    return done;
  }

  /** Restarts the sink's task as one does who sees it failed: it does not try again by itself, while Debezium's source does. */
  async restartSink(): Promise<void> {
    const sink = `${this.stack.endpointOf('connect')}/connectors/car-data-predicted-sink`;
    const hasFailed = async () =>
      ((await (await fetch(`${sink}/status`)).json()) as Status).tasks[0]?.state === 'FAILED';
    const until = Date.now() + SETTLED_WITHIN_MS;
    while (!(await hasFailed())) {
      if (Date.now() > until) throw new Error('the sink did not notice that PostgreSQL was away');
      await wait(500);
    }
    await fetch(`${sink}/restart?includeTasks=true&onlyFailed=true`, { method: 'POST' });
  }

  /** Puts the dead letters back through the topology. */
  async redrive(): Promise<void> {
    const { code, output, errorOutput } = await millrace(['dlq', 'redrive', DEAD_LETTERS], this.#settings);
    if (code !== 0) throw new Error(`the redrive ended with ${code}: ${output}${errorOutput}`);
  }

  /** Waits until the priced table has every car, or nothing has come for long; and counts. */
  async settled(): Promise<{ readonly lost: number; readonly twice: number }> {
    const until = Date.now() + SETTLED_WITHIN_MS;
    let lost = await this.#missing();
    while (lost > 0 && Date.now() < until && !this.worker.hasEnded) {
      await wait(200);
      lost = await this.#missing();
    }
    const patience = { clock: systemClock, over: () => Date.now() > until };
    const beyond = await retrying(patience, () => this.#outputsBeyondChanges());
    const all = [...beyond.values()].filter((outputs) => outputs > 0).length;
    const twice = all - this.#seen;
    this.#seen = all;
    return { lost, twice };
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) if (!worker.hasEnded) await worker.end('SIGTERM');
    this.#server.closeAllConnections();
    this.#server.close();
    await this.stack.remove();
  }

  get #settings(): Readonly<Record<string, string>> {
    const { port } = this.#server.address() as AddressInfo;
    return { ...this.stack.settings('connect-json'), FORD_PRICE_URL: `http://127.0.0.1:${port}` };
  }

  /** Inserts cars, fifty in a second, also while the database is away. @returns how many */
  async #insert(signal: AbortSignal): Promise<number> {
    let inserted = 0;
    while (!signal.aborted) {
      try {
        await withClient(this.stack.endpointOf('postgres'), async (client) => {
          while (!signal.aborted) {
            const { id: _, ...car } = this.#cars.next().value!;
            await insertCar(client, { ...car });
            inserted += 1;
            await wait(ROWS_EVERY_MS);
          }
        });
      } catch (thrown) {
        // PostgreSQL is away: what it has not confirmed is not counted.
        if (!isAway(thrown)) throw thrown;
        await wait(200);
      }
    }
    return inserted;
  }

  /**
   * How many more outputs each key has than its row had changes. Debezium takes its snapshot again when it is killed before
   * it has committed its first offsets: changes of their own, at another position.
   */
  async #outputsBeyondChanges(): Promise<ReadonlyMap<string, number>> {
    const broker = kafkaBroker({ 'bootstrap.servers': this.stack.endpointOf('kafka') });
    const changes = new Map<string, Set<unknown>>();
    for await (const { key, value } of readTopic(broker, 'car_database.public.car_data')) {
      const { lsn } = (JSON.parse(String(value)) as { payload: { source: { lsn: unknown } } }).payload.source;
      const id = idOf(key);
      changes.set(id, (changes.get(id) ?? new Set()).add(lsn));
    }
    const beyond = new Map<string, number>();
    for await (const { key } of readTopic(broker, 'car_data_predicted')) {
      const id = idOf(key);
      beyond.set(id, (beyond.get(id) ?? -changes.get(id)!.size) + 1);
    }
    await broker.close();
    return beyond;
  }

  async #missing(): Promise<number> {
    const query = `select count(*)::int as n from car_data left join car_data_predicted using (id)
      where suggestedprice is null`;
    try {
      return await withClient(this.stack.endpointOf('postgres'), async (client) => {
        const [row] = await rowsOf(client, query);
        return row!.n as number;
      });
    } catch (thrown) {
      if (thrown instanceof pg.DatabaseError && thrown.code === '42P01') return 1; // no row has come back yet
      if (isAway(thrown)) return 1;
      throw thrown;
    }
  }

  async #passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.#mood === 'overloaded') return void response.writeHead(503).end('overloaded');
    if (this.#mood === 'nonsense') return void response.writeHead(200).end('<html>hello</html>');
    if (this.#mood === 'slow') await wait(1_000);
    try {
      const { method = 'GET', url = '/' } = request;
      const answer = await fetch(`${this.stack.endpointOf('bentoml')}${url}`, {
        method,
        ...(method === 'GET' ? {} : { body: Buffer.concat(chunks), headers: { 'content-type': 'application/json' } }),
      });
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      // Nobody is behind it: as if nobody were here.
      response.destroy();
    }
  }
}

/** The key of a car, in JSON with schema. */
const idOf = (key: Buffer | null): string =>
  String((JSON.parse(String(key)) as { payload: { id: number } }).payload.id);

function isAway(thrown: unknown): boolean {
  const { code, message } = thrown as { code?: string; message: string };
  return (
    code === 'ECONNREFUSED' ||
    code === 'ECONNRESET' ||
    /^57P/.test(code ?? '') ||
    /terminat|closed|connection error/i.test(message)
  );
}

/** Warnings, errors and changes of state, each once. */
function distinctMessages(lines: readonly string[]): readonly string[] {
  const said = new Map<string, string>();
  for (const text of lines) {
    const { event, level, message } = JSON.parse(text) as Line;
    if (event === 'status' || typeof message !== 'string') continue;
    const shape = shapeOf(message);
    if (!said.has(shape)) said.set(shape, `${level ?? 'error'}: ${message}`.slice(0, 260));
  }
  return [...said.values()];
}

/** Connections that come and go say the same of many clients and brokers. */
const shapeOf = (message: string): string =>
  /Disconnected|Connect to/.exec(message)?.[0] ?? message.replace(/\d+/g, '0').slice(0, 60);
