/**
 * The layered store against a model that is too simple to be wrong: a list of uncommitted writes and a map of
 * committed ones. Random records, failures, commits and crashes, on each engine, with caches of all sizes.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyValueStore } from '../../src/state/declare.js';
import { HotCaches } from '../../src/state/hot-cache.js';
import { LayeredStore } from '../../src/state/layered-store.js';
import type { StoreEngines } from '../../src/state/store.js';
import { engineKinds } from './engine-kinds.js';

interface Key {
  readonly id: number;
}
interface Value {
  readonly n: number;
}

const declaration = keyValueStore<Key, Value>('prices');

type Step =
  | { readonly do: 'put'; readonly id: number; readonly n: number; readonly ahead: number }
  | { readonly do: 'delete' | 'get' | 'has'; readonly id: number; readonly ahead: number }
  | { readonly do: 'discard' | 'discardFrom' | 'take'; readonly back: number }
  | { readonly do: 'commit' | 'commitUnawaited' | 'revert' | 'drop' | 'crash' | 'entries' };

const id = fc.integer({ min: 0, max: 4 });
const ahead = fc.integer({ min: 0, max: 2 });
const back = fc.integer({ min: 0, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), id, n: fc.nat(999), ahead }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), id, ahead }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'has' as const), id, ahead }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('discard' as const, 'discardFrom' as const), back }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), back }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'commit' as const,
        'commit' as const,
        'commitUnawaited' as const,
        'commitUnawaited' as const,
        'revert' as const,
        'drop' as const,
        'crash' as const,
        'entries' as const,
      ),
    }),
  },
);

interface Write {
  readonly sequence: number;
  readonly id: number;
  readonly n: number | null;
}

class Model {
  readonly committed = new Map<number, number>();
  writes: Write[] = [];
  takenThrough: number | undefined;
  position: number | undefined;

  newest(key: number, through = Number.POSITIVE_INFINITY): Write | undefined {
    return this.writes.findLast((write) => write.id === key && write.sequence <= through);
  }

  value(key: number): number | undefined {
    const write = this.newest(key);
    return write === undefined ? this.committed.get(key) : (write.n ?? undefined);
  }

  isTaken(write: Write): boolean {
    return this.takenThrough !== undefined && write.sequence <= this.takenThrough;
  }

  changes(through: number): Record<string, number | null> {
    const last = this.writes.filter(({ sequence }) => sequence <= through);
    return Object.fromEntries(last.map(({ id, n }) => [id, n]));
  }

  commit(position: number): void {
    const { takenThrough } = this;
    if (takenThrough === undefined) throw new Error('the model has nothing taken');
    for (const write of this.writes.filter((one) => this.isTaken(one))) {
      if (write.n === null) this.committed.delete(write.id);
      else this.committed.set(write.id, write.n);
      this.position = position;
    }
    this.writes = this.writes.filter((one) => !this.isTaken(one));
    this.takenThrough = undefined;
  }
}

async function agree(engines: StoreEngines, steps: readonly Step[], maxEntries: number): Promise<void> {
  const model = new Model();
  let sequence = 1;
  let position = 0;
  let reads: number[] = [];
  const waiting: Promise<void>[] = [];
  const open = async () =>
    new LayeredStore(
      declaration,
      await engines.open('0_0/prices'),
      { sequence: () => sequence, wrote: () => {}, read: (writer) => reads.push(writer) },
      { caches: new HotCaches(maxEntries), now: () => 0 },
    );
  let store = await open();
  const expectRead = (write: Write | undefined) => {
    const other = write !== undefined && write.sequence !== sequence && !model.isTaken(write);
    expect(reads).toEqual(other ? [write.sequence] : []);
  };

  for (const next of steps) {
    reads = [];
    if ('ahead' in next) sequence += next.ahead;
    switch (next.do) {
      case 'put':
        store.put({ id: next.id }, { n: next.n });
        model.writes.push({ sequence, id: next.id, n: next.n });
        break;
      case 'delete':
        store.delete({ id: next.id });
        model.writes.push({ sequence, id: next.id, n: null });
        break;
      case 'get':
        expect(store.get({ id: next.id })?.n).toBe(model.value(next.id));
        expectRead(model.newest(next.id));
        break;
      case 'has':
        expect(store.has({ id: next.id })).toBe(model.value(next.id) !== undefined);
        expectRead(model.newest(next.id));
        break;
      case 'discard': {
        const failed = sequence - next.back;
        if (failed <= (model.takenThrough ?? Number.NEGATIVE_INFINITY)) break;
        store.discard(failed);
        model.writes = model.writes.filter((write) => write.sequence !== failed);
        break;
      }
      case 'discardFrom': {
        const from = sequence - next.back;
        if (from <= (model.takenThrough ?? Number.NEGATIVE_INFINITY)) break;
        store.discardFrom(from);
        model.writes = model.writes.filter((write) => write.sequence < from);
        sequence = from;
        break;
      }
      case 'take': {
        if (model.takenThrough !== undefined) break;
        const through = sequence - next.back;
        const changes = store.takeUpTo(through);
        const shown = changes.map(({ key, value }) => [
          (JSON.parse(key.toString()) as Key).id,
          value === null ? null : (JSON.parse(value.toString()) as Value).n,
        ]);
        expect(new Set(shown.map(([key]) => key)).size).toBe(shown.length);
        expect(Object.fromEntries(shown)).toEqual(model.changes(through));
        model.takenThrough = through;
        sequence = Math.max(sequence, through + 1);
        break;
      }
      case 'commit':
      case 'commitUnawaited': {
        if (model.takenThrough === undefined) break;
        position += 10;
        const applied = store.committed(position);
        model.commit(position);
        if (next.do === 'commit') await applied;
        else waiting.push(applied);
        break;
      }
      case 'revert':
        if (model.takenThrough === undefined) break;
        store.reverted();
        model.takenThrough = undefined;
        break;
      case 'drop':
        store.dropUncommitted();
        model.writes = [];
        model.takenThrough = undefined;
        break;
      case 'crash':
        await store.close();
        store = await open();
        model.writes = [];
        model.takenThrough = undefined;
        expect(store.position).toBe(model.position);
        break;
      case 'entries': {
        const expected = [0, 1, 2, 3, 4].flatMap((key) => {
          const n = model.value(key);
          return n === undefined ? [] : [[{ id: key }, { n }]];
        });
        expect([...store.entries()].sort(([a], [b]) => a.id - b.id)).toEqual(expected);
        break;
      }
    }
    expect(store.statistics.uncommittedWrites).toBe(model.writes.length);
  }
  for (let key = 0; key < 5; key++) expect(store.get({ id: key })?.n).toBe(model.value(key));
  await Promise.all(waiting);
  await store.close();
}

describe.each(engineKinds)('the layered store over %s', (_, { make, runs }) => {
  test('agrees with the model', async () => {
    const { engines, dispose } = await make();
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 80, size: 'max' }),
          fc.constantFrom(0, 2, 100),
          async (steps, maxEntries) => {
            await engines.remove();
            await agree(engines, steps, maxEntries);
          },
        ),
        { numRuns: runs },
      );
    } finally {
      await dispose();
    }
  });
});
