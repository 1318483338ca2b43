/**
 * The memory of one process of `millrace run` under full load, on a real Kafka:
 * `npx tsx scripts/memory.ts [minutes] [--model onnx|bentoml|away]`, default 5 and `onnx`: in the process, which is the most that it
 * can be loaded. `bentoml` is one worker of BentoML, which is slower than the process; `away` is one that nobody has started, so
 * that records wait. Every record is a change of a car, for the model to be asked about and two stores to keep. Prints every
 * ten seconds the resident set and what of it is the process's own: the rest are mapped files, which the system takes back when
 * it needs them. Ends with 1 when the resident set is 400 MB or more, or in the last minute above 1.05 times that of minute 2.
 */
import { readFile, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { setUpBento, startBento } from '../models/ford/bento-service.js';
import { startTestKafka } from '../test/brokers/kafka/real-kafka.js';
import { temporaryFolder } from '../test/e2e/millrace-process.js';
import { CarPricesRun } from '../test/failures/car-prices-run.js';

const SAMPLE_EVERY_MS = 10_000;
const MOST_MB = 400;
const MOST_GROWTH = 1.05;
/** Records that wait for the process at least, so that it is never idle. */
const AHEAD = 100_000;
/** So many rows there are; their changes come again and again. */
const CARS = 100_000;
const AT_ONCE = 20_000;
const NOBODY = 'http://127.0.0.1:9';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: 'string', default: 'onnx' } },
});
const minutes = Number(positionals[0] ?? 5);
const { model } = values;
if (!['onnx', 'bentoml', 'away'].includes(model)) {
  throw new Error(`--model is 'onnx', 'bentoml' or 'away', not '${model}'`);
}

/** Resident set of a process, and what of it is its own, MB. Source: proc(5), VmRSS and RssAnon in kB. */
async function residentMb(pid: number): Promise<{ readonly mb: number; readonly ownMb: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1_024;
  return { mb: of('VmRSS'), ownMb: of('RssAnon') };
}

const folder = await temporaryFolder();
if (model === 'bentoml') await setUpBento();
const bento = model === 'bentoml' ? await startBento() : undefined;
const kafka = await startTestKafka();
const run = await CarPricesRun.make(kafka.bootstrapServers, folder, 'memory', 4);
const samples: { readonly minute: number; readonly mb: number; readonly ownMb: number }[] = [];
try {
  await run.write(AHEAD, CARS);
  const worker = model === 'onnx' ? run.start() : run.start([], { FORD_PRICE_URL: bento?.url ?? NOBODY });
  await worker.line('RUNNING', ({ state }) => state === 'RUNNING');
  const startedAt = Date.now();
  const read = () => Number(worker.events('status').at(-1)?.read ?? 0);
  let written = AHEAD;
  const sampling = setInterval(async () => {
    const minute = Math.floor((Date.now() - startedAt) / 60_000) + 1;
    const { mb, ownMb } = await residentMb(worker.child.pid!);
    samples.push({ minute, mb, ownMb });
    console.log(
      `${((Date.now() - startedAt) / 1_000).toFixed(0)} s: ${mb.toFixed(0)} MB, ${ownMb.toFixed(0)} of it its own, ${read()} records read`,
    );
  }, SAMPLE_EVERY_MS);
  while (Date.now() - startedAt < minutes * 60_000 + 1_000) {
    if (written - read() < AHEAD) {
      await run.write(AT_ONCE, CARS);
      written += AT_ONCE;
    } else await new Promise((resolve) => setTimeout(resolve, 100));
  }
  clearInterval(sampling);
} finally {
  await run.close();
  await kafka.stop();
  await bento?.stop();
  await rm(folder, { recursive: true, force: true });
}
const mean = (minute: number) => {
  const of = samples.filter((sample) => sample.minute === minute).map(({ mb }) => mb);
  return of.reduce((sum, mb) => sum + mb, 0) / of.length;
};
const most = Math.max(...samples.map(({ mb }) => mb));
const mostOwn = Math.max(...samples.map(({ ownMb }) => ownMb));
const growth = mean(minutes) / mean(2);
console.log(
  `at most ${most.toFixed(0)} MB, ${mostOwn.toFixed(0)} its own; minute ${minutes} is ${growth.toFixed(3)} times minute 2`,
);
process.exitCode = most < MOST_MB && growth <= MOST_GROWTH ? 0 : 1;
