/** What only the Kafka adapter has to get right, against a real broker. What every broker must do is in test/contract. */
import { isUtf8 } from 'node:buffer';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kafkaBroker } from '../../../src/brokers/kafka/broker.js';
import type {
  Admin,
  Broker,
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  Producer,
  RebalanceListener,
  TopicPartition,
} from '../../../src/brokers/port.js';
import type { BrokerError } from '../../../src/errors.js';
import { NO_HEADERS } from '../../../src/record.js';
import { startTestKafka, type TestKafka, whyNoKafka } from './real-kafka.js';

const missing = await whyNoKafka();

describe.skipIf(missing !== undefined)('the Kafka adapter', () => {
  let kafka: TestKafka;
  let broker: Broker;
  let admin: Admin;
  let producer: Producer;
  let topics = 0;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    kafka = await startTestKafka();
    broker = kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers });
    admin = await broker.admin();
    producer = await broker.producer({});
  });

  afterEach(async () => {
    for (const client of open.splice(0)) await client.close();
  });

  afterAll(async () => {
    await producer?.close();
    await admin?.close();
    await kafka?.stop();
  });

  async function newTopic(partitions = 1): Promise<string> {
    const topic = `topic-${topics++}`;
    await admin.createTopics([{ topic, partitions }]);
    return topic;
  }

  async function write(topic: string, values: readonly string[], partition = 0): Promise<void> {
    for (const value of values) {
      producer.produce({ topic, partition, key: null, value: Buffer.from(value), timestamp: 1, headers: NO_HEADERS });
    }
    await producer.flush(10_000);
  }

  async function openConsumer(config: Partial<ConsumerConfig> = {}): Promise<Consumer> {
    const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed', ...config });
    open.push(consumer);
    return consumer;
  }

  const listener = (over: Partial<RebalanceListener> = {}): RebalanceListener => ({
    onAssigned: async () => {},
    onRevoked: async () => {},
    onLost: async () => {},
    ...over,
  });

  async function read(consumer: Consumer, count: number, max = 100): Promise<ConsumedRecord[]> {
    const records: ConsumedRecord[] = [];
    while (records.length < count) records.push(...(await consumer.poll(max, 1_000)));
    return records;
  }

  /** Polls until something has happened that is no record. */
  async function pollUntil(consumer: Consumer, happened: () => boolean): Promise<void> {
    while (!happened()) await consumer.poll(10, 100);
  }

  const values = (records: readonly ConsumedRecord[]) => records.map(({ value }) => value?.toString());

  test('a header that the client would change is refused for that record alone', async () => {
    const topic = await newTopic();
    const cutOff = [{ key: 'na\0me', value: Buffer.from('a') }];
    const record = { topic, partition: 0, key: null, value: Buffer.from('a'), timestamp: 1, headers: NO_HEADERS };
    expect(() => producer.produce({ ...record, headers: cutOff })).toThrow(
      expect.objectContaining({ name: 'BrokerError', kind: 'record' }),
    );
    await write(topic, ['b']);
    const consumer = await openConsumer();
    consumer.assign([{ topic, partition: 0, offset: 0 }]);
    expect(values(await read(consumer, 1))).toEqual(['b']);
  });

  test('messages of any size come whole, by blocks and one by one', async () => {
    const topic = await newTopic();
    const bytes = fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some));
    const any = fc.oneof(
      fc.constant(null),
      bytes,
      fc.nat({ max: 70_000 }).map((length) => Buffer.alloc(length, 'abc')),
    );
    const header = fc.record({ key: fc.stringMatching(/^[a-zé]{0,9}$/), value: bytes });
    const message = fc.record({ key: any, value: any, headers: fc.array(header, { maxLength: 3 }) });
    // Of a known seed: what does not come whole is to be found again.
    const written = fc.sample(message, { numRuns: 1_000, seed: 7 }).map((some, offset) => ({
      ...some,
      headers: some.headers.filter(({ value }) => isUtf8(value) && !value.includes(0)),
      topic,
      partition: 0,
      offset,
      timestamp: 1 + offset,
    }));
    // Comparing megabytes byte by byte takes the test framework minutes.
    const hash = (bytes: Buffer | null) => bytes && createHash('sha256').update(bytes).digest('hex');
    const fingerprint = ({ key, value, ...rest }: ConsumedRecord) => ({ ...rest, key: hash(key), value: hash(value) });
    for (const record of written) producer.produce(record);
    await producer.flush(10_000);
    for (const native of [true, false]) {
      const reader = kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers, native });
      const consumer = await reader.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
      open.push(consumer);
      consumer.assign([{ topic, partition: 0, offset: 0 }]);
      const records = await read(consumer, written.length, 400);
      expect(records.map(fingerprint)).toEqual(written.map(fingerprint));
    }
  });

  test('a commit is confirmed while nobody polls, and the records that came along are delivered later', async () => {
    const topic = await newTopic();
    await write(topic, ['a', 'b', 'c', 'd', 'e', 'f']);
    const consumer = await openConsumer({ groupId: `group-${topic}` });
    consumer.subscribe([topic], listener());
    const first = await read(consumer, 1, 1);
    await consumer.commit([{ topic, partition: 0, offset: 1 }]);
    expect(await consumer.committed([{ topic, partition: 0 }])).toEqual([1]);
    expect(values([...first, ...(await read(consumer, 5, 2))])).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('a commit is confirmed while a poll waits', async () => {
    const topic = await newTopic();
    await write(topic, ['a']);
    const consumer = await openConsumer({ groupId: `group-${topic}` });
    consumer.subscribe([topic], listener());
    await read(consumer, 1);
    let waiting = true;
    const poll = consumer.poll(10, 30_000).finally(() => {
      waiting = false;
    });
    await consumer.commit([{ topic, partition: 0, offset: 1 }]);
    expect(waiting).toBe(true);
    await write(topic, ['b']);
    expect(values(await poll)).toEqual(['b']);
  });

  test('commits that are asked for together are confirmed one by one, in order', async () => {
    const topic = await newTopic();
    await write(topic, ['a', 'b', 'c']);
    const consumer = await openConsumer({ groupId: `group-${topic}` });
    consumer.subscribe([topic], listener());
    await read(consumer, 3);
    await Promise.all([1, 2, 3].map((offset) => consumer.commit([{ topic, partition: 0, offset }])));
    expect(await consumer.committed([{ topic, partition: 0 }])).toEqual([3]);
  });

  test('a commit that a rebalance overtakes may be asked for again: it is not fenced', async () => {
    const topic = await newTopic(2);
    const groupId = `group-${topic}`;
    const older = await openConsumer({ groupId });
    older.subscribe([topic], listener());
    await pollUntil(older, () => older.assignment().length === 2);
    const younger = await openConsumer({ groupId });
    younger.subscribe([topic], listener());
    const isShared = () => younger.assignment().length > 0;
    const refused: unknown[] = [];
    const commits = async () => {
      while (!isShared()) {
        const offsets = older.assignment().map((partition) => ({ ...partition, offset: 0 }));
        await older.commit(offsets).catch((error: BrokerError) => refused.push(error.kind));
      }
    };
    await Promise.all([pollUntil(older, isShared), pollUntil(younger, isShared), commits()]);
    // The broker holds a commit back behind the member's own joining, and then knows another generation.
    expect(new Set(refused)).toEqual(new Set(['retriable']));
    await older.commit(older.assignment().map((partition) => ({ ...partition, offset: 0 })));
  });

  test('a seek throws away what was fetched ahead', async () => {
    const topic = await newTopic();
    await write(topic, ['a', 'b', 'c', 'd']);
    const consumer = await openConsumer();
    consumer.assign([{ topic, partition: 0, offset: 0 }]);
    expect(values(await consumer.poll(2, 10_000))).toEqual(['a', 'b']);
    consumer.seek({ topic, partition: 0, offset: 1 });
    expect(consumer.position({ topic, partition: 0 })).toBe(1);
    expect(values(await read(consumer, 3))).toEqual(['b', 'c', 'd']);
  });

  test('another assignment throws away what was fetched ahead', async () => {
    const topic = await newTopic();
    await write(topic, ['a', 'b', 'c', 'd']);
    const consumer = await openConsumer();
    consumer.assign([{ topic, partition: 0, offset: 0 }]);
    expect(values(await consumer.poll(1, 10_000))).toEqual(['a']);
    consumer.assign([{ topic, partition: 0, offset: 2 }]);
    expect(values(await read(consumer, 2))).toEqual(['c', 'd']);
  });

  test('a partition can be sought while it is being assigned, before its first record', async () => {
    const topic = await newTopic();
    await write(topic, ['a', 'b', 'c']);
    const consumer = await openConsumer({ groupId: `group-${topic}` });
    const seek = async ([partition]: readonly TopicPartition[]) => consumer.seek({ ...partition!, offset: 2 });
    consumer.subscribe([topic], listener({ onAssigned: seek }));
    expect(values(await read(consumer, 1))).toEqual(['c']);
  });

  test('at the end of a partition the position passes the marker of a transaction', async () => {
    const topic = await newTopic();
    const transactional = await broker.producer({ transactionalId: `id-${topic}` });
    open.push(transactional);
    await transactional.initTransactions(30_000);
    transactional.beginTransaction();
    const record = { topic, partition: 0, key: null, value: Buffer.from('a'), timestamp: 1, headers: NO_HEADERS };
    transactional.produce(record);
    await transactional.commitTransaction(10_000);
    const consumer = await openConsumer();
    const high = 2; // the record and the marker, which the broker writes after it has answered the commit
    const end = async () => (await consumer.watermarks({ topic, partition: 0 })).high;
    while ((await end()) < high) await consumer.poll(1, 10);
    consumer.assign([{ topic, partition: 0, offset: 0 }]);
    await pollUntil(consumer, () => consumer.position({ topic, partition: 0 }) === high);
  });

  test('each topic has its own offset reset', async () => {
    const [early, late] = [await newTopic(), await newTopic()];
    await write(early, ['old']);
    await write(late, ['old']);
    const offsetReset = (topic: string) => (topic === early ? 'earliest' : 'latest');
    const consumer = await openConsumer({ groupId: `group-${early}`, offsetReset });
    let assigned = false;
    consumer.subscribe(
      [early, late],
      listener({
        onAssigned: async () => {
          assigned = true;
        },
      }),
    );
    const records: ConsumedRecord[] = [];
    while (!assigned) records.push(...(await consumer.poll(10, 100)));
    await write(late, ['new']);
    while (records.length < 2) records.push(...(await consumer.poll(10, 1_000)));
    expect(records.map(({ topic, value }) => [topic, value?.toString()]).toSorted()).toEqual(
      [
        [early, 'old'],
        [late, 'new'],
      ].toSorted(),
    );
  });

  test("with the reset 'none' a missing offset is an error that names the partition", async () => {
    const topic = await newTopic();
    const consumer = await openConsumer({ groupId: `group-${topic}`, offsetReset: 'none' });
    consumer.subscribe([topic], listener());
    const poll = pollUntil(consumer, () => false);
    await expect(poll).rejects.toMatchObject({ kind: 'fatal', code: 'NO_OFFSET' });
    await expect(poll).rejects.toThrow(new RegExp(`no committed offset in ${topic}-0`));
    await expect(consumer.poll(1, 0)).rejects.toMatchObject({ code: 'NO_OFFSET' });
    await consumer.close();
  });

  test('a static member that another one replaced fails for good, and what it holds is lost', async () => {
    const topic = await newTopic();
    const told: string[] = [];
    const tell = (name: string): RebalanceListener =>
      listener({
        onAssigned: async () => void told.push(`${name} assigned`),
        onRevoked: async () => void told.push(`${name} revoked`),
        onLost: async () => void told.push(`${name} lost`),
      });
    const config = { groupId: `group-${topic}`, instanceId: 'one' };
    const first = await openConsumer(config);
    first.subscribe([topic], tell('first'));
    await pollUntil(first, () => told.includes('first assigned'));
    const second = await openConsumer(config);
    second.subscribe([topic], tell('second'));
    await pollUntil(second, () => told.includes('second assigned'));
    await expect(pollUntil(first, () => false)).rejects.toMatchObject({ name: 'BrokerError', kind: 'fatal' });
    await expect(first.poll(1, 0)).rejects.toMatchObject({ kind: 'fatal' });
    await expect(first.commit([{ topic, partition: 0, offset: 0 }])).rejects.toMatchObject({ kind: 'fatal' });
    await first.close();
    expect(told).toEqual(['first assigned', 'second assigned', 'first lost']);
  });

  test('a broker that is away makes opening a client retriable', async () => {
    const nowhere = kafkaBroker({ 'bootstrap.servers': '127.0.0.1:1' });
    await expect(nowhere.producer({})).rejects.toMatchObject({ name: 'BrokerError', kind: 'retriable' });
  });

  test('an error of the listener reaches the one who polls, and the partitions still go', async () => {
    const topic = await newTopic(2);
    const config = { groupId: `group-${topic}` };
    const first = await openConsumer(config);
    let taken = 0;
    first.subscribe(
      [topic],
      listener({
        onAssigned: async (partitions) => {
          taken += partitions.length;
        },
        onRevoked: () => Promise.reject(new Error('cannot finish')),
      }),
    );
    await pollUntil(first, () => taken === 2);
    const second = await openConsumer(config);
    let moved = 0;
    second.subscribe(
      [topic],
      listener({
        onAssigned: async (partitions) => {
          moved += partitions.length;
        },
      }),
    );
    const failed = pollUntil(first, () => false);
    const moving = pollUntil(second, () => moved === 1);
    await expect(failed).rejects.toThrow('cannot finish');
    const staying = pollUntil(first, () => moved === 1);
    await Promise.all([moving, staying]);
    expect(first.assignment()).toHaveLength(1);
    await expect(first.close()).rejects.toThrow('cannot finish');
    open.splice(open.indexOf(first), 1);
  });

  test('partitions that are lost again while their loss is being told can be committed once they are back', async () => {
    const said: string[] = [];
    const heard = kafkaBroker({
      'bootstrap.servers': kafka.bootstrapServers,
      onLog: ({ message }) => said.push(message),
    });
    const topic = await newTopic();
    const consumer = await heard.consumer({
      ...{ groupId: `group-${topic}`, offsetReset: 'earliest', isolation: 'read_committed' },
      ...{ sessionTimeoutMs: 6_000, maxPollIntervalMs: 7_000 },
    });
    open.push(consumer);
    const expelledTwice = () => said.some((message) => message.includes('maximum poll interval'));
    let [assigned, lost] = [0, 0];
    consumer.subscribe(
      [topic],
      listener({
        onAssigned: async () => void assigned++,
        onLost: async () => {
          lost += 1;
          while (!expelledTwice()) await new Promise((resolve) => setTimeout(resolve, 50));
        },
      }),
    );
    await pollUntil(consumer, () => assigned === 1);
    const back = kafka.restart(8_000);
    while (lost === 0 || assigned < 2) {
      await consumer.poll(10, 100).catch((error: BrokerError) => expect(error.kind).toBe('retriable'));
    }
    await back;
    await consumer.commit([{ topic, partition: 0, offset: 0 }]);
    expect(await consumer.committed([{ topic, partition: 0 }])).toEqual([0]);
    await heard.close();
  });

  test('nothing keeps the process alive after everything is closed', async () => {
    const topic = await newTopic();
    const script = fileURLToPath(new URL('open-and-close.ts', import.meta.url));
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', script, kafka.bootstrapServers, topic], {
      timeout: 45_000, // a process that stays is ended, and that is an error
    });
    expect(stdout).toBe('read 1, closed\n');
  });
});
