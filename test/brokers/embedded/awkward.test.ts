/** Where the embedded broker is as strict as Kafka, in ways that a test of both cannot wait for or see. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedBroker, EmbeddedBrokerOptions } from '../../../src/brokers/embedded/index.js';
import { openEmbeddedBroker } from '../../../src/brokers/embedded/index.js';
import { ConfigurationError } from '../../../src/errors.js';
import {
  BrokerSession,
  errorOf,
  failure,
  PATIENCE_MS,
  pollUntil,
  record,
  texts,
} from '../../contract/broker-session.js';
import { readAll } from './read-all.js';
import { SteppedClock } from './stepped-clock.js';

describe('the embedded broker', () => {
  let clock: SteppedClock;
  let broker: EmbeddedBroker;
  let session: BrokerSession;
  let topics = 0;

  const start = async (options: EmbeddedBrokerOptions = {}): Promise<void> => {
    broker = await openEmbeddedBroker({ clock, ...options });
    session = new BrokerSession(broker, () => {
      topics += 1;
      return `t${topics}`;
    });
  };
  beforeEach(async () => {
    clock = new SteppedClock();
    await start();
  });
  afterEach(async () => {
    await session.close();
    await broker.close();
  });

  it('acknowledges nothing in the tick that produced it', async () => {
    const topic = await session.topic();
    const producer = await session.producer();
    const consumer = await session.reader(topic);
    producer.produce(record(topic, 'x'));
    const seen: string[] = [];
    const flushed = producer.flush(PATIENCE_MS).then(() => seen.push('flushed'));
    await Promise.resolve();
    expect(seen).toEqual([]);
    await flushed;
    expect(await consumer.poll(1, 0)).toHaveLength(1);
  });

  it('wakes a waiting poll with the record, without a timer', async () => {
    const topic = await session.topic();
    const consumer = await session.reader(topic);
    const polling = consumer.poll(10, 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    (await session.producer()).produce(record(topic, 'x'));
    // Time stands still: only the record itself can end the poll.
    expect(texts(await polling)).toEqual(['x']);
  });

  it('bounds its queue by records and by bytes', async () => {
    await broker.close();
    await start({ maxQueuedRecords: 3, maxQueuedBytes: 1000 });
    const topic = await session.topic();
    const producer = await session.producer();
    for (let i = 0; i < 3; i += 1) producer.produce(record(topic, 'x'));
    expect((await failure(() => producer.produce(record(topic, 'x')), 'retriable')).code).toBe('QUEUE_FULL');
    await producer.flush(PATIENCE_MS);
    producer.produce(record(topic, 'x'.repeat(900)));
    expect((await failure(() => producer.produce(record(topic, 'x'.repeat(100))), 'retriable')).code).toBe(
      'QUEUE_FULL',
    );
    await producer.flush(PATIENCE_MS);
    producer.produce(record(topic, 'x'));
    await producer.flush(PATIENCE_MS);
    expect(await readAll(broker, topic)).toHaveLength(5);
  });

  it('does not make topics by writing or subscribing', async () => {
    const producer = await session.producer();
    expect((await failure(() => producer.produce(record('nowhere', 'x')), 'retriable')).message).toContain('"nowhere"');
    const member = await session.member(['nowhere'], { groupId: 'g' });
    expect((await failure(() => member.poll(), 'retriable')).message).toContain('"nowhere"');
    const admin = await session.admin();
    expect(await admin.listTopics()).toEqual([]);
    await admin.createTopics([{ topic: 'nowhere', partitions: 1 }]);
    await pollUntil('the partition', [member], () => member.has.length === 1);
  });

  it('refuses a partition that the topic does not have', async () => {
    const topic = await session.topic(2);
    const producer = await session.producer();
    await failure(() => producer.produce(record(topic, 'x', { partition: 2 })), 'retriable');
    const consumer = await session.consumer();
    await failure(() => consumer.assign([{ topic, partition: 2, offset: 0 }]), 'retriable');
  });

  it.each([
    ['cleanup.policy', 'shrink'],
    ['retention.ms', 'soon'],
    ['segment.bytes', '0'],
    ['no.such.setting', '1'],
  ])('refuses the topic setting %s=%s and names it', async (name, value) => {
    const admin = await session.admin();
    const error = await failure(
      () => admin.createTopics([{ topic: 'configured', partitions: 1, config: { [name]: value } }]),
      'fatal',
    );
    expect(error.message).toContain(`${name}=${value}`);
    expect(await admin.listTopics()).not.toContain('configured');
  });

  it('refuses names and numbers that no topic can have', async () => {
    const admin = await session.admin();
    for (const topic of ['', '.', '..', 'a b', 'a/b', 'x'.repeat(250)]) {
      await failure(() => admin.createTopics([{ topic, partitions: 1 }]), 'fatal');
    }
    for (const partitions of [0, -1, 1.5]) {
      await failure(() => admin.createTopics([{ topic: 'ok', partitions }]), 'fatal');
    }
  });

  it('refuses options that make no sense', async () => {
    await expect(openEmbeddedBroker({ maxQueuedRecords: 0 })).rejects.toThrow(ConfigurationError);
  });

  it('aborts a transaction that takes too long, and fences its producer', async () => {
    const topic = await session.topic();
    const producer = await session.producer({ transactionalId: 'slow', transactionTimeoutMs: 5_000 });
    await producer.initTransactions(PATIENCE_MS);
    producer.beginTransaction();
    producer.produce(record(topic, 'slow'));
    await producer.flush(PATIENCE_MS);
    const plain = await session.producer();
    plain.produce(record(topic, 'behind'));
    await plain.flush(PATIENCE_MS);
    clock.advance(4_999);
    expect(await readAll(broker, topic)).toEqual([]);
    clock.advance(1);
    const reader = await session.reader(topic);
    expect(texts(await reader.poll(10, 60_000))).toEqual(['behind']);
    for (let i = 0; i < 2; i += 1) await failure(() => producer.commitTransaction(PATIENCE_MS), 'fatal');
    await failure(() => producer.produce(record(topic, 'late')), 'fatal');
    await failure(() => producer.abortTransaction(PATIENCE_MS), 'fatal');
  });

  it('drops what a fenced producer had queued', async () => {
    const topic = await session.topic();
    const older = await session.transactional('same');
    older.beginTransaction();
    older.produce(record(topic, 'queued'));
    await session.transactional('same');
    expect(await readAll(broker, topic, 0, 'read_uncommitted')).toEqual([]);
    await failure(() => older.flush(PATIENCE_MS), 'fatal');
  });

  it('keeps offsets to itself while a transaction may change them', async () => {
    const topic = await session.topic();
    const member = await session.member([topic], { groupId: 'g' });
    await pollUntil('the partition', [member], () => member.has.length === 1);
    const producer = await session.transactional();
    producer.beginTransaction();
    await producer.sendOffsets([{ topic, partition: 0, offset: 1 }], member.consumer);
    let answered = false;
    const asked = member.consumer.committed([{ topic, partition: 0 }]).then((offsets) => {
      answered = true;
      return offsets;
    });
    const other = await session.topic();
    expect(await readAll(broker, other)).toEqual([]);
    expect(answered).toBe(false);
    await producer.commitTransaction(PATIENCE_MS);
    expect(await asked).toEqual([1]);
  });

  it('lets the next owner wait for the transaction of the last one', async () => {
    const topic = await session.topic();
    const plain = await session.producer();
    for (const value of ['a', 'b']) plain.produce(record(topic, value));
    await plain.flush(PATIENCE_MS);
    const config = { groupId: 'g', maxPollIntervalMs: 1_000 };
    const slow = await session.member([topic], config);
    await pollUntil('the records', [slow], () => slow.records.length === 2);
    const producer = await session.transactional();
    producer.beginTransaction();
    await producer.sendOffsets([{ topic, partition: 0, offset: 1 }], slow.consumer);
    clock.advance(1_000);

    const next = await session.member([topic], { groupId: 'g' });
    await pollUntil('the partition', [next], () => next.has.length === 1);
    const polling = next.consumer.poll(10, 60_000);
    expect(texts(await readAll(broker, topic))).toEqual(['a', 'b']);
    expect(next.records).toEqual([]);
    await producer.commitTransaction(PATIENCE_MS);
    expect(texts(await polling)).toEqual(['b']);
  });

  it('takes offsets of a group without members from anybody, and of no other', async () => {
    const topic = await session.topic();
    const setter = await session.consumer({ groupId: 'g' });
    const offsets = [{ topic, partition: 0, offset: 3 }];
    await setter.commit(offsets);
    expect(await setter.committed(offsets)).toEqual([3]);
    const member = await session.member([topic], { groupId: 'g' });
    await pollUntil('the partition', [member], () => member.has.length === 1);
    await failure(() => setter.commit(offsets), 'fenced');
  });

  it('gives a static place to others when its time is over', async () => {
    const topic = await session.topic(2);
    const stay = await session.member([topic], { groupId: 'g' });
    const leave = await session.member([topic], { groupId: 'g', instanceId: 'i', sessionTimeoutMs: 6_000 });
    await pollUntil('one each', [stay, leave], () => stay.has.length === 1 && leave.has.length === 1);
    await leave.consumer.close();
    clock.advance(5_999);
    expect(stay.has).toHaveLength(1);
    const polling = stay.consumer.poll(1, 60_000);
    clock.advance(1);
    const producer = await session.producer();
    for (const partition of [0, 1]) producer.produce(record(topic, 'x', { partition }));
    await polling;
    await pollUntil('both', [stay], () => stay.has.length === 2);
  });

  it('tells members that a topic is gone, and forgets its offsets', async () => {
    const topic = await session.topic();
    const member = await session.member([topic], { groupId: 'g' });
    await pollUntil('the partition', [member], () => member.has.length === 1);
    await member.consumer.commit([{ topic, partition: 0, offset: 0 }]);
    const admin = await session.admin();
    await admin.deleteTopics([topic]);
    await failure(() => member.poll(), 'retriable');
    expect(member.lost).toHaveLength(1);
    await admin.createTopics([{ topic, partitions: 1 }]);
    await pollUntil('the new one', [member], () => member.has.length === 1);
    expect(await member.consumer.committed([{ topic, partition: 0 }])).toEqual([undefined]);
  });

  it('calls an unfinished commit by its end when it is asked again', async () => {
    const topic = await session.topic();
    const producer = await session.transactional();
    producer.beginTransaction();
    producer.produce(record(topic, 'x'));
    const late = errorOf(() => producer.commitTransaction(1));
    clock.advance(1);
    expect(await late).toMatchObject({ kind: 'retriable', code: 'TIMED_OUT' });
    expect(() => producer.beginTransaction()).toThrow(/committing/);
    await producer.commitTransaction(PATIENCE_MS);
    producer.beginTransaction();
    await producer.abortTransaction(PATIENCE_MS);
    expect(texts(await readAll(broker, topic))).toEqual(['x']);
  });

  it('fails every call of every client after it was closed', async () => {
    const topic = await session.topic();
    const [producer, consumer, admin] = [await session.producer(), await session.reader(topic), await session.admin()];
    const polling = errorOf(() => consumer.poll(1, 60_000));
    await new Promise((resolve) => setImmediate(resolve));
    await broker.close();
    expect(await polling).toMatchObject({ kind: 'fatal', code: 'CLOSED' });
    await failure(() => producer.produce(record(topic, 'x')), 'fatal');
    await failure(() => consumer.poll(1, 1), 'fatal');
    await failure(() => admin.listTopics(), 'fatal');
    await failure(() => broker.producer({}), 'fatal');
    await start();
  });

  it('tells a commit how it ended when the broker closes meanwhile', async () => {
    const topic = await session.topic();
    const producer = await session.transactional();
    producer.beginTransaction();
    producer.produce(record(topic, 'x'));
    const committing = errorOf(() => producer.commitTransaction(PATIENCE_MS));
    await broker.close();
    // Time stands still: a commit that was forgotten would never come back.
    expect(await committing).toMatchObject({ kind: 'fatal', code: 'CLOSED' });
    await start();
  });

  it('does not let a reader change what others read', async () => {
    const topic = await session.topic();
    const producer = await session.producer();
    producer.produce(record(topic, 'before'));
    await producer.flush(PATIENCE_MS);
    const [mine] = await readAll(broker, topic);
    mine!.value!.write('after!');
    expect(texts(await readAll(broker, topic))).toEqual(['before']);
  });
});
