/** A 200 ms model under a 100 ms commit interval, beside the same without commits, on the shipped topology. */

import type { Model } from '../src/model/model.js';
import carPrices from '../topology/car-prices.js';
import { runOver } from './car-prices.js';
import { changeEvents } from './change-events.js';
import { median } from './machine.js';

const MODEL_MS = 200;
const RECORDS = 60_000;
const RUNS = 3;
const HOUR_MS = 3_600_000;

function slowModel(): Model<unknown, number> {
  return {
    identity: { name: 'ford-price', version: 'slow' },
    open: async () => {},
    predict: (rows) => new Promise((resolve) => setTimeout(() => resolve(rows.map(() => 9_000)), MODEL_MS)),
    close: async () => {},
  };
}

export async function benchSlowModel(): Promise<void> {
  console.log(
    `\na ${MODEL_MS} ms model: records/s with commits every 100 ms beside none (median of ${RUNS} runs, in turns)`,
  );
  for (const guarantee of ['at_least_once', 'exactly_once_v2'] as const) {
    const rates = { committing: [] as number[], without: [] as number[] };
    for (let run = 0; run < RUNS; run += 1) {
      for (const [name, commitMs] of [
        ['committing', 100],
        ['without', HOUR_MS],
      ] as const) {
        const { recordsPerSecond } = await runOver(carPrices, changeEvents(RECORDS, RECORDS, 'json'), {
          'application.id': 'slow-model',
          'instance.id': '0',
          'processing.guarantee': guarantee,
          'commit.interval.ms': commitMs,
          encoding: 'json',
          models: { 'ford-price': { model: slowModel(), maxRows: 1_024, maxConcurrent: 32 } },
        });
        rates[name].push(recordsPerSecond);
      }
    }
    const [committing, without] = [median(rates.committing), median(rates.without)];
    console.log(
      `  ${guarantee.padEnd(16)} ${committing.toFixed(0).padStart(7)}/s beside ${without.toFixed(0).padStart(7)}/s: ` +
        `keeps ${((100 * committing) / without).toFixed(1)} %`,
    );
  }
}
