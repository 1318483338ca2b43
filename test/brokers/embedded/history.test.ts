/**
 * Random histories of two producers on three partitions, against a model of a few lines: what was acknowledged and
 * committed is there, in order, and nothing else, also after crashes.
 *
 * A crash is a copy of the folder as it is at that moment, opened by itself: what a killed process leaves.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EmbeddedBroker } from '../../../src/brokers/embedded/index.js';
import { openEmbeddedBroker } from '../../../src/brokers/embedded/index.js';
import type { Consumer, Producer } from '../../../src/brokers/port.js';
import { PATIENCE_MS, record, texts } from '../../contract/broker-session.js';
import { readAll } from './read-all.js';

const PARTITIONS = 3;

type Step =
  | { readonly kind: 'plain' | 'transactional'; readonly partition: number; readonly count: number }
  | { readonly kind: 'commit' | 'abort' | 'crash' | 'compact' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom('plain' as const, 'transactional' as const),
        partition: fc.nat(PARTITIONS - 1),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'abort' as const, 'crash' as const) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const) }) },
  ),
  { maxLength: 30 },
);

/** What should be there. */
class Model {
  readonly #log: { readonly text: string; readonly transaction: number }[][] = [[], [], []];
  readonly #committed = new Set<number>([0]);
  offset: number | undefined;

  append(partition: number, text: string, transaction: number): void {
    this.#log[partition]!.push({ text, transaction });
  }

  commit(transaction: number): void {
    this.#committed.add(transaction);
    this.offset = transaction;
  }

  /** The decided records, up to the first of the open transaction. */
  visible(partition: number, open: number | undefined): string[] {
    const log = this.#log[partition]!;
    const end = open === undefined ? -1 : log.findIndex((each) => each.transaction === open);
    return (end < 0 ? log : log.slice(0, end))
      .filter((each) => this.#committed.has(each.transaction))
      .map((each) => each.text);
  }
}

class History {
  readonly #model = new Model();
  #broker!: EmbeddedBroker;
  #plain!: Producer;
  #transactional!: Producer;
  #consumer!: Consumer;
  #generation = 0;
  #transactions = 0;
  #open: number | undefined;
  #texts = 0;

  constructor(private readonly root: string) {}

  async start(): Promise<void> {
    const directory = join(this.root, `${this.#generation}`);
    this.#broker = await openEmbeddedBroker({ directory, cacheBytes: 1 });
    const admin = await this.#broker.admin();
    const config = { 'segment.bytes': '300', 'cleanup.policy': 'compact' };
    await admin.createTopics([{ topic: 't', partitions: PARTITIONS, config }]);
    this.#plain = await this.#broker.producer({});
    this.#transactional = await this.#broker.producer({ transactionalId: 'p' });
    await this.#transactional.initTransactions(PATIENCE_MS);
    this.#consumer = await this.#broker.consumer({
      groupId: 'g',
      offsetReset: 'earliest',
      isolation: 'read_committed',
    });
  }

  async run(step: Step): Promise<void> {
    if (step.kind === 'plain' || step.kind === 'transactional') await this.#produce(step.kind, step);
    else if (step.kind === 'crash') await this.#crash();
    else if (step.kind === 'compact') await this.#broker.compact('t');
    else await this.#end(step.kind);
  }

  async check(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const records = await readAll(this.#broker, 't', partition);
      expect(texts(records)).toEqual(this.#model.visible(partition, this.#open));
      const offsets = records.map((each) => each.offset);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    }
    if (this.#open !== undefined) return;
    expect(await this.#consumer.committed([{ topic: 't', partition: 0 }])).toEqual([this.#model.offset]);
  }

  async stop(): Promise<void> {
    await this.#broker.close();
  }

  async #produce(kind: 'plain' | 'transactional', { partition, count }: { partition: number; count: number }) {
    const producer = kind === 'plain' ? this.#plain : this.#transactional;
    if (kind === 'transactional' && this.#open === undefined) {
      this.#transactions += 1;
      this.#open = this.#transactions;
      producer.beginTransaction();
    }
    for (let i = 0; i < count; i += 1) {
      this.#texts += 1;
      const text = `${this.#texts}`.padStart(20);
      // A key of its own for each record, so that compaction has nothing to drop but markers and aborted records.
      producer.produce(record('t', text, { partition, key: Buffer.from(text) }));
      this.#model.append(partition, text, kind === 'plain' ? 0 : this.#open!);
    }
    await producer.flush(PATIENCE_MS);
  }

  async #end(how: 'commit' | 'abort'): Promise<void> {
    if (this.#open === undefined) return;
    if (how === 'commit') {
      await this.#transactional.sendOffsets([{ topic: 't', partition: 0, offset: this.#open }], this.#consumer);
      await this.#transactional.commitTransaction(PATIENCE_MS);
      this.#model.commit(this.#open);
    } else {
      await this.#transactional.abortTransaction(PATIENCE_MS);
    }
    this.#open = undefined;
  }

  async #crash(): Promise<void> {
    const from = join(this.root, `${this.#generation}`);
    this.#generation += 1;
    const to = join(this.root, `${this.#generation}`);
    await cp(from, to, { recursive: true, filter: (source) => !source.includes('.lock-') });
    await this.#broker.close();
    this.#open = undefined;
    await this.start();
  }
}

it('keeps exactly what was acknowledged and committed, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const root = await mkdtemp(join(tmpdir(), 'millrace-history-'));
      const running = new History(root);
      try {
        await running.start();
        for (const step of history) {
          await running.run(step);
          await running.check();
        }
        await running.run({ kind: 'crash' });
        await running.check();
      } finally {
        await running.stop();
        await rm(root, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
});
