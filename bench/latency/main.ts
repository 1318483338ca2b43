/**
 * `npx tsx bench/latency/main.ts [--stack]`: from the commit of a row in `car_data` to its price being visible in
 * `car_data_predicted`, at 100 rows a second, measured by another process with one clock of its own.
 *
 * Without `--stack` the path is that of `millrace dev`, all in one process; with it PostgreSQL, Debezium, Kafka, `millrace run`,
 * BentoML and Debezium's JDBC sink. The client does not wait for a price before it inserts the next row. It is woken by a
 * trigger that notifies it when the priced row is committed.
 */
import { machine, median } from '../machine.js';
import { embeddedPath } from './embedded-path.js';
import type { Path } from './path.js';
import { insertAtRate } from './rows.js';
import { stackPath } from './stack-path.js';

const ROWS = Number(process.env.MILLRACE_BENCH_ROWS ?? 2_000);
const PER_SECOND = 100;
/** The share of the rows that is not counted. */
const WARM_UP = 0.25;

/** Millisecond figures of what was counted. */
function report(what: string, measured: readonly number[]): void {
  const sorted = measured.slice(Math.floor(measured.length * WARM_UP)).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);
  console.log(`| ${[what, median(sorted).toFixed(1), at(0.9), at(0.99), at(1)].join(' | ')} |`);
}

const path: Path = await (process.argv.includes('--stack') ? stackPath() : embeddedPath());
try {
  const rows = await insertAtRate(path.database, ROWS, PER_SECOND);
  console.log(`${machine()}\n${ROWS * (1 - WARM_UP)} rows at ${PER_SECOND} a second, milliseconds\n`);
  console.log(`| ${path.name} | median | p90 | p99 | max |\n|---|--:|--:|--:|--:|`);
  report(
    'insert sent until committed',
    rows.map(({ sent, committed }) => committed - sent),
  );
  for (const { name, from, to } of path.stages()) {
    report(
      name,
      rows.map((row) => Math.max(0, to(row) - from(row))),
    );
  }
  report(
    '**committed until its price is visible**',
    rows.map(({ committed, visible }) => Math.max(0, visible - committed)),
  );
} finally {
  await path.stop();
}
