/** What `unwrap` does beyond Debezium's own cases, which are in `extract-new-record-state.ts`. */
import { type Change, UNAVAILABLE } from '../../../src/cdc/change.js';
import { changeContextOf } from '../../../src/operators/change-context.js';
import { lastValues } from '../../../src/operators/last-values.js';
import { unwrap } from '../../../src/operators/unwrap.js';
import type { DeleteTombstoneHandlingMode } from '../../../src/operators/unwrap-options.js';
import { recordOf, type StreamRecord } from '../../../src/record.js';
import type { Car, CarKey } from './cars.js';
import { type ChangeRecord, carFields, change, envelopeSchema, rowSchema, tombstoneOf } from './changes.js';
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

const notLogged = change('u', 1, { after: { id: 1, model: UNAVAILABLE } }, { offset: 2, lsn: 200 });
const restoring = () => unwrap<Car, CarKey>({ restore: lastValues<CarKey>('last-values') });
const keyed = (record: ChangeRecord, key: string) => ({
  ...record,
  headers: [{ key, value: Buffer.from('{"id":100}') }],
});
const withSchema = <V extends StreamRecord>(record: V): V => ({ ...record, valueSchema: envelopeSchema });

type Options = Parameters<typeof unwrap<Car, CarKey>>[0];
const adding = (options: Options) => () => unwrap<Car, CarKey>(options);
const rewriting = (options: Options) => adding({ deleteTombstoneHandlingMode: 'rewrite', ...options });
const long = {
  ...created.value.source,
  lsn: 9_007_199_254_740_993n,
  blob: Buffer.from([0, 255]),
  list: [1, 9_007_199_254_740_993n],
};

/** A record that fails. */
const failing = (name: string, operator: MarbleCase['operator'], record: StreamRecord, error: RegExp): MarbleCase => ({
  name,
  operator,
  input: 'a|',
  records: { a: record },
  expected: '#',
  results: {},
  error,
  inATask: { expected: '-', skipped: [error] },
});

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
  single(
    'rewrite: a value that was not logged is left out of the row before too',
    rewriting({}),
    withSchema(change('d', 1, { before: { id: 1, model: UNAVAILABLE } })),
    row(change('d', 1, { before: { id: 1, model: UNAVAILABLE } }), { id: 1, __deleted: 'true' } as never, {
      valueSchema: {
        ...rowSchema,
        fields: [carFields[0]!, { type: 'string', optional: true, field: '__deleted' }],
      },
    }),
  ),
  {
    name: 'rewrite: it is restored, and then forgotten',
    operator: () =>
      unwrap<Car, CarKey>({ deleteTombstoneHandlingMode: 'rewrite', restore: lastValues<CarKey>('last-values') }),
    input: 'abc|',
    records: { a: created, b: change('d', 1, { before: { id: 1, model: UNAVAILABLE } }), c: notLogged },
    expected: 'xyz|',
    results: {
      x: row(created, { ...focus, __deleted: 'false' } as never),
      y: row(change('d', 1, { before: focus }), { ...focus, __deleted: 'true' } as never),
      z: row(notLogged, { id: 1, __deleted: 'false' } as never),
    },
  },
  single(
    'without a schema fields are added where the change has them',
    rewriting({ addFields: ['op', 'lsn', 'id', 'origin', 'changes', 'before.model', 'scn'] }),
    { ...created, value: { ...created.value, changes: ['model'] } as never },
    row(created, {
      ...focus,
      __deleted: 'false',
      __op: 'c',
      __lsn: 100,
      __id: null,
      __changes: ['model'],
      __before_model: null,
    } as never),
  ),
  single(
    'a value that was not logged is null where it is asked for by name',
    adding({ addFields: ['after.model:car'], addHeaders: ['after.model'] }),
    notLogged,
    row(notLogged, { id: 1, __car: null } as never, { headers: [{ key: '__after_model', value: null }] }),
  ),
  single(
    'headers are text: integers of any size, bytes in base64, others as JSON',
    adding({ addHeaders: ['lsn', 'blob', 'list'] }),
    { ...created, value: { ...created.value, lsn: 0, source: long } as never },
    row({ ...created, value: { ...created.value, source: long } } as never, focus, {
      headers: [
        { key: '__lsn', value: Buffer.from('9007199254740993') },
        { key: '__blob', value: Buffer.from('AP8=') },
        { key: '__list', value: Buffer.from('[1,9007199254740993]') },
      ],
    }),
  ),
  failing(
    'a column is never overwritten',
    adding({ addFields: ['op:model'], addFieldsPrefix: '' }),
    created,
    /'model'/,
  ),
  failing(
    'also not by __deleted',
    rewriting({}),
    change('c', 1, { after: { ...focus, __deleted: 'no' } as never }),
    /'__deleted' to a row of public.cars/,
  ),
  ...['null', '{"schema":{},"payload":["model"]}', '["model"]', '[]'].map((listed) => {
    const record = { ...created, headers: [{ key: 'drop', value: Buffer.from(listed) }] };
    return single(
      `a list of fields to drop: ${listed}`,
      adding({ dropFieldsHeaderName: 'drop' }),
      record,
      row(record, listed.includes('model') ? ({ id: 1 } as never) : focus),
    );
  }),
  single(
    'without such a header, or with a null in it, nothing is dropped',
    adding({ dropFieldsHeaderName: 'drop' }),
    { ...created, headers: [{ key: 'drop', value: null }] },
    row(created, focus, { headers: [{ key: 'drop', value: null }] }),
  ),
  failing(
    'a header that is no list',
    adding({ dropFieldsHeaderName: 'drop' }),
    { ...created, headers: [{ key: 'drop', value: Buffer.from('model, year') }] },
    /'drop' lists the fields .* holds "model, year"/,
  ),
  single(
    'fields of a delete are dropped before others are added: one may take the name of another',
    () =>
      unwrap<Car, CarKey>({
        deleteTombstoneHandlingMode: 'rewrite',
        dropFieldsHeaderName: 'drop',
        addFields: ['op:model'],
        addFieldsPrefix: '',
      }),
    { ...deleted, headers: [{ key: 'drop', value: Buffer.from('["model"]') }] },
    row(deleted, { id: 1, __deleted: 'true', model: 'd' } as never, {
      headers: [{ key: 'drop', value: Buffer.from('["model"]') }],
    }),
  ),
  ...[null, '', '  ', UNAVAILABLE].map((model) => {
    const record = change('c', 1, { after: { id: 1, model: model as never } });
    const known = model === UNAVAILABLE ? { id: 1 } : { id: 1, model: model as never };
    return single(
      `no route from ${JSON.stringify(model)}`,
      adding({ routeByField: 'model' }),
      record,
      row(record, known),
    );
  }),
  failing('no route from a column that there is not', adding({ routeByField: 'colour' }), created, /no such column/),
  failing('no route from a number', adding({ routeByField: 'id' }), created, /public.cars has number there/),
  failing(
    'no route from a number, by its schema',
    adding({ routeByField: 'id' }),
    withSchema(change('d', 1, { before: { id: null as never, model: '' } })),
    /public.cars has int32 there/,
  ),
];
