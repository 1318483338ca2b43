/**
 * The engine's own price: `node --max-semi-space-size=64 --import tsx bench/engine.ts`.
 *
 * The topology of `bench/kafka` over a broker that costs nothing, beside a loop that does the same to the same bytes with
 * the same decoder: what millrace takes longer is its worker, tasks and operators.
 */
import { performance } from 'node:perf_hooks';
import { Application } from '../src/app/application.js';
import type { Admin, Broker, ConsumedRecord, Consumer, Producer, RebalanceListener } from '../src/brokers/port.js';
import { NO_HEADERS } from '../src/record.js';
import { connectJsonEncoding, jsonEncoding } from '../src/serde/encoding.js';
import { memoryEngines } from '../src/state/memory.js';
import { changeEvents, type Event, SOURCE, type Written } from './change-events.js';
import type { Job } from './kafka/job.js';
import program from './kafka/topology.js';
import { machine, median } from './machine.js';
import { work } from './peers/work.js';

const RECORDS = 200_000;
const RUNS = 5;
/** Records of a poll. */
const BATCH = 1_000;

/** Gives the events once, as a client does: bytes and objects that were not there before. */
class Events {
  readonly #events: readonly Event[];
  #offset = 0;

  constructor(events: readonly Event[]) {
    this.#events = events;
  }

  get ended(): boolean {
    return this.#offset === this.#events.length;
  }

  next(max: number): ConsumedRecord[] {
    const until = Math.min(this.#offset + max, this.#events.length);
    const records: ConsumedRecord[] = [];
    for (; this.#offset < until; this.#offset += 1) {
      const { key, value } = this.#events[this.#offset]!;
      records.push({
        topic: SOURCE,
        partition: 0,
        offset: this.#offset,
        key: Buffer.from(key),
        value: Buffer.from(value),
        timestamp: 1_795_232_652_636,
        headers: NO_HEADERS,
      });
    }
    return records;
  }
}

/** A broker of one partition whose answers are there at once. */
function noBroker(events: Events, produced: () => void): Broker {
  const partition = { topic: SOURCE, partition: 0 };
  let listener: RebalanceListener | undefined;
  const consumer = {
    subscribe: (_topics: readonly string[], given: RebalanceListener) => {
      listener = given;
    },
    poll: async (max: number) => {
      const given = listener;
      listener = undefined;
      if (given !== undefined) await given.onAssigned([partition]);
      // As a client's answer does, it comes in another turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      return events.next(Math.min(max, BATCH));
    },
    position: () => 0,
    pause: () => {},
    resume: () => {},
    commit: async () => {},
    committed: async () => [0],
    watermarks: async () => ({ low: 0, high: RECORDS }),
    close: async () => {},
  } as unknown as Consumer;
  const producer = { produce: produced, flush: async () => {}, close: async () => {} } as unknown as Producer;
  const admin = {
    createTopics: async () => {},
    listTopics: async () => [],
    partitionCount: async () => 1,
    topicConfig: async () => ({}),
    close: async () => {},
  } as unknown as Admin;
  return {
    consumer: async () => consumer,
    producer: async () => producer,
    admin: async () => admin,
    close: async () => {},
  };
}

/** Microseconds a record. */
async function byMillrace(events: readonly Event[], written: Written): Promise<number> {
  let produced = 0;
  let done = () => {};
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const broker = noBroker(new Events(events), () => {
    produced += 1;
    if (produced === events.length) done();
  });
  const encoding = written === 'json' ? jsonEncoding : connectJsonEncoding;
  const app = new Application(
    program,
    { 'application.id': 'engine', encoding, 'commit.interval.ms': 100 },
    { broker, engines: memoryEngines() },
  );
  const start = performance.now();
  await app.start();
  await finished;
  const took = performance.now() - start;
  await app.stop();
  return (took / events.length) * 1_000;
}

async function byHand(given: readonly Event[], written: Written): Promise<number> {
  const rowOf = await work({ encoding: written } as Job, 'millrace');
  const events = new Events(given);
  let bytes = 0;
  const start = performance.now();
  while (!events.ended) {
    await new Promise((resolve) => setImmediate(resolve));
    for (const { value } of events.next(BATCH)) bytes += rowOf(value!)?.length ?? 0;
  }
  if (bytes === 0) throw new Error('nothing was written');
  return ((performance.now() - start) / given.length) * 1_000;
}

console.log(machine());
console.log(
  `\nµs a record, median of ${RUNS} runs of ${RECORDS.toLocaleString('en')}, over a broker that costs nothing`,
);
for (const written of ['json', 'connect-json'] as const) {
  const events = [...changeEvents(RECORDS, RECORDS, written)];
  const hand: number[] = [];
  const millrace: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    hand.push(await byHand(events, written));
    millrace.push(await byMillrace(events, written));
  }
  const [loop, engine] = [median(hand), median(millrace)];
  console.log(
    `  ${written.padEnd(13)} loop with our decoder ${loop.toFixed(2)}, millrace ${engine.toFixed(2)}: ${(engine - loop).toFixed(2)} more`,
  );
}
