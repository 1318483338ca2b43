import { changePositions } from '../../../src/operators/change-positions.js';
import { compose } from '../../../src/operators/compose.js';
import { type DistinctOptions, distinct } from '../../../src/operators/distinct.js';
import { unwrap } from '../../../src/operators/unwrap.js';
import { recordOf, type StreamRecord } from '../../../src/record.js';
import type { Car, CarKey } from './cars.js';
import { change, type Place, tombstoneOf } from './changes.js';
import { type MarbleCase, usualCases } from './marble-case.js';

const distinguishing =
  (options: Partial<DistinctOptions<CarKey>> = {}) =>
  () =>
    distinct({ remember: changePositions<CarKey>('delivered'), ...options });

const focus: Car = { id: 1, model: 'Focus' };
const written = (op: 'c' | 'u' | 'r', place: Place) => change(op, 1, { after: focus }, place);
const deleted = (place: Place) => change('d', 1, { before: focus }, place);

/**
 * A case by the letters that pass: `abAb -> ab` says that of these records, one after the other, the second two are
 * dropped.
 */
function passing(
  name: string,
  records: Readonly<Record<string, StreamRecord>>,
  letters: string,
  operator: MarbleCase['operator'] = distinguishing(),
): MarbleCase {
  const input = Object.keys(records).join('');
  const expected = [...input].map((letter) => (letters.includes(letter) ? letter : '-')).join('');
  return { name, operator, input: `${input}|`, records, expected: `${expected}|`, results: records };
}

const day = 86_400_000;

