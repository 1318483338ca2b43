/** How often the bytes of a change in Avro are gone through: once, whatever is asked for, but for what is new. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Change } from '../../../src/cdc/change.js';
import { avroChanges } from '../../../src/serde/avro/avro-changes.js';
import { AvroReader } from '../../../src/serde/avro/avro-reader.js';
import { FakeRegistry, recordedAvro, recordedSchemas, schemasOf } from './recorded-avro.js';

const reads = vi.spyOn(AvroReader.prototype, 'read');
afterEach(() => reads.mockClear());

/** The recorded changes of one schema, each given to `ask`: how often its bytes were read. */
async function timesRead(ask: (change: Change<unknown>) => void): Promise<number[]> {
  const serde = avroChanges<unknown>(schemasOf(new FakeRegistry(recordedSchemas())));
  const values = recordedAvro().flatMap(({ value }) => (value === null ? [] : [value]));
  const ofFirst = values.filter((value) => value.readInt32BE(1) === values[0]!.readInt32BE(1));
  await serde.prepare(ofFirst.map((bytes) => ({ topic: 'cars', bytes, headers: [] })));
  return ofFirst.map((bytes) => {
    reads.mockClear();
    ask(serde.deserialize(bytes, { topic: 'cars', headers: [], schema: undefined })!);
    return reads.mock.calls.length;
  });
}

test('what unwrap, distinct and ofTable take is read at once', async () => {
  const times = await timesRead(({ after, op, source }) => [after, op, source.lsn, source.table, source.ts_ms]);
  expect(times.length).toBeGreaterThan(5);
  expect(new Set(times)).toEqual(new Set([1]));
});

test('what else is asked for is read at once from the second change on', async () => {
  const [first, ...others] = await timesRead(({ ts_ms, transaction, source }) => {
    return [ts_ms, transaction?.id, source.ts_ns, source.snapshot];
  });
  expect(first).toBe(2);
  expect(new Set(others)).toEqual(new Set([1]));
});

test('a change that is copied or printed widens nothing for those behind it', async () => {
  let copied = false;
  const [first, ...others] = await timesRead((change) => {
    const copy = copied ? undefined : { ...change, source: { ...change.source } };
    copied = true;
    return [change.op, copy];
  });
  expect(first).toBe(2);
  expect(new Set(others)).toEqual(new Set([1]));
  // Nor does it read more: what was not asked for by name is still read when it is.
  const asked = await timesRead((change) => change.source.version);
  expect(asked.slice(0, 2)).toEqual([2, 1]);
});

test('the row before is read when it is asked for, and not of others', async () => {
  const times = await timesRead((change) => (change.op === 'd' ? change.before : undefined));
  expect(new Set(times)).toEqual(new Set([1, 2]));
});

test('what is read early is what the whole has', async () => {
  const seen: unknown[] = [];
  await timesRead((change) => {
    const { ts_us, transaction, source } = change;
    seen.push([ts_us, transaction, source.ts_us, source.snapshot, source.xmin]);
    const whole = { ...change };
    expect(seen.at(-1)).toEqual([
      whole.ts_us,
      whole.transaction,
      whole.source.ts_us,
      whole.source.snapshot,
      whole.source.xmin,
    ]);
    expect(Object.isFrozen(transaction ?? Object.freeze({}))).toBe(true);
  });
  expect(seen.length).toBeGreaterThan(5);
});
