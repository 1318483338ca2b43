import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application } from '../src/app/application.js';
import type { ApplicationConfig } from '../src/app/config.js';
import { openEmbeddedBroker } from '../src/brokers/embedded/broker.js';
import type { Broker } from '../src/brokers/port.js';
import { NO_HEADERS } from '../src/record.js';
import { lmdbEngines } from '../src/state/lmdb.js';
import type { Topology } from '../src/topology/graph.js';
import { type Event, SOURCE } from './change-events.js';
import { WARM_UP } from './machine.js';

export interface CarPricesRun {
  /** From the moment when a fifth of the records was read until the last was finished: of those read since. */
  readonly recordsPerSecond: number;
  readonly asked: number;
  readonly remembered: number;
  /** Mean rows in a call to the model. */
  readonly rowsPerCall: number;
  readonly rssMiB: number;
}

/** Records that the producer holds at once. */
const FLUSH_EVERY = 50_000;

/** Fills a topic of a broker. @returns how many there were */
export async function fill(broker: Broker, topic: string, events: Iterable<Event>): Promise<number> {
  const producer = await broker.producer({});
  let records = 0;
  for (const { key, value } of events) {
    producer.produce({ topic, partition: undefined, key, value, timestamp: 1_795_232_652_636, headers: NO_HEADERS });
    records += 1;
    if (records % FLUSH_EVERY === 0) await producer.flush(60_000);
  }
  await producer.flush(60_000);
  await producer.close();
  return records;
}

/**
 * Runs a topology over events that lie ready in the source topic, on an embedded broker and stores on disk, until the
 * last is finished.
 *
 * @param events taken one by one: whoever holds them all has their buffers in the heap that is measured
 */
export async function runOver(
  topology: Topology,
  events: Iterable<Event>,
  config: ApplicationConfig,
): Promise<CarPricesRun> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const broker = await openEmbeddedBroker({ directory: join(directory, 'broker') });
  try {
    const admin = await broker.admin();
    const topics = [...topology.topics.keys()];
    await admin.createTopics(topics.map((topic) => ({ topic, partitions: 1 })));
    await admin.close();
    const total = await fill(broker, SOURCE, events);
    const engines = lmdbEngines(join(directory, 'state'));
    const app = new Application(topology, config, { broker, engines });
    await app.start();
    let warm: { readonly records: number; readonly at: number } | undefined;
    await new Promise<void>((resolve, reject) => {
      const look = setInterval(() => {
        const { finished, inFlight } = app.status;
        const done = finished.delivered + finished.filtered + finished.skipped + finished.deadLettered;
        // What is finished is counted by commits, which one of the benchmarks does without.
        const records = done + inFlight;
        if (records >= total * WARM_UP) warm ??= { records, at: performance.now() };
        if (app.failure !== undefined || done >= total) clearInterval(look);
        if (app.failure !== undefined) reject(app.failure);
        else if (done >= total) resolve();
      }, 5);
    });
    const seconds = (performance.now() - warm!.at) / 1_000;
    const { events: counted, models } = app.status;
    const [model] = Object.values(models);
    await app.drain();
    return {
      recordsPerSecond: (total - warm!.records) / seconds,
      asked: counted.asked,
      remembered: counted.remembered,
      rowsPerCall: model === undefined ? 0 : counted.asked / Math.max(1, model.calls),
      rssMiB: process.memoryUsage().rss / 2 ** 20,
    };
  } finally {
    await broker.close();
    await rm(directory, { recursive: true, force: true });
  }
}
