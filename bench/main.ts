/** `npm run bench`: the numbers of this machine. `npm run bench -- --kafka`: beside others on a real broker (bench/kafka). */
import { hasPython } from '../models/ford/python-server.js';
import { onnx } from '../src/model/onnx.js';
import carPrices from '../topology/car-prices.js';
import { runOver } from './car-prices.js';
import { changeEvents } from './change-events.js';
import { machine, median } from './machine.js';
import { benchOperators } from './operators.js';
import { benchSlowModel } from './slow-model.js';

const RECORDS = 100_000;
const RUNS = 3;
const MODEL = new URL('../models/ford/ford_price.onnx', import.meta.url);

/** car-prices end to end on the embedded broker, on disk, with the ONNX model. */
async function benchCarPrices(): Promise<void> {
  console.log(
    `\ncar-prices, records/s end to end, one process, ONNX model (median of ${RUNS} runs of ${RECORDS.toLocaleString('en')})`,
  );
  for (const written of ['json', 'connect-json'] as const) {
    for (const [memory, keys] of [
      ['every record asked', RECORDS],
      ['nine of ten remembered', RECORDS / 10],
    ] as const) {
      const all = changeEvents(RECORDS, keys, written);
      const events = keys === RECORDS ? all : all.map((event, index) => withRowOf(all, event, index, keys));
      for (const guarantee of ['at_least_once', 'exactly_once_v2'] as const) {
        const runs = [];
        for (let run = 0; run < RUNS; run += 1) {
          runs.push(
            await runOver(carPrices, events, {
              'application.id': 'bench',
              'instance.id': '0',
              'processing.guarantee': guarantee,
              'commit.interval.ms': 100,
              encoding: written,
              models: { 'ford-price': onnx(MODEL) },
            }),
          );
        }
        const rate = median(runs.map(({ recordsPerSecond }) => recordsPerSecond));
        const [{ asked, remembered, rowsPerCall }] = runs as [(typeof runs)[0]];
        console.log(
          `  ${written.padEnd(13)} ${guarantee.padEnd(16)} ${memory.padEnd(23)} ${rate.toFixed(0).padStart(7)}/s` +
            `   asked ${asked}, remembered ${remembered}, ${rowsPerCall.toFixed(0)} rows a call`,
        );
      }
    }
  }
}

/** The same row under another position: what the memory answers. */
function withRowOf(
  all: ReturnType<typeof changeEvents>,
  event: { key: Buffer; value: Buffer },
  index: number,
  keys: number,
) {
  if (index < keys) return event;
  const text = event.value.toString();
  const row = all[index % keys]!.value.toString();
  const rowOf = (json: string) => {
    const start = json.lastIndexOf('"after":') + '"after":'.length;
    return [start, json.indexOf('}', start) + 1] as const;
  };
  const [from, to] = rowOf(row);
  const [start, end] = rowOf(text);
  return { key: event.key, value: Buffer.from(text.slice(0, start) + row.slice(from, to) + text.slice(end)) };
}

async function benchMemory(): Promise<void> {
  const events = changeEvents(100_000, 100_000, 'json');
  const { recordsPerSecond, rssMiB } = await runOver(
    carPrices,
    events,
    {
      'application.id': 'bench',
      'instance.id': '0',
      'processing.guarantee': 'exactly_once_v2',
      encoding: 'json',
      models: { 'ford-price': onnx(MODEL) },
    },
    10,
  );
  console.log(
    `\nmemory after 1,000,000 records: ${rssMiB.toFixed(0)} MiB resident (${recordsPerSecond.toFixed(0)} records/s)`,
  );
}

// Programs of their own measure as they are loaded.
if (process.argv.includes('--kafka')) {
  await import('./kafka/main.js');
} else {
  console.log(machine());
  benchOperators();
  await benchCarPrices();
  await benchSlowModel();
  await benchMemory();
  await import('./decode.js');
  await import('./replay.js');
  if (await hasPython()) await import('./bentoml.js');
  else console.log('\nBentoML: not measured, it needs Python 3.11 (python3.11, or its path in PYTHON)');
}
