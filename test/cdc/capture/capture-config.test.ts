import { expect, test } from 'vitest';
import { type CaptureConfig, parseCaptureConfig } from '../../../src/cdc/capture/capture-config.js';
import { includeList, isIncluded } from '../../../src/cdc/capture/table-filter.js';
import type { ConfigurationError } from '../../../src/errors.js';

const NEEDED: CaptureConfig = {
  'database.hostname': 'localhost',
  'database.user': 'postgres',
  'database.dbname': 'car_database',
  'topic.prefix': 'cars',
};

test("defaults are Debezium's", () => {
  expect(parseCaptureConfig(NEEDED)).toMatchObject({
    'database.port': 5432,
    'slot.name': 'debezium',
    'publication.name': 'dbz_publication',
    'publication.autocreate.mode': 'all_tables',
    'snapshot.mode': 'initial',
    'decimal.handling.mode': 'precise',
    'tombstones.on.delete': true,
    'provide.transaction.metadata': false,
    'heartbeat.interval.ms': 0,
  });
});

test.each([
  ['schema.name.adjustment.mode', 'avro', /no setting "schema\.name\.adjustment\.mode"/],
  ['snapshot.mode', 'always', /snapshot\.mode=always: a snapshot on every start/],
  ['snapshot.mode', 'custom', /snapshot\.mode=custom/],
  ['plugin.name', 'decoderbufs', /plugin\.name=decoderbufs/],
  ['slot.name', 'Debezium', /slot\.name=Debezium: a slot is named with lower-case/],
  ['table.include.list', 'public.(', /table\.include\.list=public\.\(: .*(unterminated|group)/i],
  ['heartbeat.interval.ms', '-1', /heartbeat\.interval\.ms=-1/],
  ['database.hostname', undefined, /needs the setting database\.hostname/],
])('%s=%s is refused by name', (setting, value, message) => {
  const config = { ...NEEDED, [setting]: value } as CaptureConfig;
  expect(() => parseCaptureConfig(config)).toThrow(message);
  expect(() => parseCaptureConfig(config)).toThrow(expect.objectContaining({ setting }) as ConfigurationError);
});

test('a password is not shown', () => {
  const config = { ...NEEDED, 'database.password': 7 as unknown as string };
  expect(() => parseCaptureConfig(config)).toThrow(/database\.password=\(hidden\)/);
});

test('the include list is of expressions for the whole name, without regard to case', () => {
  const list = includeList('public.car_.*, sales\\.(a|b) ,x\\.y{1\\,2}');
  const included = (schema: string, table: string) => isIncluded({ schema, table }, list);
  expect(included('public', 'car_data')).toBe(true);
  expect(included('PUBLIC', 'Car_Data')).toBe(true);
  expect(included('public', 'my_car_data')).toBe(false);
  expect(included('sales', 'b')).toBe(true);
  expect(included('sales', 'bb')).toBe(false);
  expect(included('x', 'yy')).toBe(true);
  expect(isIncluded({ schema: 'pg_catalog', table: 'pg_class' }, undefined)).toBe(false);
  expect(isIncluded({ schema: 'any', table: 'thing' }, undefined)).toBe(true);
});