export const distinctCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: distinguishing(),
    records: {
      a: written('c', { lsn: 10, offset: 0 }),
      b: written('c', { lsn: 10, offset: 1 }),
      c: written('u', { lsn: 20, offset: 2 }),
    },
    gives: { a: 'a', b: '', c: 'c' },
    results: { a: written('c', { lsn: 10, offset: 0 }), c: written('u', { lsn: 20, offset: 2 }) },
  }),
  passing(
    'a redelivery from further back is dropped, up to where the changes go on',
    {
      a: written('c', { lsn: 10, offset: 0, committed: 1 }),
      b: written('u', { lsn: 20, offset: 1, committed: 2 }),
      c: written('c', { lsn: 10, offset: 2, committed: 1 }),
      d: written('u', { lsn: 20, offset: 3, committed: 2 }),
      e: written('u', { lsn: 30, offset: 4, committed: 3 }),
    },
    'abe',
  ),
  passing(
    'positions are compared per key: an lsn that is lower in the topic is no duplicate',
    { a: written('u', { lsn: 20, offset: 0 }), b: change('u', 2, { after: focus }, { lsn: 10, offset: 1 }) },
    'ab',
  ),
  passing(
    'rows of one COPY share an lsn, and have keys of their own',
    { a: written('c', { lsn: 20, offset: 0 }), b: change('c', 2, { after: focus }, { lsn: 20, offset: 1 }) },
    'ab',
  ),
  passing(
    'positions beyond 2^53 are told apart',
    {
      a: withLsn(written('c', { offset: 0 }), 9_007_199_254_740_993n),
      b: withLsn(written('u', { offset: 1 }), 9_007_199_254_740_993n),
      c: withLsn(written('u', { offset: 2 }), 9_007_199_254_740_994n),
    },
    'ac',
  ),
  passing(
    'rows of an incremental snapshot have no position and pass, in their place',
    {
      a: written('u', { lsn: 20, offset: 0 }),
      b: written('r', { lsn: null, offset: 1 }),
      c: written('r', { lsn: null, offset: 2 }),
      d: written('u', { lsn: 20, offset: 3 }),
      e: written('u', { lsn: 30, offset: 4 }),
    },
    'abce',
  ),
  passing(
    'a snapshot and the change after it may stand at one position',
    {
      a: written('r', { lsn: 20, offset: 0 }),
      b: written('r', { lsn: 20, offset: 1 }),
      c: written('u', { lsn: 20, offset: 2 }),
      d: written('r', { lsn: 20, offset: 3 }),
      e: written('u', { lsn: 20, offset: 4 }),
    },
    'ac',
  ),
  passing(
    'what has no key passes, and what is no change',
    {
      a: recordOf(null, written('c', { lsn: 10 }).value, { offset: 0 }),
      b: recordOf(null, written('c', { lsn: 10 }).value, { offset: 1 }),
      c: recordOf({ id: 1 }, focus, { offset: 2 }),
      d: recordOf({ id: 1 }, focus, { offset: 3 }),
    },
    'abcd',
  ),

  // Markers and the records that set them.
  passing(
    'a record is no duplicate of itself, when it is run again',
    { a: written('c', { lsn: 10, offset: 5 }), b: written('c', { lsn: 10, offset: 5 }) },
    'ab',
  ),
  passing(
    'nor of a later record, whose marker survived a crash alone',
    {
      a: written('u', { lsn: 30, offset: 7 }),
      b: written('c', { lsn: 10, offset: 5 }),
      c: written('c', { lsn: 10, offset: 6 }),
      d: written('u', { lsn: 30, offset: 7 }),
      e: written('u', { lsn: 30, offset: 8 }),
    },
    'abd',
  ),
  passing(
    'nor of one of another partition, or of another topic',
    {
      a: written('c', { lsn: 10, offset: 1, partition: 0 }),
      b: written('c', { lsn: 10, offset: 2, partition: 1 }),
      c: written('c', { lsn: 10, offset: 3, topic: 'other' }),
    },
    'abc',
  ),
  passing(
    'two topics with the same keys do not disturb each other',
    {
      a: written('c', { lsn: 10, offset: 1, topic: 'one' }),
      b: written('c', { lsn: 5, offset: 1, topic: 'two' }),
      c: written('c', { lsn: 10, offset: 2, topic: 'one' }),
      d: written('c', { lsn: 5, offset: 2, topic: 'two' }),
    },
    'ab',
  ),

  // Deletes and tombstones.
  passing(
    'a tombstone passes once after its delete',
    {
      a: written('c', { lsn: 10, offset: 0 }),
      b: deleted({ lsn: 20, offset: 1 }),
      c: tombstoneOf(1, { offset: 2 }),
      d: deleted({ lsn: 20, offset: 3 }),
      e: tombstoneOf(1, { offset: 4 }),
    },
    'abc',
  ),
  passing(
    'a tombstone that follows a redelivered delete is dropped with it: the row is there again',
    {
      a: deleted({ lsn: 20, offset: 1 }),
      b: tombstoneOf(1, { offset: 2 }),
      c: written('c', { lsn: 30, offset: 3 }),
      d: deleted({ lsn: 20, offset: 4 }),
      e: tombstoneOf(1, { offset: 5 }),
      f: written('c', { lsn: 30, offset: 6 }),
    },
    'abc',
  ),
  passing(
    'also when an incremental snapshot has read the row again',
    {
      a: deleted({ lsn: 20, offset: 1 }),
      b: written('r', { lsn: null, offset: 2 }),
      c: deleted({ lsn: 20, offset: 3 }),
      d: tombstoneOf(1, { offset: 4 }),
    },
    'ab',
  ),
  passing('a tombstone of a key that nothing is known of passes', { a: tombstoneOf(1, { offset: 3 }) }, 'a'),
  passing(
    'a tombstone that is run again passes again',
    {
      a: deleted({ lsn: 20, offset: 1 }),
      b: tombstoneOf(1, { offset: 2 }),
      c: tombstoneOf(1, { offset: 2 }),
    },
    'abc',
  ),
  passing(
    'a tombstone before the record that left its marker passes',
    { a: written('c', { lsn: 30, offset: 5 }), b: tombstoneOf(1, { offset: 3 }) },
    'ab',
  ),
  passing(
    'the position of a deleted key is kept',
    {
      a: deleted({ lsn: 20, offset: 1, timestamp: 0 }),
      b: change('c', 2, { after: focus }, { offset: 2, timestamp: day }),
      c: written('c', { lsn: 10, offset: 3, timestamp: day }),
    },
    'ab',
  ),
  passing(
    'and forgotten after deleteRetentionMs of stream time',
    {
      a: deleted({ lsn: 20, offset: 1, timestamp: 0 }),
      b: change('c', 2, { after: focus }, { offset: 2, timestamp: 101 }),
      c: written('c', { lsn: 10, offset: 3, timestamp: 0 }),
      d: written('c', { lsn: 10, offset: 4, timestamp: 0 }),
    },
    'abc',
    distinguishing({ deleteRetentionMs: 100 }),
  ),

  // A log that started again.
  passing(
    'a lower position that was committed later passes: the log started again',
    {
      a: written('u', { lsn: 1_000, offset: 0, committed: 10 }),
      b: written('u', { lsn: 50, offset: 1, committed: 20 }),
      c: written('u', { lsn: 50, offset: 2, committed: 20 }),
      d: written('u', { lsn: 60, offset: 3, committed: 30 }),
    },
    'abd',
  ),
  passing(
    "or is dropped with onStale: 'drop'",
    {
      a: written('u', { lsn: 1_000, offset: 0, committed: 10 }),
      b: written('u', { lsn: 50, offset: 1, committed: 20 }),
      c: written('u', { lsn: 1_001, offset: 2, committed: 30 }),
    },
    'ac',
    distinguishing({ onStale: 'drop' }),
  ),

  // After unwrap the position is the record's.
  {
    name: 'behind unwrap it knows rows by record.change',
    operator: () =>
      compose(unwrap<Car, CarKey>(), distinguishing()() as ReturnType<typeof distinct<Car | null, CarKey>>),
    input: 'abcd|',
    records: {
      a: written('c', { lsn: 10, offset: 0 }),
      b: written('c', { lsn: 10, offset: 1 }),
      c: deleted({ lsn: 20, offset: 2 }),
      d: deleted({ lsn: 20, offset: 3 }),
    },
    expected: 'x-y-|',
    results: {
      x: unwrapped(written('c', { lsn: 10, offset: 0 }), focus),
      y: unwrapped(deleted({ lsn: 20, offset: 2 }), null),
    },
  },
];

function withLsn(record: ReturnType<typeof written>, lsn: bigint): StreamRecord {
  return { ...record, value: { ...record.value, source: { ...record.value.source, lsn } } };
}

function unwrapped(record: ReturnType<typeof written>, row: Car | null): StreamRecord {
  const { op, source } = record.value;
  return {
    ...record,
    value: row,
    change: {
      db: source.db,
      schema: source.schema,
      table: source.table,
      op,
      lsn: BigInt(source.lsn as number),
      txId: 7,
      sequence: source.sequence as string,
      tsMs: source.ts_ms,
    },
  };
}
