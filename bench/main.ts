/**
 * `npm run bench`: the numbers of this machine; `npm run bench -- --only car-prices,memory`: some of them. `npm run bench -- --kafka`:
 * beside others on a real broker (bench/kafka).
 */
import { parseArgs } from 'node:util';
import { hasPython } from '../models/ford/python-server.js';
import type { ApplicationConfig } from '../src/app/config.js';
import { onnx } from '../src/model/onnx.js';
import type { ProcessingGuarantee } from '../src/runtime/committer.js';
import carPrices from '../topology/car-prices.js';
import { runOver } from './car-prices.js';
import { changeEvents, type Written } from './change-events.js';
import { machine, median, percent } from './machine.js';
import { benchOperators } from './operators.js';
import { benchSlowModel } from './slow-model.js';
import { undisturbed } from './undisturbed.js';

const RECORDS = 200_000;
const RUNS = 3;
const MODEL = new URL('../models/ford/ford_price.onnx', import.meta.url);

function config(written: Written, guarantee: ProcessingGuarantee): ApplicationConfig {
  return {
    'application.id': 'bench',
    'instance.id': '0',
    'processing.guarantee': guarantee,
    'commit.interval.ms': 100,
    encoding: written,
    models: { 'ford-price': onnx(MODEL) },
  };
}

/** car-prices end to end on the embedded broker, on disk, with the ONNX model. */
async function benchCarPrices(): Promise<void> {
  console.log(
    `\ncar-prices, records/s end to end, one process, ONNX model (median of ${RUNS} runs of ${RECORDS.toLocaleString('en')})`,
  );
  for (const written of ['json', 'connect-json'] as const) {
    for (const [memory, cars] of [
      ['every record asked', RECORDS],
      ['nine of ten remembered', RECORDS / 10],
    ] as const) {
      for (const guarantee of ['at_least_once', 'exactly_once_v2'] as const) {
        const runs = [];
        for (let run = 0; run < RUNS; run += 1) {
          const once = () => runOver(carPrices, changeEvents(RECORDS, cars, written), config(written, guarantee));
          runs.push(await undisturbed(once));
        }
        const rate = median(runs.map(({ result }) => result.recordsPerSecond));
        const stolen = Math.max(...runs.map((run) => run.stolen));
        const { asked, remembered, rowsPerCall } = runs[0]!.result;
        console.log(
          `  ${written.padEnd(13)} ${guarantee.padEnd(16)} ${memory.padEnd(23)} ${rate.toFixed(0).padStart(7)}/s` +
            `   asked ${asked}, remembered ${remembered}, ${rowsPerCall.toFixed(0)} rows a call, ` +
            `at most ${percent(stolen)} of the processors taken by others`,
        );
      }
    }
  }
}

async function benchMemory(): Promise<void> {
  const records = 1_000_000;
  const events = changeEvents(records, 100_000, 'json');
  const { recordsPerSecond, rssMiB } = await runOver(carPrices, events, config('json', 'exactly_once_v2'));
  console.log(
    `\nmemory after ${records.toLocaleString('en')} records: ${rssMiB.toFixed(0)} MiB resident (${recordsPerSecond.toFixed(0)} records/s)`,
  );
}

async function benchBento(): Promise<void> {
  if (await hasPython()) await import('./bentoml.js');
  else console.log('\nBentoML: not measured, it needs Python 3.11 (python3.11, or its path in PYTHON)');
}

// Those that are programs of their own measure as they are loaded.
const PARTS: Readonly<Record<string, () => unknown>> = {
  operators: () => benchOperators(),
  'car-prices': benchCarPrices,
  'slow-model': benchSlowModel,
  memory: benchMemory,
  decode: () => import('./decode.js'),
  replay: () => import('./replay.js'),
  bentoml: benchBento,
};

if (process.argv.includes('--kafka')) {
  await import('./kafka/main.js');
} else {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const parts = values.only?.split(',') ?? Object.keys(PARTS);
  const unknown = parts.filter((part) => !(part in PARTS));
  if (unknown.length > 0)
    throw new Error(`--only takes ${Object.keys(PARTS).join(', ')}, and not ${unknown.join(', ')}`);
  console.log(machine());
  for (const part of parts) await PARTS[part]!();
}
