/**
 * The cases of Debezium's `ExtractNewRecordStateTest`, by their names and in their order, with the records of its
 * `AbstractExtractStateTest`.
 *
 * Source: Debezium 3.6.0.Final, `io.debezium.transforms.ExtractNewRecordStateTest`.
 */
import type { Change } from '../../../src/cdc/change.js';
import { changeContextOf } from '../../../src/operators/change-context.js';
import { unwrap } from '../../../src/operators/unwrap.js';
import type { UnwrapOptions } from '../../../src/operators/unwrap-options.js';
import { type ConnectSchema, type Header, type Headers, recordOf, type StreamRecord } from '../../../src/record.js';
import { array, int8, int32, int64, optional, string, struct, structOf } from '../../../src/serde/connect-schema.js';
import type { MarbleCase } from './marble-case.js';

interface Row {
  readonly id: number;
  readonly name: string | null;
  readonly started_at?: number;
}

const field = (name: string, schema: ConnectSchema): ConnectSchema => ({ ...schema, field: name });

// ---------------------------------------------------------------------------------------------------------- schemas

const rowFields = [field('id', int8), field('name', string)];
/** As the rows above, but that the name may be null and has a default. */
const defaultingFields = [field('id', int8), { ...field('name', optional(string)), default: 'default_str' }];

const sourceSchema = struct(undefined, {
  lsn: int32,
  ts_ms: optional(int64),
  ts_us: optional(int64),
  ts_ns: optional(int64),
  db: optional(string),
  table: optional(string),
});
const transactionSchema = struct('event.block', { id: string, total_order: int64, data_collection_order: int64 });

function envelopeOf(fields: readonly ConnectSchema[], more: readonly ConnectSchema[] = []): ConnectSchema {
  const row = optional(structOf(undefined, fields));
  return structOf('dummy.Envelope', [
    field('before', row),
    field('after', row),
    field('source', sourceSchema),
    field('op', string),
    ...['ts_ms', 'ts_us', 'ts_ns'].map((name) => field(name, optional(int64))),
    field('transaction', optional(transactionSchema)),
    ...more,
  ]);
}

const envelope = envelopeOf(rowFields);
const defaultingEnvelope = envelopeOf(defaultingFields);
const startedEnvelope = envelopeOf([...rowFields, field('started_at', optional(int64))]);
const changesEnvelope = envelopeOf(rowFields, [field('changes', array(string))]);
const keySchema = struct(undefined, { id: int8 });

/** The schema of a row: of the change's, with more behind. */
const rowSchema = (fields: readonly ConnectSchema[], ...more: readonly ConnectSchema[]): ConnectSchema => ({
  ...optional(structOf(undefined, fields)),
  fields: [...fields, ...more],
});
const deletedField = field('__deleted', optional(string));

// ---------------------------------------------------------------------------------------------------------- records

const source = {
  lsn: 1234,
  ts_ms: 1_588_252_618_953,
  ts_us: 1_588_252_618_953_000,
  ts_ns: 1_588_252_618_953_000_000n,
  db: 'test_db',
  table: 'test_table',
} as unknown as Change<Row>['source'];
const transaction = { id: '571', total_order: 42, data_collection_order: 42 };

type ChangeRecord = StreamRecord<Change<Row>, unknown>;

function change(
  op: Change<Row>['op'],
  rows: { readonly before?: Row; readonly after?: Row },
  parts: { readonly schema?: ConnectSchema; readonly key?: { id: number }; readonly more?: object } = {},
): ChangeRecord {
  const value = {
    before: rows.before ?? null,
    after: rows.after ?? null,
    source,
    op,
    ts_ms: 1_710_032_523_000,
    ts_us: 1_710_032_523_000_123,
    ts_ns: 1_710_032_523_000_123_456n,
    transaction: null,
    ...parts.more,
  } as Change<Row>;
  return recordOf(parts.key ?? null, value, {
    topic: 'dummy',
    valueSchema: parts.schema ?? envelope,
    ...(parts.key === undefined ? {} : { keySchema }),
  });
}

