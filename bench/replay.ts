/**
 * `node --max-semi-space-size=64 --import tsx bench/replay.ts [records]`: a replay against a live run of the same topology over the
 * same records, and the memory of a long one. Both from start to the last commit, on the embedded broker, on disk, with the
 * ONNX model.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application } from '../src/app/application.js';
import type { ApplicationConfig } from '../src/app/config.js';
import { type EmbeddedBroker, openEmbeddedBroker } from '../src/brokers/embedded/broker.js';
import { onnx } from '../src/model/onnx.js';
import { replay } from '../src/replay/index.js';
import { lmdbEngines } from '../src/state/lmdb.js';
import carPrices from '../topology/car-prices.js';
import { fill } from './car-prices.js';
import { changeEvents, SOURCE } from './change-events.js';
import { machine, median } from './machine.js';

const [records = 100_000] = process.argv.slice(2).map(Number);
const RUNS = 3;
/** How many times as long the replay is whose memory is looked at. */
const LONGER = 8;
const MODEL = new URL('../models/ford/ford_price.onnx', import.meta.url);

const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-replay-'));
const broker = await openEmbeddedBroker({ directory: join(directory, 'broker') });
try {
  console.log(machine());
  const admin = await broker.admin();
  await admin.createTopics([...carPrices.topics.keys()].map((topic) => ({ topic, partitions: 1 })));
  await admin.close();
  const fillOnce = () => fill(broker, SOURCE, changeEvents(records, records, 'json'));
  await fillOnce();
  for (const guarantee of ['exactly_once_v2', 'at_least_once'] as const) {
    const live: number[] = [];
    const replayed: number[] = [];
    // One after the other, in turns, so that what the machine does besides meets both.
    for (let run = 0; run < RUNS; run += 1) {
      live.push(await liveRate(broker, config(guarantee, `live-${guarantee}-${run}`)));
      // Outputs are named after the replay, so that two guarantees do not share a name.
      const name = `${guarantee.slice(0, 2)}-${run}`;
      const { rate } = await replayOver(broker, config(guarantee, `live-${guarantee}`), name, records);
      replayed.push(rate);
    }
    const [l, r] = [median(live), median(replayed)];
    console.log(
      `${guarantee.padEnd(16)} live ${l.toFixed(0)}/s, replay ${r.toFixed(0)}/s, ${(r / l).toFixed(2)} of it (median of ${RUNS} runs of ${records})`,
    );
  }
  for (let more = 1; more < LONGER; more += 1) await fillOnce();
  const { rate, resident } = await replayOver(broker, config('exactly_once_v2', 'long'), 'long', records * LONGER);
  const quarters = [0, 1, 2, 3].map((quarter) => {
    const part = resident.slice((quarter * resident.length) / 4, ((quarter + 1) * resident.length) / 4);
    return Math.max(...part).toFixed(0);
  });
  console.log(
    `memory: ${quarters.join(', ')} MiB resident at most in the quarters of a replay of ${records * LONGER} (${rate.toFixed(0)}/s)`,
  );
} finally {
  await broker.close();
  await rm(directory, { recursive: true, force: true });
}

function config(guarantee: 'exactly_once_v2' | 'at_least_once', id: string): ApplicationConfig {
  return {
    'application.id': id,
    'instance.id': '0',
    'processing.guarantee': guarantee,
    'commit.interval.ms': 100,
    encoding: 'json',
    models: { 'ford-price': onnx(MODEL) },
  };
}

/** Records per second of an application that finds everything ready, until all is committed. */
async function liveRate(over: EmbeddedBroker, settings: ApplicationConfig): Promise<number> {
  const engines = lmdbEngines(join(directory, 'state', settings['application.id']));
  const app = new Application(carPrices, settings, { broker: over, engines });
  const startedAt = performance.now();
  await app.start();
  await new Promise<void>((resolve, reject) => {
    const look = setInterval(() => {
      const { delivered } = app.status.finished;
      if (app.failure === undefined && delivered + app.status.finished.filtered < records) return;
      clearInterval(look);
      if (app.failure === undefined) resolve();
      else reject(app.failure);
    }, 5);
  });
  const rate = (records * 1_000) / (performance.now() - startedAt);
  await app.drain();
  return rate;
}

/** A replay with everything that it does: plan, topics, bounds, the look whether anything is left. */
async function replayOver(
  over: EmbeddedBroker,
  settings: ApplicationConfig,
  name: string,
  count: number,
): Promise<{ readonly rate: number; readonly resident: readonly number[] }> {
  const startedAt = performance.now();
  const resident: number[] = [];
  await new Promise<void>((resolve, reject) => {
    replay(carPrices, {
      name,
      config: settings,
      broker: over,
      engines: (folder) => lmdbEngines(join(directory, 'state', folder)),
    }).subscribe({
      next: () => resident.push(process.memoryUsage().rss / 2 ** 20),
      error: reject,
      complete: resolve,
    });
  });
  return { rate: (count * 1_000) / (performance.now() - startedAt), resident };
}
