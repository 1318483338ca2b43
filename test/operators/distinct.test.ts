import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import type { ChangeMarkers } from '../../src/operators/change-markers.js';
import { changePositions } from '../../src/operators/change-positions.js';
import { type DistinctOptions, distinct } from '../../src/operators/distinct.js';
import { enterEnvironment, plainEnvironment } from '../../src/operators/environment.js';
import type { StreamRecord } from '../../src/record.js';
import { keyValueStore } from '../../src/state/declare.js';
import { runMarbles } from './run-marbles.js';
import type { Car, CarKey } from './tables/cars.js';
import { change } from './tables/changes.js';
import { distinctCases } from './tables/distinct.js';

runMarbles('distinct', distinctCases);

const delivered = changePositions<CarKey>('delivered');
const focus: Car = { id: 1, model: 'Focus' };

/** distinct by hand, with a view into its store. */
function running(options: Partial<DistinctOptions<CarKey>> = {}) {
  const environment = plainEnvironment();
  const leave = enterEnvironment(environment);
  const source = new Subject<StreamRecord<unknown, CarKey>>();
  const passed: StreamRecord[] = [];
  source.pipe(distinct({ remember: delivered, ...options })).subscribe((record) => passed.push(record));
  leave();
  return { source, passed, store: environment.store(delivered) };
}

describe('what distinct keeps', () => {
  test('a marker: position, operation, and the record that set it', () => {
    const { source, store } = running();
    source.next(change('u', 1, { after: focus }, { lsn: 29_260_208, offset: 12, partition: 3, committed: 5_000 }));
    const markers: ChangeMarkers | undefined = store.get({ id: 1 });
    expect(markers).toEqual([
      {
        position: { lsn: '29260208', tsMs: 5_000, snapshot: false },
        op: 'u',
        topic: 'p.public.cars',
        partition: 3,
        offset: 12,
      },
    ]);
  });

  test('a duplicate changes nothing', () => {
    const { source, passed, store } = running();
    source.next(change('u', 1, { after: focus }, { lsn: 20, offset: 12 }));
    const before = store.get({ id: 1 });
    source.next(change('u', 1, { after: focus }, { lsn: 20, offset: 13 }));
    expect(store.get({ id: 1 })).toEqual(before);
    expect(passed).toHaveLength(1);
  });

  test('the keys of deleted rows leave the store when their time is up; rows that are there stay', () => {
    const { source, store } = running({ deleteRetentionMs: 1_000 });
    const keys = () => [...store.entries()].map(([key]) => key.id).sort();
    source.next(change('c', 1, { after: focus }, { lsn: 1, offset: 0, timestamp: 0 }));
    source.next(change('d', 2, { before: focus }, { lsn: 2, offset: 1, timestamp: 0 }));
    source.next(change('d', 3, { before: focus }, { lsn: 3, offset: 2, timestamp: 900 }));
    source.next(change('c', 4, { after: focus }, { lsn: 4, offset: 3, timestamp: 1_000 }));
    expect(keys()).toEqual([1, 2, 3, 4]);
    source.next(change('c', 4, { after: focus }, { lsn: 5, offset: 4, timestamp: 1_500 }));
    expect(keys()).toEqual([1, 3, 4]);
    source.next(change('c', 4, { after: focus }, { lsn: 6, offset: 5, timestamp: 3_000 }));
    expect(keys()).toEqual([1, 4]);
  });
});

describe('a log that started again', () => {
  const warningsOf = async (run: () => void): Promise<readonly Error[]> => {
    // Node emits warnings on the next tick: let those of others go by.
    await new Promise((resolve) => setImmediate(resolve));
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on('warning', listener);
    run();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listener);
    return warnings.filter((warning) => 'code' in warning && warning.code === 'MILLRACE_STALE_CHANGE');
  };

  test('is warned of once', async () => {
    const { source, passed } = running();
    const warnings = await warningsOf(() => {
      for (const id of [1, 2]) source.next(change('u', id, { after: focus }, { lsn: 1_000, offset: id, committed: 1 }));
      for (const id of [1, 2]) source.next(change('u', id, { after: focus }, { lsn: 5, offset: 9 + id, committed: 2 }));
    });
    expect(passed).toHaveLength(4);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /public\.cars at log position 5 \(p\.public\.cars-0, offset 10\).*after one at 1000.*pass$/,
      ),
    ]);
  });

  test('an old change that comes again is no sign of it', async () => {
    const { source, passed } = running();
    const warnings = await warningsOf(() => {
      source.next(change('u', 1, { after: focus }, { lsn: 1_000, offset: 0, committed: 10 }));
      source.next(change('u', 1, { after: focus }, { lsn: 500, offset: 1, committed: 10 }));
      source.next(change('u', 1, { after: focus }, { lsn: 400, offset: 2, committed: 9 }));
    });
    expect(passed).toHaveLength(1);
    expect(warnings).toEqual([]);
  });
});

test('deleteRetentionMs is a positive number', () => {
  for (const deleteRetentionMs of [0, -1, Number.NaN]) {
    expect(() => distinct({ remember: delivered, deleteRetentionMs })).toThrow(ConfigurationError);
  }
});

test('the store is the one that was declared', () => {
  const other = keyValueStore<CarKey, ChangeMarkers>('elsewhere');
  const environment = plainEnvironment();
  const leave = enterEnvironment(environment);
  const source = new Subject<StreamRecord<unknown, CarKey>>();
  source.pipe(distinct({ remember: other })).subscribe();
  leave();
  source.next(change('c', 1, { after: focus }));
  expect(environment.store(other).has({ id: 1 })).toBe(true);
});
