/**
 * `npx tsx bench/latency.ts`: from the commit of a row in `car_data` to its price being visible in
 * `car_data_predicted`, measured by another process with one clock of its own.
 *
 * The client inserts single rows, one after the other, on an otherwise idle application. It is woken by a trigger that
 * notifies it when the priced row is committed.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { listings } from '../models/ford/listings.js';
import { machine, median } from './machine.js';

const ROWS = Number(process.env.MILLRACE_BENCH_ROWS ?? 300);
const WARM_UP = 50;
/** Milliseconds between two rows: the application is idle again. */
const PAUSE_MS = 20;
const COLUMNS = ['model', 'year', 'transmission', 'mileage', 'fueltype', 'tax', 'mpg', 'enginesize'] as const;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Application {
  readonly url: string;
  /** Milliseconds from commit to price, as the application itself says, in order. */
  readonly said: number[];
  stop(): Promise<void>;
}

async function startApplication(home: string): Promise<Application> {
  const child = spawn(process.execPath, ['bin/millrace.js', 'dev', 'topology/car-prices.ts', '--rows', '1', '--json'], {
    cwd: ROOT,
    env: { ...process.env, MILLRACE_HOME: home, MILLRACE_PG_PORT: '0', MILLRACE_REGISTRY_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: number[] = [];
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let postgres = '';
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as { event: string; postgres?: string; latencyMs?: number };
      if (line.event === 'ready') postgres = line.postgres!;
      if (line.event !== 'priced') return;
      said.push(line.latencyMs ?? Number.NaN);
      // The first price has made the table.
      resolve(postgres);
    });
    void ended.then(() => reject(new Error('the application ended')));
  });
  return {
    url,
    said,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Milliseconds of one row. */
interface Measured {
  /** From sending the insert to the database's word that it is committed. */
  readonly inserting: number;
  /** From that word to the notification of the priced row; 0 where the price was quicker than the word. */
  readonly pricing: number;
}

async function measure(client: pg.Client, rows: number): Promise<Measured[]> {
  const waiting = new Map<string, (at: number) => void>();
  client.on('notification', ({ payload }) => waiting.get(payload!)?.(performance.now()));
  const places = COLUMNS.map((_, index) => `$${index + 2}`).join(', ');
  const text = `insert into car_data (id, ${COLUMNS.join(', ')}) values ($1, ${places})`;
  const cars = listings(11)[Symbol.iterator]();
  const measured: Measured[] = [];
  for (let row = 0; row < rows; row += 1) {
    const id = 100_000 + row;
    const car = cars.next().value as unknown as Record<string, unknown>;
    const visible = new Promise<number>((resolve) => waiting.set(String(id), resolve));
    const sent = performance.now();
    await client.query({ name: 'insert', text, values: [id, ...COLUMNS.map((column) => car[column])] });
    const committed = performance.now();
    measured.push({ inserting: committed - sent, pricing: Math.max(0, (await visible) - committed) });
    waiting.delete(String(id));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return measured;
}

function report(what: string, measured: readonly number[]): void {
  const sorted = measured.slice(WARM_UP).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);
  console.log(
    `  ${what.padEnd(58)} median ${median(sorted).toFixed(1)} ms   p90 ${at(0.9)}   p99 ${at(0.99)}   max ${at(1)}`,
  );
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-latency-'));
// The account that PostgreSQL runs as under root must get in.
await chmod(folder, 0o755);
try {
  const application = await startApplication(join(folder, 'home'));
  const client = new pg.Client({ connectionString: application.url });
  await client.connect();
  try {
    await client.query(`create function tell() returns trigger language plpgsql as
      $$ begin perform pg_notify('visible', new.id::text); return null; end $$`);
    await client.query('listen visible');
    await client.query(
      'create trigger visible after insert on car_data_predicted for each row execute function tell()',
    );
    console.log(`${machine()}\nlatency of single rows, ${ROWS - WARM_UP} after ${WARM_UP} to warm up`);
    const before = application.said.length;
    const measured = await measure(client, ROWS);
    report(
      'insert sent until committed',
      measured.map(({ inserting }) => inserting),
    );
    report(
      'committed until its price is visible',
      measured.map(({ pricing }) => pricing),
    );
    report('the same as the application says (whole milliseconds)', application.said.slice(before));
  } finally {
    await client.end();
    await application.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
