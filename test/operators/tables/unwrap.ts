/**
 * The cases of Debezium's `ExtractNewRecordStateTest` for the modes that there are, by their names, and our own.
 */
import { type Change, changeContextOf, UNAVAILABLE } from '../../../src/cdc/change.js';
import { lastValues } from '../../../src/operators/last-values.js';
import { unwrap } from '../../../src/operators/unwrap.js';
import type { DeleteTombstoneHandlingMode } from '../../../src/operators/unwrap-options.js';
import { recordOf, type StreamRecord } from '../../../src/record.js';
import type { Car, CarKey } from './cars.js';
import { type ChangeRecord, change, envelopeSchema, rowSchema, tombstoneOf } from './changes.js';
import { type MarbleCase, usualCases } from './marble-case.js';

const focus: Car = { id: 1, model: 'Focus' };
const unwrapping = (deleteTombstoneHandlingMode?: DeleteTombstoneHandlingMode) => () =>
  unwrap<Car, CarKey>(deleteTombstoneHandlingMode === undefined ? {} : { deleteTombstoneHandlingMode });

/** What unwrapping a change must give: its row, and where it comes from. */
const row = (record: StreamRecord<Change<Car>, CarKey>, value: Partial<Car> | null, parts: object = {}) => ({
  ...record,
  value,
  change: changeContextOf(record.value),
  ...parts,
});

const created = change('c', 1, { after: focus }, { offset: 1 });
const updated = change('u', 1, { before: null, after: { ...focus, model: 'Focus ST' } }, { offset: 2, lsn: 200 });
const deleted = change('d', 1, { before: { id: 1, model: '' } }, { offset: 3, lsn: 300 });
const snapshot = change('r', 1, { after: focus }, { lsn: null });
const truncated = change('t', 1, {}, { offset: 5 });
const tombstone = tombstoneOf(1, { offset: 4 });

/** One record in, and what it becomes: another one, or nothing. */
const single = (
  name: string,
  operator: MarbleCase['operator'],
  record: StreamRecord,
  result: StreamRecord | undefined,
): MarbleCase => ({
  name,
  operator,
  input: 'a|',
  records: { a: record },
  expected: result === undefined ? '-|' : 'x|',
  results: result === undefined ? {} : { x: result },
});

export const debeziumCases: readonly MarbleCase[] = [
  single('testTombstoneDroppedByDefault', unwrapping('drop'), tombstone, undefined),
  single('testTombstoneDroppedConfigured', unwrapping('drop'), tombstone, undefined),
  single('testTombstoneForwardConfigured', unwrapping('tombstone'), tombstone, undefined),
  single('testTruncateDroppedByDefault', unwrapping('tombstone'), truncated, undefined),
  single('testDeleteDroppedByDefault', unwrapping('drop'), deleted, undefined),
  single('testHandleDeleteDrop', unwrapping('drop'), deleted, undefined),
  single('testHandleDeleteNone', unwrapping('tombstone'), deleted, row(deleted, null)),
  single('testUnwrapCreateRecord', unwrapping('tombstone'), created, row(created, focus)),
  single(
    'testUnwrapCreateRecordWithOptionalDefaultValue',
    unwrapping('tombstone'),
    change('c', 1, { after: { id: 1, model: null as unknown as string } }),
    row(change('c', 1, { after: { id: 1, model: null as unknown as string } }), {
      id: 1,
      model: null as unknown as string,
    }),
  ),
  single(
    'testIgnoreUnknownRecord: another schema',
    unwrapping('tombstone'),
    { ...created, valueSchema: { type: 'struct', name: 'unknown' } },
    { ...created, valueSchema: { type: 'struct', name: 'unknown' } },
  ),
  single(
    'testIgnoreUnknownRecord: a schema without a name',
    unwrapping('tombstone'),
    { ...created, valueSchema: { type: 'struct' } },
    { ...created, valueSchema: { type: 'struct' } },
  ),
  single(
    'testUnwrapPropagatesRecordHeaders',
    unwrapping('tombstone'),
    { ...created, headers: [{ key: 'application/debezium-test-header', value: Buffer.from('kept') }] },
    row(created, focus, { headers: [{ key: 'application/debezium-test-header', value: Buffer.from('kept') }] }),
  ),
];

const notLogged = change('u', 1, { after: { id: 1, model: UNAVAILABLE } }, { offset: 2, lsn: 200 });
const restoring = () => unwrap<Car, CarKey>({ restore: lastValues<CarKey>('last-values') });
const keyed = (record: ChangeRecord, key: string) => ({
  ...record,
  headers: [{ key, value: Buffer.from('{"id":100}') }],
});
const withSchema = <V extends StreamRecord>(record: V): V => ({ ...record, valueSchema: envelopeSchema });

