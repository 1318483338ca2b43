/**
 * 6. State on disk carries the changelog position it stands for, written in one atomic step after the broker's commit;
 *    the position is a lower bound; a store whose position is unknown is rebuilt. Nothing uncommitted is readable after
 *    a crash.
 */
import { describe, expect, test } from 'vitest';
import { isFormatRecord } from '../../src/state/format-record.js';
import { memoryEngines } from '../../src/state/memory.js';
import type { StoreChange, StoreEngine, StoreEngines } from '../../src/state/store.js';
import { Process, type Put, type Seen, Stage, type StageOptions, seen } from '../heart/stage.js';

const COUNTS = '0_0/counts';
const CHANGELOG = 'stage-counts-changelog';

function ask(first: number, count: number): readonly Put[] {
  return Array.from({ length: count }, (_, index) => [`k${index % 3}`, { id: first + index, feature: first + index }]);
}

interface Applied {
  readonly path: string;
  readonly changes: readonly StoreChange[];
  readonly position: number;
}

/** A disk that tells what is written to it, before it is. */
function watched(tell: (applied: Applied) => Promise<void>): StoreEngines {
  const disk = memoryEngines();
  return {
    async open(path) {
      const engine = await disk.open(path);
      const apply = engine.apply.bind(engine);
      engine.apply = async (changes, position) => {
        await tell({ path, changes, position });
        await apply(changes, position);
      };
      return engine;
    },
    remove: (path) => disk.remove(path),
  };
}

async function look<T>(disk: StoreEngines, read: (engine: StoreEngine) => T): Promise<T> {
  const engine = await disk.open(COUNTS);
  const found = read(engine);
  await engine.close();
  return found;
}

/** A process on the stage with a disk of the test's. */
function onDisk(stage: Stage, disk: StoreEngines, name = 'only'): Process {
  return new Process(name, stage.clock, stage.broker, stage.options, disk);
}

/** By the counter each record of a key was counted once, in order, whatever happened to the disk. */
async function expectCounts(stage: Stage, perKey: number): Promise<void> {
  const counted = await stage.keyed<Seen>(seen.name);
  for (const key of ['k0', 'k1', 'k2']) {
    const before = counted.filter(([name]) => name === key).map(([, { before }]) => before);
    expect(before).toEqual(Array.from({ length: perKey }, (_, index) => index));
  }
}

const GUARANTEES: readonly StageOptions['guarantee'][] = ['at_least_once', 'exactly_once_v2'];

describe.each(GUARANTEES)('6. with %s', (guarantee) => {
  test('what is written to disk is committed, and its position is a lower bound', async () => {
    const found: { counted: number; committed: number; position: number; end: number }[] = [];
    const stage = await Stage.open({ guarantee, delay: (feature) => (feature % 5) * 20 });
    const group = await stage.broker.consumer({
      groupId: 'stage',
      offsetReset: 'earliest',
      isolation: 'read_committed',
    });
    const totals = new Map<string, number>();
    const disk = watched(async ({ path, changes, position }) => {
      if (path !== COUNTS) return;
      for (const { key, value } of changes) if (!isFormatRecord(key)) totals.set(String(key), Number(value));
      const counted = [...totals.values()].reduce((sum, count) => sum + count, 0);
      const [committed = 0] = await group.committed([{ topic: 'questions', partition: 0 }]);
      const { high } = await group.watermarks({ topic: CHANGELOG, partition: 0 });
      found.push({ counted, committed, position, end: high });
    });
    const only = onDisk(stage, disk);
    await only.start();
    for (let round = 0; round < 4; round += 1) {
      await stage.put(ask(round * 9, 9));
      await stage.clock.run(230);
    }
    await stage.drain(only);
    expect(found.length).toBeGreaterThan(3);
    for (const { counted, committed, position, end } of found) {
      expect(counted).toBeLessThanOrEqual(committed);
      expect(position).toBeLessThanOrEqual(end);
      expect(position).toBeGreaterThanOrEqual(counted);
    }
    expect(found.at(-1)).toMatchObject({ counted: 36, committed: 36 });
    await stage.patiently(group.close());
  });

  test('an idle restart reads nothing of the changelog twice', async () => {
    const restored: number[] = [];
    const stage = await Stage.open({
      guarantee,
      listener: { onRestoreEnd: (_store, _partition, records) => restored.push(records) },
    });
    await stage.start();
    await stage.put(ask(0, 9));
    await stage.work(300);
    await stage.drain();
    await stage.start();
    await stage.drain();
    // Under exactly_once_v2 markers lie between: they bring no records.
    expect(restored.reduce((sum, records) => sum + records, 0)).toBe(0);
  });

  test.each([
    ['unknown', async (disk: StoreEngines) => disk.remove()],
    [
      'beyond the end of the changelog',
      async (disk: StoreEngines) => {
        const engine = await disk.open(COUNTS);
        await engine.apply([{ key: Buffer.from('"k0"'), value: Buffer.from('999') }], 100_000);
        await engine.close();
      },
    ],
  ])('a store whose position is %s is rebuilt from the changelog', async (_name, spoil) => {
    const disk = memoryEngines();
    const stage = await Stage.open({ guarantee });
    const first = onDisk(stage, disk);
    await first.start();
    await stage.put(ask(0, 9));
    await stage.clock.run(300);
    await stage.drain(first);
    await spoil(disk);
    const second = onDisk(stage, disk);
    await second.start();
    await stage.put(ask(9, 9));
    await stage.clock.run(300);
    await stage.drain(second);
    await expectCounts(stage, 6);
  });
});

describe('6. with exactly_once_v2', () => {
  test('nothing uncommitted is readable after a crash at any time', async () => {
    for (let crashMs = 10; crashMs <= 250; crashMs += 30) {
      const disk = memoryEngines();
      const stage = await Stage.open({ guarantee: 'exactly_once_v2', delay: (feature) => (feature % 4) * 25 });
      const first = onDisk(stage, disk);
      await first.start();
      await stage.put(ask(0, 12));
      await stage.clock.run(crashMs);
      await first.kill();
      const committed = (await stage.read(CHANGELOG)).length;
      const counted = await look(disk, (engine) =>
        [...engine.entries()].reduce((sum, [key, value]) => sum + (isFormatRecord(key) ? 0 : Number(value)), 0),
      );
      expect(counted).toBeLessThanOrEqual(committed);
      const second = onDisk(stage, disk);
      await second.start();
      await stage.clock.run(800);
      await stage.drain(second);
      await expectCounts(stage, 4);
    }
  });
});
