/** A disk that has no room for the state: the application says which folder, and with room it goes on without a loss. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import { NO_HEADERS } from '../../src/record.js';
import { json } from '../../src/serde/json.js';
import { string } from '../../src/serde/primitives.js';
import { keyValueStore } from '../../src/state/declare.js';
import { lmdbEngines } from '../../src/state/lmdb.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';

const NOTES = 400;
const notes = topic('notes', { key: string(), value: string() });
const numbers = topic('numbers', { key: string(), value: json<number>() });
const kept = keyValueStore<string, { readonly count: number; readonly text: string }>('kept');

/** Keeps each note, and gives how often its key has come. */
const keeping = topology('keeping', ({ stream }) => {
  stream(notes)
    .pipe(
      processValues({
        stores: [kept],
        process(record, context: ValueProcessorContext<string, number>) {
          const store = context.store(kept);
          const count = (store.get(record.key)?.count ?? 0) + 1;
          store.put(record.key, { count, text: record.value });
          context.forward(count);
        },
      }),
    )
    .to(numbers);
});

/** A file system of its own in a folder; undefined where this account may not mount one. */
function mounted(bytes: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    // Not root, or no tmpfs here: nothing is mounted.
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

function unmount(folder: string): void {
  execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
}

const probe = mounted('64k');
if (probe !== undefined) unmount(probe);

describe.skipIf(probe === undefined)('on a file system of 1 MiB (mounting one needs root and Linux)', () => {
  let folder: string;
  let broker: EmbeddedBroker;

  beforeEach(async () => {
    folder = mounted('1m')!;
    broker = await openEmbeddedBroker();
    const admin = await broker.admin();
    await admin.createTopics([notes, numbers].map(({ name }) => ({ topic: name, partitions: 1 })));
    await admin.close();
  });

  afterEach(async () => {
    await broker.close();
    unmount(folder);
  });

  function application(guarantee: 'at_least_once' | 'exactly_once_v2'): Application {
    const config = {
      'application.id': 'keeping',
      'processing.guarantee': guarantee,
      'commit.interval.ms': 20,
    } as const;
    return new Application(keeping, config, { broker, engines: lmdbEngines(join(folder, 'state')) });
  }

  async function put(round: number): Promise<void> {
    const producer = await broker.producer({});
    for (let i = 0; i < NOTES; i += 1) {
      const value = Buffer.from(`${round} `.padEnd(8_000, 'x'));
      const record = { topic: notes.name, partition: 0, key: Buffer.from(`note-${i}`), timestamp: 0 };
      producer.produce({ ...record, value, headers: NO_HEADERS });
    }
    await producer.flush(10_000);
    await producer.close();
  }

  /** Counts by key, in the order in which they were written. */
  async function written(): Promise<ReadonlyMap<string, readonly number[]>> {
    const counts = new Map<string, number[]>();
    const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    const partition = { topic: numbers.name, partition: 0 };
    const { low, high } = await consumer.watermarks(partition);
    consumer.assign([{ ...partition, offset: low }]);
    while ((consumer.position(partition) ?? low) < high) {
      for (const { key, value } of await consumer.poll(1_000, 100)) {
        const list = counts.get(String(key)) ?? [];
        list.push(Number(value));
        counts.set(String(key), list);
      }
    }
    await consumer.close();
    return counts;
  }

  test.each(['at_least_once', 'exactly_once_v2'] as const)('%s', async (guarantee) => {
    await put(1);
    const full = application(guarantee);
    await full.start();
    await full.ended();
    expect(full.state).toBe('ERROR');
    expect(full.failure?.message).toContain(`the state in ${join(folder, 'state')}`);
    expect(full.failure?.message).toMatch(/cannot be written: .*Is the disk full/);

    // Without room it is the same again, and no worse.
    const again = application(guarantee);
    await again.start().catch(() => {});
    await again.ended();
    expect(again.state).toBe('ERROR');
    expect(again.failure?.message).toContain(folder);

    execFileSync('mount', ['-o', 'remount,size=64m', folder]);
    await put(2);
    const roomy = application(guarantee);
    await roomy.start();
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        const done = roomy.status.inFlight === 0 && roomy.position >= 2 * NOTES;
        if (!done && roomy.failure === undefined) return;
        clearInterval(look);
        resolve();
      }, 10);
    });
    await roomy.drain();
    expect(roomy.failure).toBeUndefined();

    const counts = await written();
    expect(counts.size).toBe(NOTES);
    for (const list of counts.values()) {
      if (guarantee === 'exactly_once_v2') expect(list).toEqual([1, 2]);
      else expect(list.at(-1)).toBeGreaterThanOrEqual(2);
    }
  });
});