export const unwrapCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: unwrapping(),
    records: { a: created, b: updated, c: deleted, d: tombstone, e: snapshot },
    gives: { a: 'v', b: 'w', c: 'x', d: '', e: 'z' },
    results: {
      v: row(created, focus),
      w: row(updated, { id: 1, model: 'Focus ST' }),
      x: row(deleted, null),
      z: row(snapshot, focus),
    },
  }),
  single(
    'delete-to-tombstone makes a tombstone of a delete',
    unwrapping('delete-to-tombstone'),
    deleted,
    row(deleted, null),
  ),
  single(
    'delete-to-tombstone drops the tombstone that follows',
    unwrapping('delete-to-tombstone'),
    tombstone,
    undefined,
  ),
  single('a null key is no matter', unwrapping(), { ...created, key: null }, { ...row(created, focus), key: null }),
  single(
    'a value that only looks a little like a change goes on',
    unwrapping(),
    recordOf(1, { op: 'c', after: {} }),
    recordOf(1, { op: 'c', after: {} }),
  ),
  single(
    'a row with a column named op goes on',
    unwrapping(),
    recordOf(1, { op: 'c', source: 'x' }),
    recordOf(1, { op: 'c', source: 'x' }),
  ),
  single('text goes on', unwrapping(), recordOf(1, 'text'), recordOf(1, 'text')),
  single(
    "the schema becomes the row's",
    unwrapping(),
    withSchema(created),
    row(created, focus, { valueSchema: rowSchema }),
  ),
  single("also a delete's", unwrapping(), withSchema(deleted), row(deleted, null, { valueSchema: rowSchema })),
  {
    name: 'an update of the primary key deletes the old key and creates the new one; the headers stay',
    operator: unwrapping(),
    input: 'abc|',
    records: {
      a: keyed(deleted, '__debezium.newkey'),
      b: keyed(tombstone, '__debezium.newkey'),
      c: keyed(change('c', 100, { after: { ...focus, id: 100 } }), '__debezium.oldkey'),
    },
    expected: 'x-z|',
    results: {
      x: keyed(row(deleted, null) as unknown as ChangeRecord, '__debezium.newkey'),
      z: keyed(
        row(change('c', 100, { after: { ...focus, id: 100 } }), { ...focus, id: 100 }) as unknown as ChangeRecord,
        '__debezium.oldkey',
      ),
    },
  },
  single(
    'a value that was not logged is left out of the row and of its schema',
    unwrapping(),
    withSchema(notLogged),
    row(notLogged, { id: 1 }, { valueSchema: { ...rowSchema, fields: [{ type: 'int32', field: 'id' }] } }),
  ),
  {
    name: 'a value that was not logged is restored from the last one',
    operator: restoring,
    input: 'ab|',
    records: { a: withSchema(created), b: withSchema(notLogged) },
    expected: 'xy|',
    results: {
      x: row(created, focus, { valueSchema: rowSchema }),
      y: row(notLogged, focus, { valueSchema: rowSchema }),
    },
  },
  {
    name: 'it is restored again and again, until the row is deleted',
    operator: restoring,
    input: 'abbdb|',
    records: { a: created, b: notLogged, d: deleted },
    expected: 'xyyzw|',
    results: {
      x: row(created, focus),
      y: row(notLogged, focus),
      z: row(deleted, null),
      w: row(notLogged, { id: 1 }),
    },
  },
  {
    name: 'bytes, arrays and long integers are restored as they were',
    operator: restoring,
    input: 'ab|',
    records: {
      a: change('c', 1, { after: { id: 1, blob: Buffer.from([0, 255]), list: ['a', 2n, [null, 1.5]] } as never }),
      b: change('u', 1, { after: { id: 1, blob: Buffer.from(UNAVAILABLE), list: [UNAVAILABLE] } as never }),
    },
    expected: 'xy|',
    results: {
      x: row(change('c', 1, {}), { id: 1, blob: Buffer.from([0, 255]), list: ['a', 2n, [null, 1.5]] } as never),
      y: row(change('u', 1, {}), { id: 1, blob: Buffer.from([0, 255]), list: ['a', 2n, [null, 1.5]] } as never),
    },
  },
  {
    name: 'a row without a key has no last values',
    operator: restoring,
    input: 'ab|',
    records: { a: { ...created, key: null }, b: { ...notLogged, key: null } },
    expected: 'xy|',
    results: { x: { ...row(created, focus), key: null }, y: { ...row(notLogged, { id: 1 }), key: null } },
  },
];