const myRecord: Row = { id: 1, name: 'myRecord' };
const updatedRecord: Row = { id: 1, name: 'updatedRecord' };
const unnamed: Row = { id: 1, name: null };
const key = { id: 1 };

const created = change('c', { after: myRecord });
const updated = change('u', { before: myRecord, after: updatedRecord }, { more: { transaction } });
const deleted = change('d', { before: myRecord });
const truncated = change('t', {});
const tombstone = recordOf(null, null, { topic: 'dummy' });
const createdUnnamed = change('c', { after: unnamed }, { schema: defaultingEnvelope });
const createdUnnamedWithKey = change('c', { after: unnamed }, { schema: defaultingEnvelope, key });
const updatedUnnamed = change('u', { before: unnamed, after: updatedRecord }, { schema: defaultingEnvelope });
const updatedUnnamedWithKey = change(
  'u',
  { before: unnamed, after: updatedRecord },
  { schema: defaultingEnvelope, key },
);
const createdStarted = (started_at: number) =>
  change('c', { after: { ...myRecord, started_at } }, { schema: startedEnvelope });
const updatedWithChanges = change(
  'u',
  { before: myRecord, after: updatedRecord },
  { schema: changesEnvelope, more: { transaction, changes: ['name'] } },
);
const unknown = recordOf(null, { id: 1 }, { topic: 'dummy', valueSchema: struct('unknown', { id: int8 }) });
const unnamedSchema = recordOf(null, { id: 1 }, { topic: 'dummy', valueSchema: struct(undefined, { id: int8 }) });
const heartbeat = recordOf(
  { id: '123' },
  { ts_ms: 0 },
  {
    topic: 'op.with.heartbeat',
    keySchema: struct('op.with.heartbeat.Key', { id: string }),
    valueSchema: struct('io.debezium.connector.common.Heartbeat', { ts_ms: int64 }),
  },
);

const text = (name: string, value: string | null): Header => ({
  key: name,
  value: value === null ? null : Buffer.from(value),
});
const withHeaders = <R extends StreamRecord>(record: R, ...headers: Headers): R => ({ ...record, headers });
const listing = text('drop-fields', '["id","name"]');
const dropping = <R extends StreamRecord>(record: R): R => withHeaders(record, listing);

/** What a change becomes. */
function row(record: ChangeRecord, value: object | null, schema: ConnectSchema | undefined, parts: object = {}) {
  return { ...record, value, change: changeContextOf(record.value), valueSchema: schema, ...parts } as StreamRecord;
}

// ------------------------------------------------------------------------------------------------------------ cases

/** Records one after the other, and what each becomes: another one, or nothing. */
function each(
  name: string,
  options: UnwrapOptions,
  ...steps: readonly (readonly [record: StreamRecord, result: StreamRecord | undefined])[]
): MarbleCase {
  const letters = steps.map((_step, i) => String.fromCharCode(97 + i));
  const expected = letters.map((letter, i) => (steps[i]![1] === undefined ? '-' : letter)).join('');
  return {
    name,
    operator: () => unwrap<Row, unknown>(options),
    input: `${letters.join('')}|`,
    records: Object.fromEntries(letters.map((letter, i) => [letter, steps[i]![0]])),
    expected: `${expected}|`,
    results: Object.fromEntries(
      letters.flatMap((letter, i) => (steps[i]![1] === undefined ? [] : [[letter, steps[i]![1]!]])),
    ),
  };
}

const drop = { deleteTombstoneHandlingMode: 'drop' } as const;
const toTombstone = { deleteTombstoneHandlingMode: 'tombstone' } as const;
const rewrite = { deleteTombstoneHandlingMode: 'rewrite' } as const;
const rewriteWithTombstone = { deleteTombstoneHandlingMode: 'rewrite-with-tombstone' } as const;

/** As a connector's configuration lists them. */
const list = (fields: string) => fields.split(',');

const opField = (name: string) => field(name, optional(string));
const lsnField = (name: string) => field(name, optional(int32));
const longField = (name: string) => field(name, optional(int64));
const textField = opField;

