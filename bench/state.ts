/**
 * What state costs: `npx tsx bench/state.ts`. Times in microseconds on the main thread unless it says otherwise.
 *
 * Compares LMDB with LevelDB when `classic-level` happens to be installed (`npm install --no-save classic-level`).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { keyValueStore } from '../src/state/declare.js';
import { HotCaches } from '../src/state/hot-cache.js';
import { LayeredStore } from '../src/state/layered-store.js';
import { lmdbEngines } from '../src/state/lmdb.js';
import { memoryEngines } from '../src/state/memory.js';
import type { StoreChange, StoreEngine, StoreEngines } from '../src/state/store.js';

interface Car {
  readonly make: string;
  readonly model: string;
  readonly year: number;
  readonly price: number;
  readonly mileage: number;
  readonly mpg: number;
}

const cars = keyValueStore<{ id: number }, Car>('cars');
const carOf = (id: number): Car => ({
  make: 'Ford',
  model: 'Focus',
  year: 2000 + (id % 24),
  price: 9_000.5 + id,
  mileage: 20_000 + id,
  mpg: 57.3,
});

const keysOf = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
/** Visits every index, in an order that is not the one of writing. */
const scattered = (i: number, count: number) => (i * 7_919) % count;

function report(what: string, ...figures: (readonly [string, number, string])[]): void {
  const shown = figures.map(([name, value, unit]) => `${name} ${value.toFixed(2)} ${unit}`);
  console.log(`${what.padEnd(58)} ${shown.join('   ')}`);
}

const microsecondsEach = (start: number, count: number) => ((performance.now() - start) * 1_000) / count;

async function storeOver(engine: StoreEngine, maxEntries: number) {
  const at = { sequence: 0, wrote: 0, read: 0 };
  const store = new LayeredStore(
    cars,
    engine,
    {
      sequence: () => at.sequence,
      wrote: () => {
        at.wrote += 1;
      },
      read: () => {
        at.read += 1;
      },
    },
    { caches: new HotCaches(maxEntries), now: Date.now },
  );
  return { at, store };
}

async function benchLayers(name: string, engines: StoreEngines, count: number): Promise<void> {
  const { at, store } = await storeOver(await engines.open('0_0/cars'), count);
  const keys = keysOf(count);
  const perCommit = 1_000;
  let position = 0;
  let offThread = 0;
  const timings = { put: 0, take: 0, committed: 0 };
  const rounds = 3;
  for (let round = 0; round < rounds; round++) {
    for (let from = 0; from < count; from += perCommit) {
      let start = performance.now();
      for (let i = from; i < from + perCommit; i++) {
        at.sequence += 1;
        store.put(keys[scattered(i, count)]!, carOf(i));
      }
      timings.put += performance.now() - start;
      start = performance.now();
      store.takeUpTo(at.sequence);
      timings.take += performance.now() - start;
      position += perCommit;
      start = performance.now();
      const applied = store.committed(position);
      timings.committed += performance.now() - start;
      start = performance.now();
      await applied;
      offThread += performance.now() - start;
    }
  }
  const changes = count * rounds;
  const each = (milliseconds: number) => (milliseconds * 1_000) / changes;
  report(
    `${name}: ${count} keys, ${perCommit} changes per commit`,
    ['put', each(timings.put), 'µs'],
    ['takeUpTo', each(timings.take), 'µs'],
    ['committed', each(timings.committed), 'µs'],
    ['until durable', (offThread * perCommit) / changes, 'ms/commit'],
  );

  const read = (what: string) => {
    let found = 0;
    const start = performance.now();
    for (let i = 0; i < count; i++) if (store.get(keys[scattered(i, count)]!) !== undefined) found += 1;
    report(`${name}: get, ${what}`, ['each', microsecondsEach(start, count), 'µs'], ['found', found / count, '']);
  };
  read('cached, first read decodes');
  read('cached, scattered over all keys');
  const hot = keysOf(1_000);
  const start = performance.now();
  const reads = 1_000_000;
  for (let i = 0; i < reads; i++) store.get(hot[i % hot.length]!);
  report(`${name}: get, cached, 1,000 hot keys`, ['each', microsecondsEach(start, reads), 'µs']);

  at.sequence += 1;
  for (let i = 0; i < 1_000; i++) store.put(hot[i]!, carOf(i));
  const uncommitted = performance.now();
  for (let i = 0; i < reads; i++) store.get(hot[i % hot.length]!);
  report(`${name}: get, uncommitted, 1,000 keys`, ['each', microsecondsEach(uncommitted, reads), 'µs']);
  const discards = performance.now();
  for (let i = 0; i < reads; i++) store.discard(at.sequence + 1);
  report(`${name}: discard of a record that wrote nothing`, ['each', microsecondsEach(discards, reads), 'µs']);
  await store.close();

  const cold = await storeOver(await engines.open('0_0/cars'), 0);
  const fromEngine = performance.now();
  for (let i = 0; i < count; i++) cold.store.get(keys[scattered(i, count)]!);
  report(`${name}: get, no cache`, ['each', microsecondsEach(fromEngine, count), 'µs']);
  const missing = performance.now();
  for (let i = 0; i < count; i++) cold.store.get({ id: count + i });
  report(`${name}: get, no cache, absent`, ['each', microsecondsEach(missing, count), 'µs']);
  await cold.store.close();
}

