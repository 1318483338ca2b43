import { expect, test } from 'vitest';
import type { ConsumedRecord } from '../../../src/brokers/port.js';
import { PendingRecords } from '../../../src/cdc/sink/pending-records.js';

const record = (partition: number, offset: number): ConsumedRecord => ({
  topic: 'cars',
  partition,
  offset,
  key: null,
  value: null,
  timestamp: 0,
  headers: [],
});

test('what is finished may be committed, to the offset after the last of each partition', () => {
  const pending = new PendingRecords();
  pending.add([record(0, 5), record(1, 8), record(0, 6)]);
  expect(pending.uncommitted).toEqual([]);
  pending.finish(2);
  expect(pending.uncommitted).toEqual([
    { topic: 'cars', partition: 0, offset: 6 },
    { topic: 'cars', partition: 1, offset: 9 },
  ]);
  expect(pending.all).toEqual([record(0, 6)]);
});

test('what was finished while a commit ran is still to be committed', () => {
  const pending = new PendingRecords();
  pending.add([record(0, 5), record(0, 6)]);
  pending.finish(1);
  const committing = pending.uncommitted;
  pending.finish(1);
  pending.committed(committing);
  expect(pending.uncommitted).toEqual([{ topic: 'cars', partition: 0, offset: 7 }]);
  pending.committed(pending.uncommitted);
  expect(pending.uncommitted).toEqual([]);
});

test('S4: of a partition that was taken away nothing is written or committed any more', () => {
  const pending = new PendingRecords();
  pending.add([record(0, 5), record(1, 8), record(0, 6), record(1, 9)]);
  pending.finish(2);
  pending.drop([{ topic: 'cars', partition: 0 }]);
  expect(pending.all).toEqual([record(1, 9)]);
  expect(pending.uncommitted).toEqual([{ topic: 'cars', partition: 1, offset: 9 }]);
});
