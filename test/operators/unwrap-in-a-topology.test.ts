/** What `unwrap` adds and where it routes to, from bytes to bytes: JSON with schemas, without, and Avro. */
import { afterEach, describe, expect, test } from 'vitest';
import { TopologyError } from '../../src/errors.js';
import { changePositions } from '../../src/operators/change-positions.js';
import { distinct } from '../../src/operators/distinct.js';
import { unwrap } from '../../src/operators/unwrap.js';
import type { StreamRecord } from '../../src/record.js';
import { decimal, int32, int64, optional, string as text } from '../../src/serde/connect-schema.js';
import type { Encoding, EncodingName } from '../../src/serde/encoding.js';
import { envelopeSchema } from '../../src/serde/envelope-schema.js';
import { MemoryRegistry } from '../../src/testing/memory-registry.js';
import { TopologyTestDriver } from '../../src/testing/topology-test-driver.js';
import type { Topology } from '../../src/topology/graph.js';
import { changes, table } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';
import { type ChangeRecord, change, tombstoneOf } from './tables/changes.js';

interface Car {
  readonly id: number;
  readonly model: string;
  readonly price: string | null;
}
type Key = { readonly id: number };

const row = { id: int32, model: text, price: optional(decimal(2)) };
const key = { id: int32 };
const carChanges = changes<Car, Key>('p.public.cars', { row, key });

const encodings: Readonly<Record<string, () => EncodingName | Encoding>> = {
  'JSON with schemas': () => 'connect-json',
  'JSON without schemas': () => 'json',
  Avro: () => new MemoryRegistry().encoding(),
};

let driver: TopologyTestDriver | undefined;
afterEach(async () => {
  await driver?.close();
  driver = undefined;
});

const created = change('c', 1, { after: { id: 1, model: 'Focus', price: '9000.50' } as never });
const moved = change('u', 1, { after: { id: 1, model: 'Fiesta', price: null } as never }, { lsn: 9_007_199 });
const deleted = change('d', 1, { before: { id: 1, model: 'Fiesta', price: null } as never });

/** Runs changes through a topology, in one encoding. */
async function run(program: Topology, encoding: EncodingName | Encoding, records: readonly StreamRecord[]) {
  driver = await TopologyTestDriver.open(program, { encoding });
  const input = driver.createInputTopic(carChanges);
  const valueSchema = envelopeSchema(carChanges.name, { ...schemaOf(row), name: `${carChanges.name}.Value` });
  for (const record of records as readonly ChangeRecord[]) {
    input.pipeInput(record.key, record.value as never, {
      keySchema: { ...schemaOf(key), name: `${carChanges.name}.Key` },
      ...(record.value === null ? {} : { valueSchema }),
      headers: record.headers,
    });
  }
  await driver.settled();
}

function schemaOf(fields: typeof row | typeof key) {
  const listed = Object.entries(fields).map(([name, schema]) => ({ ...schema, field: name }));
  return { type: 'struct' as const, optional: false, fields: listed };
}