function changesOf(count: number, from: number, keys: number): StoreChange[] {
  return Array.from({ length: count }, (_, i) => ({
    key: Buffer.from(`{"id":${scattered(from + i, keys)}}`),
    value: Buffer.from(JSON.stringify(carOf(from + i))),
  }));
}

/** One apply after the other: what the main thread pays, and how long one takes. */
async function benchApply(
  name: string,
  apply: (changes: readonly StoreChange[], position: number) => Promise<unknown>,
  get: (key: Buffer) => Buffer | undefined,
): Promise<void> {
  for (const size of [50, 1_000, 10_000]) {
    const rounds = size === 10_000 ? 20 : 100;
    const batches = Array.from({ length: rounds }, (_, round) => changesOf(size, round * size, 200_000));
    const took: number[] = [];
    let main = 0;
    for (const [round, batch] of batches.entries()) {
      const start = performance.now();
      const applied = apply(batch, round);
      main += performance.now() - start;
      await applied;
      took.push(performance.now() - start);
    }
    took.sort((a, b) => a - b);
    report(
      `${name}: apply of ${size}`,
      ['main thread', (main * 1_000) / (rounds * size), 'µs/change'],
      ['p50', took[rounds >> 1]!, 'ms'],
      ['p99', took[Math.floor(rounds * 0.99)]!, 'ms'],
    );
  }
  const keys = Array.from({ length: 100_000 }, (_, i) => Buffer.from(`{"id":${scattered(i, 200_000)}}`));
  const start = performance.now();
  let found = 0;
  for (const key of keys) if (get(key) !== undefined) found += 1;
  report(`${name}: get`, ['each', microsecondsEach(start, keys.length), 'µs'], ['found', found / keys.length, '']);
}

async function benchRestore(name: string, engines: StoreEngines): Promise<void> {
  const { store } = await storeOver(await engines.open('0_1/cars'), 1_000);
  const batches = Array.from({ length: 100 }, (_, round) =>
    changesOf(2_000, round * 2_000, 200_000).map((change) => ({ ...change, timestamp: 0 })),
  );
  const start = performance.now();
  for (const [round, batch] of batches.entries()) await store.restore(batch, round);
  const seconds = (performance.now() - start) / 1_000;
  report(`${name}: restore, batches of 2,000`, ['', 200 / seconds, 'thousand changes/s']);
  await store.close();
}

interface Level {
  open(): Promise<void>;
  batch(operations: object[], options: object): Promise<void>;
  getSync(key: Buffer): Buffer | undefined;
  close(): Promise<void>;
}

async function benchLevel(folder: string): Promise<void> {
  const name: string = 'classic-level';
  let module: { ClassicLevel: new (folder: string, options: object) => Level };
  try {
    module = (await import(name)) as typeof module;
  } catch {
    console.log('LevelDB: classic-level is not installed');
    return;
  }
  const level = new module.ClassicLevel(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await level.open();
  await benchApply(
    'LevelDB',
    (changes) =>
      level.batch(
        changes.map(({ key, value }) => ({ type: 'put', key, value })),
        { sync: true },
      ),
    (key) => level.getSync(key),
  );
  await level.close();
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-state-'));
try {
  const lmdb = lmdbEngines(join(folder, 'lmdb'));
  await benchLayers('(warming up)', memoryEngines(), 20_000);
  await benchLayers('memory', memoryEngines(), 20_000);
  await benchLayers('LMDB', lmdb, 20_000);
  await lmdb.remove();
  await benchLayers('LMDB', lmdb, 200_000);
  await benchRestore('LMDB', lmdb);
  const engine = await lmdb.open('0_2/cars');
  await benchApply(
    'LMDB',
    (changes, position) => engine.apply(changes, position),
    (key) => engine.get(key),
  );
  await engine.close();
  await benchLevel(join(folder, 'level'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
