/**
 * Records a second through the Ford model in BentoML, one worker: `npx tsx bench/bentoml.ts`.
 *
 * First the loop that one writes by hand: a POST for each record, awaited. Then the same service behind `bentoml()`: a row
 * a request, many requests at once, and many rows a request. All on one machine, which the service and this share.
 */
import { setUpBento, startBento } from '../models/ford/bento-service.js';
import { type FordFeatures, features } from '../models/ford/index.js';
import { listings } from '../models/ford/listings.js';
import { systemClock } from '../src/clock.js';
import { batcher } from '../src/model/batcher.js';
import { type BentomlOptions, bentoml } from '../src/model/http/bentoml.js';
import { machine, median } from './machine.js';

const MEASURED_MS = 2_000;
const RUNS = 3;
const TIMEOUT_MS = 60_000;
/** Questions open at once, as a task limits the records in flight. */
const MOST_IN_FLIGHT = 8_192;
/** How often that is filled up again: seldom enough to leave the processor to the service. */
const REFILL_MS = 5;
/** How many times the loop's rate the batches are to reach. */
const GOAL = 60;
const description = new URL('../models/ford/ford_price.json', import.meta.url);

function questions(count: number): FordFeatures[] {
  const rows: FordFeatures[] = [];
  for (const car of listings(1)) {
    if (rows.push(features(car)) === count) break;
  }
  return rows;
}

/** The loop: each record is posted and awaited. */
async function byHand(url: string, rows: readonly FordFeatures[]): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < MEASURED_MS) {
    const response = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rows[done % rows.length]),
    });
    const price: unknown = await response.json();
    if (typeof price !== 'number') throw new Error(`the service answered ${response.status}: ${JSON.stringify(price)}`);
    done += 1;
  }
  return perSecond(done, start);
}

async function through(
  url: string,
  rows: readonly FordFeatures[],
  options: BentomlOptions<FordFeatures, number>,
): Promise<number> {
  const model = bentoml<FordFeatures>(url, { description, ...options });
  await model.open();
  const oracle = batcher(model, model.batching ?? {}, systemClock);
  const start = performance.now();
  let asked = 0;
  let answered = 0;
  const rate = await new Promise<number>((resolve, reject) => {
    const turn = () => {
      if (performance.now() - start >= MEASURED_MS) {
        resolve(perSecond(answered, start));
        return;
      }
      for (; asked - answered < MOST_IN_FLIGHT; asked += 1) {
        oracle.ask(rows[asked % rows.length]!, TIMEOUT_MS, (error) => {
          if (error === null) answered += 1;
          else reject(error);
        });
      }
      setTimeout(turn, REFILL_MS);
    };
    turn();
  });
  oracle.close();
  await model.close();
  return rate;
}

function perSecond(done: number, start: number): number {
  return (done / (performance.now() - start)) * 1_000;
}

async function medianOf(run: () => Promise<number>): Promise<number> {
  const rates: number[] = [];
  for (let index = 0; index < RUNS; index += 1) rates.push(await run());
  return median(rates);
}

const rows = questions(20_000);
await setUpBento();
const service = await startBento();
try {
  console.log(`${machine()}; BentoML 1.4.39 with one worker on the same machine`);
  console.log(`median of ${RUNS} runs of ${MEASURED_MS} ms\n`);
  await byHand(service.url, rows);
  const loop = await medianOf(() => byHand(service.url, rows));
  const tell = (what: string, rate: number) => {
    console.log(`  ${what.padEnd(48)} ${rate.toFixed(0).padStart(7)}/s   × ${(rate / loop).toFixed(1)}`);
  };
  tell('by hand: one POST a record, awaited', loop);
  const batched = { route: '/predict_batch', parameter: 'cars' } as const;
  const ways: readonly (readonly [string, BentomlOptions<FordFeatures, number>])[] = [
    ['one row a request, one at a time', { connections: 1 }],
    ['one row a request, 8 at once', { connections: 8 }],
    ['one row a request, 32 at once', { connections: 32 }],
    ['up to 64 rows a request', { ...batched, batch: { maxRows: 64 } }],
    ['up to 256 rows a request', { ...batched, batch: { maxRows: 256 } }],
    ['up to 1,024 rows a request (default)', { ...batched, batch: {} }],
    ['batchable=True, up to 1,024 rows a request', { ...batched, route: '/predict_batchable', batch: {} }],
  ];
  let best = 0;
  for (const [what, options] of ways) {
    const rate = await medianOf(() => through(service.url, rows, options));
    best = Math.max(best, rate);
    tell(what, rate);
  }
  const ratio = best / loop;
  console.log(`\nbatches are ${ratio.toFixed(0)} times as fast as the loop (goal: ${GOAL})`);
  if (ratio < GOAL) process.exitCode = 1;
} finally {
  await service.stop();
}
