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

export interface CarPricesRun {
  readonly recordsPerSecond: number;
  readonly seconds: number;
  readonly asked: number;
  readonly remembered: number;
  /** Mean rows in a call to the model. */
  readonly rowsPerCall: number;
  readonly rssMiB: number;
}

/** Fills a topic of a broker. */
export async function fill(broker: Broker, topic: string, events: readonly Event[]): Promise<void> {
  const producer = await broker.producer({});
  for (let from = 0; from < events.length; from += 50_000) {
    for (const { key, value } of events.slice(from, from + 50_000)) {
      producer.produce({ topic, partition: undefined, key, value, timestamp: 1_795_232_652_636, headers: NO_HEADERS });
    }
    await producer.flush(60_000);
  }
  await producer.close();
}

/**
 * Runs a topology over events that lie ready in the source topic, on an embedded broker and stores on disk, until the
 * last is committed. The clock starts with the application and stops when everything is finished.
 */
export async function runOver(
  topology: Topology,
  events: readonly Event[],
  config: ApplicationConfig,
  times = 1,
): Promise<CarPricesRun> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const broker = await openEmbeddedBroker({ directory: join(directory, 'broker') });
  try {
    const admin = await broker.admin();
    const topics = [...topology.topics.keys()];
    await admin.createTopics(topics.map((topic) => ({ topic, partitions: 1 })));
    await admin.close();
    for (let time = 0; time < times; time += 1) await fill(broker, SOURCE, events);
    const total = events.length * times;
    const engines = lmdbEngines(join(directory, 'state'));
    const app = new Application(topology, config, { broker, engines });
    const startedAt = performance.now();
    await app.start();
    await new Promise<void>((resolve, reject) => {
      const look = setInterval(() => {
        const { finished } = app.status;
        const done = finished.delivered + finished.filtered + finished.skipped + finished.deadLettered;
        if (app.failure !== undefined || done >= total) clearInterval(look);
        if (app.failure !== undefined) reject(app.failure);
        else if (done >= total) resolve();
      }, 5);
    });
    const seconds = (performance.now() - startedAt) / 1_000;
    const { events: counted, models } = app.status;
    const [model] = Object.values(models);
    await app.drain();
    return {
      recordsPerSecond: total / seconds,
      seconds,
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
