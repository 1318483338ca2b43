/**
 * What the model in process does: `npx tsx bench/model.ts`.
 *
 * First rows a second by the size of a call. Then, by the rate at which questions come, the batches that form by
 * themselves: nobody waits for a batch to fill, it grows while calls are under way.
 */
import { cpus } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { type FordFeatures, features } from '../models/ford/index.js';
import { listings } from '../models/ford/listings.js';
import { systemClock } from '../src/clock.js';
import { batcher } from '../src/model/batcher.js';
import type { HistogramCounts } from '../src/model/histogram.js';
import type { Model } from '../src/model/model.js';
import { onnx } from '../src/model/onnx.js';

const MEASURED_MS = 2_000;
const WARM_UP_MS = 300;
const TIMEOUT_MS = 10_000;
/** Questions open at once when nothing limits the rate, as a task limits the records in flight. */
const MOST_IN_FLIGHT = 4_096;

const { signal } = new AbortController();

/** All different: a model that is asked the same rows again and again is quicker than it will ever be in use. */
function questions(count: number): FordFeatures[] {
  const rows: FordFeatures[] = [];
  for (const car of listings(1)) {
    if (rows.push(features(car)) === count) break;
  }
  return rows;
}

async function benchCalls(model: Model<FordFeatures, number>, rows: readonly FordFeatures[]): Promise<void> {
  console.log('\nrows a call      rows/s   ms a call   main thread µs a row');
  for (const size of [1, 8, 64, 256, 1_024]) {
    const calls = async (forMs: number) => {
      const start = performance.now();
      const before = performance.eventLoopUtilization();
      let done = 0;
      for (let at = 0; performance.now() - start < forMs; at = at + 2 * size > rows.length ? 0 : at + size) {
        await model.predict(rows.slice(at, at + size), signal);
        done += size;
      }
      const milliseconds = performance.now() - start;
      const busy = performance.eventLoopUtilization(before).active;
      return {
        perSecond: (done / milliseconds) * 1_000,
        each: (milliseconds / done) * size,
        busy: (busy / done) * 1_000,
      };
    };
    await calls(WARM_UP_MS);
    const { perSecond, each, busy } = await calls(MEASURED_MS);
    const figures = [String(size), perSecond.toFixed(0), each.toFixed(3), busy.toFixed(2)];
    console.log(figures.map((figure) => figure.padStart(11)).join(' '));
  }
}

async function benchRate(model: Model<FordFeatures, number>, rows: readonly FordFeatures[], rate: number) {
  const oracle = batcher(model, {}, systemClock);
  const latencies: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let asked = 0;
  let answered = 0;
  const start = performance.now();
  delay.enable();
  await new Promise<void>((resolve, reject) => {
    const turn = () => {
      const elapsed = performance.now() - start;
      if (elapsed < MEASURED_MS) {
        const due = Math.min((elapsed / 1_000) * rate, answered + MOST_IN_FLIGHT);
        while (asked < due) ask();
        setImmediate(turn);
      } else if (answered < asked) {
        setImmediate(turn);
      } else {
        resolve();
      }
    };
    const ask = () => {
      const askedAt = performance.now();
      oracle.ask(rows[asked % rows.length]!, TIMEOUT_MS, (error) => {
        if (error !== null) reject(error);
        answered += 1;
        latencies.push(performance.now() - askedAt);
      });
      asked += 1;
    };
    turn();
  });
  delay.disable();
  const seconds = (performance.now() - start) / 1_000;
  latencies.sort((a, b) => a - b);
  const { batchSizes, calls } = oracle.stats;
  const figures = [
    Number.isFinite(rate) ? String(rate) : 'unlimited',
    (answered / seconds).toFixed(0),
    (answered / calls).toFixed(1),
    latencies[Math.floor(latencies.length * 0.5)]!.toFixed(2),
    latencies[Math.floor(latencies.length * 0.99)]!.toFixed(2),
    (delay.percentile(99) / 1e6).toFixed(2),
  ];
  console.log(`${figures.map((figure) => figure.padStart(11)).join(' ')}   ${shares(batchSizes)}`);
}

/** How the calls spread over the sizes. */
function shares({ bounds, counts }: HistogramCounts): string {
  const calls = counts.reduce((sum, count) => sum + count, 0);
  return counts
    .map((count, bucket) => [bounds[bucket] ?? 'more', Math.round((count / calls) * 100)] as const)
    .filter(([, share]) => share > 0)
    .map(([bound, share]) => `≤${bound}: ${share} %`)
    .join(', ');
}

const model = onnx<FordFeatures>(new URL('../models/ford/ford_price.onnx', import.meta.url));
await model.open();
const rows = questions(20_000);
const processors = cpus();
console.log(
  `${processors.length} × ${processors[0]?.model ?? 'unknown'}, Node ${process.version}, ${process.platform}`,
);
await benchCalls(model, rows);
console.log(
  `\n  asked a s  answered/s  mean batch  p50 ms      p99 ms   loop p99 ms   calls by size (${MOST_IN_FLIGHT} in flight at most)`,
);
for (const rate of [1_000, 5_000, 25_000, Number.POSITIVE_INFINITY]) await benchRate(model, rows, rate);
await model.close();
