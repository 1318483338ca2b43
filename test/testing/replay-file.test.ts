/** Issue 6, 5: recorded records in marble tests and in the TopologyTestDriver, and `millrace record`, which makes them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { filter, mapValues, unwrap } from '../../src/index.js';
import { recordTopic } from '../../src/reading/recording.js';
import { marbles, replayFile, TopologyTestDriver, withValue } from '../../src/testing/index.js';
import { changes, table } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';

const FIXTURE = 'test/fixtures/debezium-3.6/json-with-schema.jsonl';
type Car = { readonly id: number; readonly model: string };
const carChanges = changes<Car, { id: number }>('cars.public.car_data');
const models = table('models', carChanges.row);

const decoded = await replayFile(FIXTURE).decoded(carChanges);

/** The recording as it is in the file, read by other means. */
async function lines(file = FIXTURE) {
  const text = await readFile(file, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('a recording of Debezium 3.6', () => {
  test('goes through a topology, with its bytes, headers and timestamps', async () => {
    const unwrapped = topology('unwrapped', ({ stream }) => {
      stream(carChanges).pipe(unwrap()).to(models);
    });
    const driver = await TopologyTestDriver.open(unwrapped);
    replayFile(FIXTURE).pipeInto(driver.createInputTopic(carChanges));
    const records = driver.createOutputTopic(models).readRecordsToList();
    await driver.close();
    const recorded = await lines();
    const expected = recorded.flatMap(({ key, value, timestamp }) => {
      if (value === null) return [];
      const { op, after } = JSON.parse(Buffer.from(value, 'base64').toString()).payload;
      const { id } = JSON.parse(Buffer.from(key, 'base64').toString()).payload;
      return [{ id, timestamp, model: op === 'd' ? undefined : after.model }];
    });
    expect(expected.length).toBeGreaterThan(5);
    const came = records.map(({ key, value, timestamp }) => ({ id: key.id, timestamp, model: value?.model }));
    expect(came).toEqual(expected);
    expect(records[0]?.headers.map(({ key }) => key)).toContain('__debezium.context.connectorName');
  });

  test(
    'comes in a marble test at the frames that its timestamps say',
    marbles(({ expectRecords }) => {
      const ids = replayFile(FIXTURE)
        .stream(carChanges)
        .pipe(mapValues((_change, { key }) => key.id));
      const start = decoded[0]!.timestamp;
      expect(decoded.at(-1)!.timestamp).toBeGreaterThan(start);
      expectRecords(ids).toBe(
        decoded.map((record) => [record.timestamp - start, withValue(record, record.key.id)] as const),
      );
    }),
  );

  test(
    'or one after the other, with as many frames between them as one likes',
    marbles(({ expectRecords }) => {
      const [first, second] = replayFile(FIXTURE).records;
      const cars = replayFile(FIXTURE).stream(carChanges, { everyMs: 10 });
      const frames: number[] = [];
      cars.subscribe(() => frames.push(frames.length * 10));
      expect(first!.offset).toBeLessThan(second!.offset);
      expectRecords(cars.pipe(filter(() => false))).toBe([]);
      return () => expect(frames).toHaveLength(replayFile(FIXTURE).records.length);
    }),
  );

  test('is decoded on demand', () => {
    expect(decoded[0]).toMatchObject({ key: { id: 1 }, topic: carChanges.name, offset: 0 });
    expect(decoded.some(({ value }) => value === null)).toBe(true);
  });
});

describe('record', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-record-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('writes the lines that were replayed', async () => {
    const broker = await openEmbeddedBroker();
    const admin = await broker.admin();
    await admin.createTopics([{ topic: carChanges.name, partitions: 1 }]);
    const producer = await broker.producer({});
    for (const record of replayFile(FIXTURE).records) producer.produce({ ...record, topic: carChanges.name });
    await producer.flush(10_000);
    const file = join(folder, 'all.jsonl');
    const written = await recordTopic(broker, carChanges.name, file);
    const original = await lines();
    expect(written).toBe(original.length);
    expect(await lines(file)).toEqual(original.map((line, offset) => ({ ...line, offset })));
    const some = join(folder, 'some.jsonl');
    expect(await recordTopic(broker, carChanges.name, some, { from: { kind: 'offset', offset: 2 }, limit: 3 })).toBe(3);
    expect((await lines(some)).map(({ offset }) => offset)).toEqual([2, 3, 4]);
    await broker.close();
  });

  test('keeps header values that are no text, and the partitions of several', async () => {
    const broker = await openEmbeddedBroker();
    const admin = await broker.admin();
    await admin.createTopics([{ topic: 't', partitions: 2 }]);
    const producer = await broker.producer({});
    const headers = [
      { key: 'bytes', value: Buffer.from([0xff, 0]) },
      { key: 'null', value: null },
      { key: 'text', value: Buffer.from('ü') },
    ];
    for (const [partition, timestamp] of [
      [0, 30],
      [1, 10],
      [1, 20],
    ] as const) {
      producer.produce({ topic: 't', partition, key: null, value: Buffer.alloc(0), timestamp, headers });
    }
    await producer.flush(10_000);
    const file = join(folder, 'partitions.jsonl');
    await recordTopic(broker, 't', file);
    const { records } = replayFile(file);
    expect(records.map(({ partition, timestamp }) => [partition, timestamp])).toEqual([
      [1, 10],
      [1, 20],
      [0, 30],
    ]);
    expect(records[0]).toMatchObject({ key: null, value: Buffer.alloc(0), headers });
    await broker.close();
  });

  test('a line that is no record is named', async () => {
    const file = join(folder, 'wrong.jsonl');
    await writeFile(file, '{"offset":0,"timestamp":1,"key":null,"value":null,"headers":[]}\n{"offset":"x"}\n');
    expect(() => replayFile(file)).toThrow(/line 2 of .*wrong.jsonl is no recorded record.*its offset is x/);
  });
});
