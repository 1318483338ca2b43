import { readFileSync } from 'node:fs';
import { lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/cdc/change.js';
import { ConfigurationError } from '../../src/errors.js';
import { changePositions } from '../../src/operators/change-positions.js';
import { compose } from '../../src/operators/compose.js';
import { distinct } from '../../src/operators/distinct.js';
import { lastValues } from '../../src/operators/last-values.js';
import { unwrap } from '../../src/operators/unwrap.js';
import { type ConnectSchema, recordOf, type StreamRecord } from '../../src/record.js';
import type { SerdeContext } from '../../src/serde/serde.js';
import { changes, serdesFor } from '../../src/topology/topic.js';
import { runMarbles } from './run-marbles.js';
import { extractNewRecordStateCases } from './tables/extract-new-record-state.js';
import { unwrapCases } from './tables/unwrap.js';

runMarbles('unwrap', unwrapCases);
runMarbles("unwrap: Debezium's ExtractNewRecordStateTest", extractNewRecordStateCases);

describe("unwrap: Debezium's ExtractNewRecordStateTest, what is refused", () => {
  test('shouldRejectInvalidEnumValueForDeleteHandlingMode', () => {
    expect(() => unwrap({ deleteTombstoneHandlingMode: 'jbsdfkjsd' as never })).toThrow(ConfigurationError);
  });

  test('shouldAcceptValidEnumValueForDeleteHandlingMode', () => {
    for (const mode of ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const) {
      expect(() => unwrap({ deleteTombstoneHandlingMode: mode })).not.toThrow();
    }
  });

  test('with these two, the cases are all 46', () => {
    const names = extractNewRecordStateCases.map(({ name }) => name.replace(/:.*/, ''));
    expect(new Set(names).size + 2).toBe(46);
  });
});

describe('entries of addFields and addHeaders that are refused', () => {
  test.each([
    [[''], /has '': an entry is 'field'/],
    [['op,lsn'], /has 'op,lsn': an entry is/],
    [['op:'], /has 'op:'/],
    [['op:a:b'], /has 'op:a:b'/],
    [['source.a.b'], /has 'source.a.b'/],
    [['sorce.lsn'], /no struct 'sorce': it has before, after, source, transaction/],
    [['lsn', 'source.lsn:lsn'], /another entry is called '__lsn'/],
  ])('%j', (entries, message) => {
    for (const option of ['addFields', 'addHeaders'] as const) {
      const refused = () => unwrap({ [option]: entries });
      expect(refused).toThrow(ConfigurationError);
      expect(refused).toThrow(message);
      expect(refused).toThrow(option);
    }
  });
});

interface Row {
  readonly id: number;
  readonly mileage: number | null;
  readonly notes?: string | null;
}
type Key = { readonly id: number };
type ChangeRecord = StreamRecord<Change<Row> | null, Key>;

/** What Debezium 3.6 wrote for `drive.sql`, decoded as an application decodes it. */
function recorded(): readonly ChangeRecord[] {
  const topic = changes<Row, Key>('car_database.public.car_data');
  const serdes = serdesFor(topic, 'connect-json');
  const lines = readFileSync(new URL('../fixtures/debezium-3.6/json-with-schema.jsonl', import.meta.url), 'utf8');
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const { offset, timestamp, key, value } = JSON.parse(line);
      const context: SerdeContext = { topic: topic.name, headers: [], schema: undefined };
      const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'));
      const decodedKey = serdes.key.deserialize(bytes(key), context) as Key;
      context.schema = undefined;
      const decoded = serdes.value.deserialize(bytes(value), context);
      const valueSchema: ConnectSchema | undefined = context.schema;
      return { ...recordOf(decodedKey, decoded, { offset, timestamp, topic: topic.name }), valueSchema };
    });
}

const rowsOf = (records: readonly ChangeRecord[], options: Parameters<typeof unwrap<Row, Key>>[0] = {}) =>
  lastValueFrom(of(...records).pipe(unwrap<Row, Key>(options), toArray()));

describe('unwrap on what Debezium wrote', () => {
  test('each change gives its row, each delete one null, and tombstones nothing', async () => {
    const rows = await rowsOf(recorded());
    expect(rows.map(({ key, value, change }) => [key.id, change?.op, value === null ? null : value.mileage])).toEqual([
      [1, 'r', 9083],
      [2, 'r', 12456],
      [1, 'u', 9093],
      [3, 'c', 10460],
      [2, 'd', null],
      [100, 'c', 12456],
      [100, 'd', null],
      [4, 'c', 4154],
      [4, 'u', 5000],
      [3, 'u', 10460],
      [3, 'd', null],
      [5, 'c', null],
      [6, 'c', null],
      [6, 'u', null],
    ]);
    expect(rows.every(({ valueSchema }) => valueSchema?.name === 'car_database.public.car_data.Value')).toBe(true);
  });

  const update = (rows: readonly StreamRecord<Row | null, Key>[]) =>
    rows.find(({ key, change }) => key.id === 4 && change?.op === 'u');
  const columns = (record: StreamRecord | undefined) => record?.valueSchema?.fields?.map(({ field }) => field);

  test('the large column that an update did not log is left out', async () => {
    const updated = update(await rowsOf(recorded()));
    expect(updated?.value).not.toHaveProperty('notes');
    expect(columns(updated)).not.toContain('notes');
    expect(columns(updated)).toContain('mileage');
  });

  test('or restored', async () => {
    const updated = update(await rowsOf(recorded(), { restore: lastValues<Key>('last-values') }));
    expect(updated?.value?.notes).toHaveLength(400 * 32);
    expect(columns(updated)).toContain('notes');
  });

  test('behind distinct a second delivery of everything gives nothing', async () => {
    const once = recorded();
    const again = once.map((record) => ({ ...record, offset: record.offset + once.length }));
    const operators = compose(
      distinct<Change<Row> | null, Key>({ remember: changePositions<Key>('delivered') }),
      unwrap<Row, Key>(),
    );
    const rows = await lastValueFrom(of(...once, ...again).pipe(operators, toArray()));
    expect(rows).toEqual(await rowsOf(once));
  });
});