describe.each(Object.entries(encodings))('%s', (name, encoding) => {
  test('added fields are written, and arrive with the types of the change', async () => {
    const out = table(
      'flat',
      carChanges.row.plus({ __deleted: text, __op: text, __table: text, __lsn: optional(int64), __id: optional(text) }),
    );
    const program = topology('t', ({ stream }) =>
      stream(carChanges)
        .pipe(
          unwrap({
            deleteTombstoneHandlingMode: 'rewrite-with-tombstone',
            addFields: ['op', 'table', 'lsn', 'id'],
            addHeaders: ['op', 'source.lsn'],
          }),
        )
        .to(out),
    );
    await run(program, encoding(), [created, moved, deleted, tombstoneOf(1)]);
    const written = driver!.createOutputTopic(out).readRecordsToList();
    const added = { __table: 'cars', __id: null };
    expect(written.map(({ value }) => value)).toEqual([
      { id: 1, model: 'Focus', price: '9000.50', __deleted: 'false', __op: 'c', __lsn: 100, ...added },
      { id: 1, model: 'Fiesta', price: null, __deleted: 'false', __op: 'u', __lsn: 9_007_199, ...added },
      { id: 1, model: 'Fiesta', price: null, __deleted: 'true', __op: 'd', __lsn: 100, ...added },
      null,
    ]);
    expect(written.map(({ headers }) => headers.map((header) => `${header.key}=${header.value}`))).toEqual([
      ['__op=c', '__source_lsn=100'],
      ['__op=u', '__source_lsn=9007199'],
      ['__op=d', '__source_lsn=100'],
      ['__op=d'],
    ]);
    if (name === 'JSON without schemas') return;
    const fields = written[0]!.valueSchema!.fields!.map(({ field, type }) => [field, type]);
    expect(fields.slice(3)).toEqual([
      ['__deleted', 'string'],
      ['__op', 'string'],
      ['__table', 'string'],
      ['__lsn', 'int64'],
      ['__id', 'string'],
    ]);
  });

  test('added fields that the topic does not declare go through all the same', async () => {
    const out = table('flat', carChanges.row);
    const program = topology('t', ({ stream }) =>
      stream(carChanges)
        .pipe(unwrap({ addFields: ['op'] }))
        .to(out),
    );
    await run(program, encoding(), [created, deleted]);
    const [first, second] = driver!.createOutputTopic(out).readRecordsToList();
    expect(first!.value).toEqual({ id: 1, model: 'Focus', price: '9000.50', __op: 'c' });
    expect(second!.value).toBeNull();
  });

  test('a column names the topic: the sink goes by the route', async () => {
    const byModel = { Focus: table('focus', carChanges.row), Fiesta: table('fiesta', carChanges.row) };
    const others = table('others', carChanges.row);
    const routes = new Map(Object.entries(byModel));
    const program = topology('t', ({ stream }) =>
      stream(carChanges)
        .pipe(unwrap({ routeByField: 'model' }))
        .to(({ change }) => routes.get(change?.route ?? '') ?? others, { possible: [...routes.values(), others] }),
    );
    const unknown = change('c', 2, { after: { id: 2, model: 'Ka', price: null } as never });
    await run(program, encoding(), [created, moved, deleted, unknown]);
    const models = (of: typeof others) =>
      driver!
        .createOutputTopic(of)
        .readValuesToList()
        .map((car) => car?.model);
    expect(models(byModel.Focus)).toEqual(['Focus']);
    // The delete goes where the row was.
    expect(models(byModel.Fiesta)).toEqual(['Fiesta', undefined]);
    expect(models(others)).toEqual(['Ka']);
  });

  test('dropped fields are in neither value nor schema', async () => {
    const out = table('narrow', carChanges.row);
    const program = topology('t', ({ stream }) =>
      stream(carChanges)
        .pipe(unwrap({ dropFieldsHeaderName: 'unchanged' }))
        .to(out),
    );
    const headers = [{ key: 'unchanged', value: Buffer.from('["id","price"]') }];
    await run(program, encoding(), [{ ...created, headers }]);
    const [narrow] = driver!.createOutputTopic(out).readRecordsToList();
    expect(narrow!.key).toEqual({ id: 1 });
    expect(narrow!.value).toEqual({ id: 1, model: 'Focus' });
  });
});

test('a key that loses columns is another key: what keeps a store by it is refused', () => {
  const delivered = changePositions<Key>('delivered');
  const withKey = (dropFieldsFromKey: boolean) => () =>
    topology('t', ({ stream }) =>
      stream(carChanges)
        .pipe(unwrap({ dropFieldsHeaderName: 'unchanged', dropFieldsFromKey }), distinct({ remember: delivered }))
        .to(table('out', carChanges.row)),
    );
  expect(withKey(false)).not.toThrow();
  expect(withKey(true)).toThrow(TopologyError);
});
