/** A broker, topics with records, and replays over them: what the replay tests share on every broker. */
import { lastValueFrom, toArray } from 'rxjs';
import { expect, vi } from 'vitest';
import type { Broker, ConsumedRecord, ProduceRequest, Producer } from '../../src/brokers/port.js';
import type { Model, StoreEngines } from '../../src/index.js';
import {
  mapValues,
  memoryEngines,
  model,
  nullable,
  predict,
  predictionMemory,
  string,
  topic,
  topology,
} from '../../src/index.js';
import { NO_HEADERS } from '../../src/record.js';
import { type ReplayOptions, type ReplayProgress, replay } from '../../src/replay/index.js';
import { readTopic } from '../../src/replay/read-topic.js';
import { runReplay } from '../../src/replay/replay.js';
import type { Topology } from '../../src/topology/graph.js';

export const FLUSH_MS = 30_000;

/** Where a broker under test comes from. */
export interface ReplayBroker {
  readonly broker: Broker;
  /** Resolves when the topic is compacted as far as the broker does it by itself, or is told to. */
  compacted(topic: string): Promise<void>;
  /** Settings with which a topic rolls, compacts and deletes while a test waits. */
  readonly restless: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

let stages = 0;

/** Waits, at most a minute. Tests that run side by side have no `expect.poll`. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await condition()).toBe(true), { timeout: 60_000, interval: 50 });
}

/** The topics of one test, and a topology that writes `value@offset` for each record. */
export class Stage {
  readonly id: string;
  readonly input: string;
  readonly output: string;
  readonly topology: Topology;
  readonly #engines = new Map<string, StoreEngines>();

  private constructor(readonly broker: Broker) {
    stages += 1;
    this.id = `stage-${process.pid}-${stages}`;
    this.input = `${this.id}-input`;
    this.output = `${this.id}-output`;
    const input = topic(this.input, { key: nullable(string()), value: nullable(string()) });
    const output = topic(this.output, { key: nullable(string()), value: string() });
    this.topology = topology('offsets', ({ stream }) => {
      stream(input)
        .pipe(mapValues((value, { offset }) => `${value}@${offset}`))
        .to(output);
    });
  }

  static async open(broker: Broker, partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<Stage> {
    const stage = new Stage(broker);
    const admin = await broker.admin();
    await admin.createTopics([
      { topic: stage.input, partitions, config },
      { topic: stage.output, partitions, config: { 'max.message.bytes': '900000' } },
    ]);
    await admin.close();
    return stage;
  }

  async write(values: readonly (string | Partial<ProduceRequest>)[]): Promise<void> {
    const producer = await this.broker.producer({});
    this.produce(producer, values);
    await producer.flush(FLUSH_MS);
    await producer.close();
  }

  produce(producer: Producer, values: readonly (string | Partial<ProduceRequest>)[]): void {
    for (const value of values)
      producer.produce(typeof value === 'string' ? this.record(value) : { ...this.record(''), ...value });
  }

  record(value: string, parts: Partial<ProduceRequest> = {}): ProduceRequest {
    const timestamp = 1_700_000_000_000;
    return {
      topic: this.input,
      partition: 0,
      key: null,
      value: Buffer.from(value),
      timestamp,
      headers: NO_HEADERS,
      ...parts,
    };
  }

  /** Writes in one transaction, which is committed or aborted. */
  async transact(values: readonly string[], end: 'commit' | 'abort'): Promise<void> {
    const producer = await this.broker.producer({ transactionalId: `${this.id}-writer` });
    await producer.initTransactions(FLUSH_MS);
    producer.beginTransaction();
    this.produce(producer, values);
    await producer.flush(FLUSH_MS);
    if (end === 'commit') await producer.commitTransaction(FLUSH_MS);
    else await producer.abortTransaction(FLUSH_MS);
    await producer.close();
  }

  options(options: Partial<ReplayOptions> = {}): ReplayOptions {
    return {
      broker: this.broker,
      config: { 'application.id': this.id, 'processing.guarantee': 'exactly_once_v2', encoding: 'json' },
      engines: (id) => this.engines(id),
      reportEveryMs: 50,
      ...options,
    };
  }

  engines(applicationId: string): StoreEngines {
    const known = this.#engines.get(applicationId) ?? memoryEngines();
    this.#engines.set(applicationId, known);
    return known;
  }

  /** Runs a replay to its end. */
  replay(options: Partial<ReplayOptions> = {}, topology = this.topology): Promise<ReplayProgress[]> {
    return lastValueFrom(replay(topology, this.options(options)).pipe(toArray()));
  }

  /** Begins a replay, or goes on with it, and ends it early: when so much of it is done. Resolves when it has left its group. */
  async cut(done: number, options: Partial<ReplayOptions> = {}): Promise<void> {
    const ending = new AbortController();
    const finished = await runReplay(this.topology, this.options(options), {
      signal: ending.signal,
      report: (progress) => {
        if (progress.phase === 'running' && progress.done >= done) ending.abort();
      },
    });
    if (finished) throw new Error(`the replay finished before it was cut at ${done}`);
  }

  /** A topology that asks a model about each value and remembers its answers, with a configuration for each version of it. */
  asking(): { readonly topology: Topology; config(version: string): ReplayOptions['config'] } {
    const texts = (name: string) => topic(name, { key: string(), value: string() });
    const asked = model<string, string>('oracle');
    const answering = topology('answers', ({ stream }) => {
      stream(texts(this.input))
        .pipe(
          predict(asked, { features: (value) => value, remember: predictionMemory<string, string>('answers') }),
          mapValues((answer) => answer!.prediction),
        )
        .to(texts(this.output));
    });
    const oracle = (version: string): Model<string, string> => ({
      identity: { name: 'oracle', version },
      async open() {},
      predict: async (rows) => rows.map((row) => `${version} ${row}`),
      async close() {},
    });
    const config = (version: string) => ({ ...this.options().config, models: { oracle: oracle(version) } });
    return { topology: answering, config };
  }

  /** What a topic holds, in order. */
  async read(topic: string): Promise<ConsumedRecord[]> {
    const records: ConsumedRecord[] = [];
    for await (const record of readTopic(this.broker, topic)) records.push(record);
    return records;
  }

  /** What a replay has written, `value@offset`. */
  async replayed(name = 'default'): Promise<string[]> {
    return (await this.read(`${this.output}.replay-${name}`)).map(({ value }) => String(value));
  }
}