const plain = rowSchema(rowFields);
const defaulting = rowSchema(defaultingFields);
const idOnly = rowSchema(rowFields.slice(0, 1));
const noFields = rowSchema([]);

/** What the four cases of dropped fields share: which records come, and what is left of each. */
function droppingCase(
  name: string,
  options: UnwrapOptions,
  left: { readonly value: { readonly id?: number }; readonly schema: ConnectSchema; readonly key?: object },
): MarbleCase {
  const keys = left.key === undefined ? {} : { key: left.key, keySchema: structOf(undefined, []) };
  const of = (record: ChangeRecord, parts: object = {}) =>
    [dropping(record), row(dropping(record), left.value, left.schema, parts)] as const;
  return each(
    name,
    { ...drop, dropFieldsHeaderName: 'drop-fields', ...options },
    of(createdUnnamed),
    of(createdUnnamedWithKey, keys),
    of(updatedUnnamed),
    of(updatedUnnamedWithKey, keys),
    [dropping(deleted), undefined],
    [dropping(tombstone), undefined],
  );
}

export const extractNewRecordStateCases: readonly MarbleCase[] = [
  each('testTombstoneDroppedByDefault', drop, [tombstone, undefined]),
  each('testTombstoneDroppedConfigured', drop, [tombstone, undefined]),
  each('testTombstoneForwardConfigured', toTombstone, [tombstone, undefined]),
  each('testTombstoneRewriteWithTombstone', rewriteWithTombstone, [tombstone, tombstone]),
  each('testTruncateDroppedByDefault', toTombstone, [truncated, undefined]),
  each('testDeleteDroppedByDefault', drop, [deleted, undefined]),
  each('testHandleDeleteDrop', drop, [deleted, undefined]),
  each('testHandleDeleteNone', toTombstone, [deleted, row(deleted, null, plain)]),
  each('testHandleDeleteRewrite', rewrite, [
    deleted,
    row(deleted, { ...myRecord, __deleted: 'true' }, rowSchema(rowFields, deletedField)),
  ]),
  each('testHandleCreateRewrite', { ...rewrite, addHeaders: ['op'] }, [
    created,
    row(created, { ...myRecord, __deleted: 'false' }, rowSchema(rowFields, deletedField), {
      headers: [text('__op', 'c')],
    }),
  ]),
  each('testUnwrapCreateRecord', toTombstone, [created, row(created, myRecord, plain)]),
  each('testUnwrapCreateRecordWithOptionalDefaultValue', toTombstone, [
    createdUnnamed,
    row(createdUnnamed, unnamed, defaulting),
  ]),
  each('testIgnoreUnknownRecord', toTombstone, [unknown, unknown], [unnamedSchema, unnamedSchema]),
  each('testUnwrapPropagatesRecordHeaders', toTombstone, [
    withHeaders(created, text('application/debezium-test-header', 'shouldPropagatePreviousRecordHeaders')),
    row(created, myRecord, plain, {
      headers: [text('application/debezium-test-header', 'shouldPropagatePreviousRecordHeaders')],
    }),
  ]),
  each(
    'testAddField',
    { ...toTombstone, addFields: ['op'] },
    [created, row(created, { ...myRecord, __op: 'c' }, rowSchema(rowFields, opField('__op')))],
    ...[1_694_587_158_123, 1_694_587_158_789].map((started_at) => {
      const record = createdStarted(started_at);
      const fields = [...rowFields, longField('started_at')];
      return [record, row(record, { ...myRecord, started_at, __op: 'c' }, rowSchema(fields, opField('__op')))] as const;
    }),
  ),
  each('testAddTimestamp: ts_ms', { ...toTombstone, addFields: ['ts_ms'] }, [
    created,
    row(created, { ...myRecord, __ts_ms: 1_710_032_523_000 }, rowSchema(rowFields, longField('__ts_ms'))),
  ]),
  each('testAddTimestamp: source.ts_ms', { addFields: ['source.ts_ms'] }, [
    created,
    row(created, { ...myRecord, __source_ts_ms: source.ts_ms }, rowSchema(rowFields, longField('__source_ts_ms'))),
  ]),
  each('testAddFields', { ...toTombstone, addFields: list('op , lsn,id'), addFieldsPrefix: 'prefix.' }, [
    updated,
    row(
      updated,
      { ...updatedRecord, 'prefix.op': 'u', 'prefix.lsn': 1234, 'prefix.id': '571' },
      rowSchema(rowFields, opField('prefix.op'), lsnField('prefix.lsn'), textField('prefix.id')),
    ),
  ]),
  each(
    'testNewFieldAndHeaderMapping',
    {
      ...toTombstone,
      addFields: list('op:OP, lsn:LSN, id:ID, source.lsn:source_lsn, transaction.total_order:TOTAL_ORDER'),
      addFieldsPrefix: '',
      addHeaders: list('op, source.lsn:source_lsn, transaction.id:TXN_ID, transaction.total_order:TOTAL_ORDER'),
      addHeadersPrefix: 'prefix.',
    },
    [
      updated,
      row(
        updated,
        { ...updatedRecord, OP: 'u', LSN: 1234, ID: '571', source_lsn: 1234, TOTAL_ORDER: 42 },
        rowSchema(
          rowFields,
          opField('OP'),
          lsnField('LSN'),
          textField('ID'),
          lsnField('source_lsn'),
          longField('TOTAL_ORDER'),
        ),
        {
          headers: [
            text('prefix.op', 'u'),
            text('prefix.source_lsn', '1234'),
            text('prefix.TXN_ID', '571'),
            text('prefix.TOTAL_ORDER', '42'),
          ],
        },
      ),
    ],
  ),
  each('testAddFieldsForMissingOptionalField', { ...toTombstone, addFields: list('op,lsn,id') }, [
    created,
    row(
      created,
      { ...myRecord, __op: 'c', __lsn: 1234, __id: null },
      rowSchema(rowFields, opField('__op'), lsnField('__lsn'), textField('__id')),
    ),
  ]),
  each(
    'testAddFieldsSpecifyStruct',
    { ...toTombstone, addFields: list('op,source.lsn,transaction.id,transaction.total_order') },
    [
      updated,
      row(
        updated,
        { ...updatedRecord, __op: 'u', __source_lsn: 1234, __transaction_id: '571', __transaction_total_order: 42 },
        rowSchema(
          rowFields,
          opField('__op'),
          lsnField('__source_lsn'),
          textField('__transaction_id'),
          longField('__transaction_total_order'),
        ),
      ),
    ],
  ),
  each('testAddHeader', { ...toTombstone, addHeaders: ['op'] }, [
    created,
    row(created, myRecord, plain, { headers: [text('__op', 'c')] }),
  ]),
  each('testAddHeaders', { ...toTombstone, addHeaders: list('op , lsn,id') }, [
    updated,
    row(updated, updatedRecord, plain, {
      headers: [text('__op', 'u'), text('__lsn', '1234'), text('__id', '571')],
    }),
  ]),
  each('testAddHeadersForMissingOptionalField', { ...toTombstone, addHeaders: list('op,lsn,id') }, [
    created,
    row(created, myRecord, plain, { headers: [text('__op', 'c'), text('__lsn', '1234'), text('__id', null)] }),
  ]),
  each(
    'testAddHeadersSpecifyStruct',
    {
      ...toTombstone,
      addHeaders: list('op,source.lsn,transaction.id,transaction.total_order'),
      addHeadersPrefix: 'prefix.',
    },
    [
      updated,
      row(updated, updatedRecord, plain, {
        headers: [
          text('prefix.op', 'u'),
          text('prefix.source_lsn', '1234'),
          text('prefix.transaction_id', '571'),
          text('prefix.transaction_total_order', '42'),
        ],
      }),
    ],
  ),
  // Debezium replaces the record's topic. Here `topic` stays where the record was read, and the sink goes by `route`.
  each('testAddTopicRoutingField', { ...toTombstone, routeByField: 'name' }, [
    created,
    row(created, myRecord, plain, { change: { ...changeContextOf(created.value), route: 'myRecord' } }),
  ]),
  each('testUpdateTopicRoutingField', { ...toTombstone, routeByField: 'name' }, [
    updated,
    row(updated, updatedRecord, plain, { change: { ...changeContextOf(updated.value), route: 'updatedRecord' } }),
  ]),
  each('testDeleteTopicRoutingField', { ...toTombstone, routeByField: 'name' }, [
    deleted,
    row(deleted, null, plain, { change: { ...changeContextOf(deleted.value), route: 'myRecord' } }),
  ]),
  each(
    'testAddHeadersHandleDeleteRewriteAndTombstone',
    { ...rewriteWithTombstone, addHeaders: list('op,source.lsn') },
    [
      deleted,
      row(deleted, { ...myRecord, __deleted: 'true' }, rowSchema(rowFields, deletedField), {
        headers: [text('__op', 'd'), text('__source_lsn', '1234')],
      }),
    ],
    [tombstone, withHeaders(tombstone, text('__op', 'd'))],
  ),
  each('testAddFieldHandleDeleteRewrite', { ...rewrite, addFields: ['op'] }, [
    deleted,
    row(deleted, { ...myRecord, __deleted: 'true', __op: 'd' }, rowSchema(rowFields, deletedField, opField('__op'))),
  ]),
  each('testAddFieldsHandleDeleteRewrite', { ...rewrite, addFields: list('op,lsn') }, [
    deleted,
    row(
      deleted,
      { ...myRecord, __deleted: 'true', __op: 'd', __lsn: 1234 },
      rowSchema(rowFields, deletedField, opField('__op'), lsnField('__lsn')),
    ),
  ]),
  each(
    'testAddFieldsHandleDeleteRewriteAndTombstone',
    { ...rewriteWithTombstone, addFields: list('op,lsn') },
    [
      deleted,
      row(
        deleted,
        { ...myRecord, __deleted: 'true', __op: 'd', __lsn: 1234 },
        rowSchema(rowFields, deletedField, opField('__op'), lsnField('__lsn')),
      ),
    ],
    [tombstone, tombstone],
  ),
  each('testAddFieldsSpecifyStructHandleDeleteRewrite', { ...rewrite, addFields: list('op,source.lsn') }, [
    deleted,
    row(
      deleted,
      { ...myRecord, __deleted: 'true', __op: 'd', __source_lsn: 1234 },
      rowSchema(rowFields, deletedField, opField('__op'), lsnField('__source_lsn')),
    ),
  ]),
  each(
    'testSchemaChangeEventWithOperationHeader',
    { ...toTombstone, addHeaders: ['op'] },
    [unknown, unknown],
    [unnamedSchema, unnamedSchema],
  ),
  droppingCase('dropFieldsFromValueWithSchemaCompatibility', {}, { value: { id: 1 }, schema: idOnly }),
  droppingCase(
    'dropFieldsFromValueWithoutSchemaCompatibility',
    { dropFieldsKeepSchemaCompatible: false },
    { value: {}, schema: noFields },
  ),
  droppingCase(
    'dropFieldsFromValueAndKeyWithSchemaCompatibility',
    { dropFieldsFromKey: true },
    { value: { id: 1 }, schema: idOnly },
  ),
  droppingCase(
    'dropFieldsFromValueAndKeyWithoutSchemaCompatibility',
    { dropFieldsFromKey: true, dropFieldsKeepSchemaCompatible: false },
    { value: {}, schema: noFields, key: {} },
  ),
  each(
    'testNewNotDefaultField',
    {
      ...toTombstone,
      addFields: list(
        'notExisting,op:OP, lsn:LSN, id:ID, source.lsn:source_lsn, transaction.total_order:TOTAL_ORDER, changes:META_SRC_CHANGED',
      ),
      addFieldsPrefix: '',
    },
    [
      updatedWithChanges,
      row(
        updatedWithChanges,
        {
          ...updatedRecord,
          OP: 'u',
          LSN: 1234,
          ID: '571',
          source_lsn: 1234,
          TOTAL_ORDER: 42,
          META_SRC_CHANGED: ['name'],
        },
        rowSchema(
          rowFields,
          opField('OP'),
          lsnField('LSN'),
          textField('ID'),
          lsnField('source_lsn'),
          longField('TOTAL_ORDER'),
          field('META_SRC_CHANGED', optional(array(string))),
        ),
      ),
    ],
  ),
  each(
    'testFieldNotExists',
    {
      ...toTombstone,
      addFields: list(
        'op:OP, lsn:LSN, id:ID, source.lsn:source_lsn, transaction.total_order:TOTAL_ORDER, notExist:META_SRC_CHANGED',
      ),
      addFieldsPrefix: '',
    },
    [
      updatedWithChanges,
      row(
        updatedWithChanges,
        { ...updatedRecord, OP: 'u', LSN: 1234, ID: '571', source_lsn: 1234, TOTAL_ORDER: 42 },
        rowSchema(
          rowFields,
          opField('OP'),
          lsnField('LSN'),
          textField('ID'),
          lsnField('source_lsn'),
          longField('TOTAL_ORDER'),
        ),
      ),
    ],
  ),
  each(
    'testEnvelopeTimestampFieldsHandledCorrectly',
    {
      ...rewrite,
      addFields: list(
        'source.table:META_SRC_TABLENAME,source.ts_ms:META_SRC_TS_MS,source.ts_us:META_SRC_TS_US,source.ts_ns:META_SRC_TS_NS,' +
          'ts_ms:META_TS_MS,ts_us:META_TS_US,ts_ns:META_TS_NS,op:META_SRC_OP,source.scn:META_SRC_SCN,' +
          'source.snapshot:META_SRC_SNAPSHOT,source.user_name:META_SRC_USER,changes:META_SRC_CHANGES',
      ),
    },
    [
      createdUnnamedWithKey,
      row(
        createdUnnamedWithKey,
        {
          id: 1,
          name: 'default_str',
          __deleted: 'false',
          __META_SRC_TABLENAME: 'test_table',
          __META_SRC_TS_MS: 1_588_252_618_953,
          __META_SRC_TS_US: 1_588_252_618_953_000,
          __META_SRC_TS_NS: 1_588_252_618_953_000_000n,
          __META_TS_MS: 1_710_032_523_000,
          __META_TS_US: 1_710_032_523_000_123,
          __META_TS_NS: 1_710_032_523_000_123_456n,
          __META_SRC_OP: 'c',
        },
        rowSchema(
          defaultingFields,
          deletedField,
          textField('__META_SRC_TABLENAME'),
          ...['SRC_TS_MS', 'SRC_TS_US', 'SRC_TS_NS', 'TS_MS', 'TS_US', 'TS_NS'].map((name) =>
            longField(`__META_${name}`),
          ),
          opField('__META_SRC_OP'),
        ),
      ),
    ],
  ),
  each('testAddHeadersForNonEnvelopeRecord', { addHeaders: list('op,source.lsn') }, [heartbeat, heartbeat]),
  each('testUnwrapCreateRecordRewriteWithOptionalDefaultValue', { ...rewrite, replaceNullWithDefault: false }, [
    createdUnnamed,
    row(createdUnnamed, { ...unnamed, __deleted: 'false' }, rowSchema(defaultingFields, deletedField)),
  ]),
  each('testUnwrapCreateRecordRewriteWithOptionalDefaultValueAndNullReplaceWithDefault', rewrite, [
    createdUnnamed,
    row(createdUnnamed, { id: 1, name: 'default_str', __deleted: 'false' }, rowSchema(defaultingFields, deletedField)),
  ]),
  each(
    'testDeleteRewriteToTombstoneAndDropActualTombstone',
    { deleteTombstoneHandlingMode: 'delete-to-tombstone' },
    [deleted, row(deleted, null, undefined)],
    [tombstone, undefined],
  ),
];
