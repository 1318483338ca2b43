/**
 * What must hold on every broker: the numbered clauses of `src/brokers/port.ts`, tested through the port alone.
 *
 * Waiting is polling with a deadline. Where nothing may arrive, a later record that does arrive ends the wait.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Broker, Producer } from '../../src/brokers/port.js';
import { BrokerError } from '../../src/errors.js';
import { NO_HEADERS } from '../../src/record.js';
import type { BrokerUnderTest, GroupMember } from './broker-session.js';
import {
  BrokerSession,
  errorOf,
  eventually,
  failure,
  nameOf,
  names,
  PATIENCE_MS,
  pollUntil,
  read,
  readUpTo,
  record,
  texts,
} from './broker-session.js';

/** Hashes that Kafka's own tests give for murmur2 (`org.apache.kafka.common.utils.UtilsTest`). */
const MURMUR2: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

/**
 * Declares the contract's tests for one kind of broker.
 *
 * @param name what it is called in the report
 * @param open opens it, once for all tests
 */
export function brokerContract(name: string, open: () => Promise<BrokerUnderTest>): void {
  describe(`${name}: the broker contract`, () => {
    let underTest: BrokerUnderTest;
    let broker: Broker;
    let session: BrokerSession;

    beforeAll(async () => {
      underTest = await open();
      broker = underTest.broker;
    });
    afterAll(() => underTest.close());
    beforeEach(() => {
      session = new BrokerSession(broker, () => underTest.uniqueTopic());
    });
    afterEach(() => session.close());

    const inTransaction = async (producer: Producer, topic: string, ...values: readonly string[]): Promise<void> => {
      producer.beginTransaction();
      for (const value of values) producer.produce(record(topic, value));
      await producer.flush(PATIENCE_MS);
    };
    const write = async (topic: string, ...values: readonly string[]): Promise<void> => {
      const producer = await session.producer();
      for (const value of values) producer.produce(record(topic, value));
      await producer.flush(PATIENCE_MS);
    };
    /** A member of a group of its own that owns the only partition of the topic. */
    const owner = async (topic: string, groupId = session.group()): Promise<GroupMember> => {
      const member = await session.member([topic], { groupId });
      await pollUntil('the partition', [member], () => member.has.length === 1);
      return member;
    };

    describe('B1: order, growing offsets, nothing undecided', () => {
      it('delivers a partition in offset order, however small the batches', async () => {
        const topic = await session.topic();
        const values = Array.from({ length: 50 }, (_, i) => `v${i}`);
        await write(topic, ...values);
        const records = await read(await session.reader(topic), 50, 7);
        expect(texts(records)).toEqual(values);
        expect(records.map((each) => each.offset)).toEqual(values.map((_, i) => i));
      });

      it('gives no more records than were asked for', async () => {
        const topic = await session.topic();
        await write(topic, 'a', 'b', 'c', 'd', 'e');
        const consumer = await session.reader(topic);
        const sizes: number[] = [];
        await eventually('five records', async () => {
          sizes.push((await consumer.poll(2, 100)).length);
          return sizes.reduce((sum, size) => sum + size, 0) === 5;
        });
        expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
      });

      it('leaves a gap of one offset for each marker', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        for (const value of ['a', 'b']) {
          await inTransaction(producer, topic, value);
          await producer.commitTransaction(PATIENCE_MS);
        }
        const records = await read(await session.reader(topic), 2);
        expect(records.map((each) => each.offset)).toEqual([0, 2]);
      });

      it('hides what was aborted from read_committed, and shows it to read_uncommitted', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        await inTransaction(producer, topic, 'aborted');
        await producer.abortTransaction(PATIENCE_MS);
        await inTransaction(producer, topic, 'committed');
        await producer.commitTransaction(PATIENCE_MS);
        expect(texts(await readUpTo(await session.reader(topic), 'committed'))).toEqual(['committed']);
        const uncommitted = await session.reader(topic, 0, { isolation: 'read_uncommitted' });
        expect(texts(await readUpTo(uncommitted, 'committed'))).toEqual(['aborted', 'committed']);
      });

      it('never reads past the first open transaction', async () => {
        const topic = await session.topic();
        await write(topic, 'before');
        const producer = await session.transactional();
        await inTransaction(producer, topic, 'open');
        await write(topic, 'behind');

        const uncommitted = await session.reader(topic, 0, { isolation: 'read_uncommitted' });
        expect(texts(await readUpTo(uncommitted, 'behind'))).toEqual(['before', 'open', 'behind']);
        const committed = await session.reader(topic);
        expect((await committed.watermarks({ topic, partition: 0 })).high).toBe(1);
        expect(texts(await readUpTo(committed, 'before'))).toEqual(['before']);
        expect(await committed.poll(10, 500)).toEqual([]);

        await producer.commitTransaction(PATIENCE_MS);
        expect(texts(await readUpTo(committed, 'behind'))).toEqual(['open', 'behind']);
      });

      it('goes on to the end when the last offsets are markers and aborted records', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        await inTransaction(producer, topic, 'kept');
        await producer.commitTransaction(PATIENCE_MS);
        await inTransaction(producer, topic, 'dropped');
        await producer.abortTransaction(PATIENCE_MS);
        const consumer = await session.reader(topic);
        const high = 4;
        await eventually('the markers', async () => (await consumer.watermarks({ topic, partition: 0 })).high === high);
        const seen: (string | undefined)[] = [];
        await eventually('the position at the end', async () => {
          seen.push(...texts(await consumer.poll(10, 100)));
          return consumer.position({ topic, partition: 0 }) === high;
        });
        expect(seen).toEqual(['kept']);
      });
    });

    describe('B2: produce queues, flush waits', () => {
      it('keeps the order of produce within a partition', async () => {
        const topic = await session.topic(2);
        const producer = await session.producer();
        for (let i = 0; i < 1000; i += 1) producer.produce(record(topic, `${i}`, { partition: i % 2 }));
        await producer.flush(PATIENCE_MS);
        const odd = await read(await session.reader(topic, 1), 500);
        expect(texts(odd)).toEqual(Array.from({ length: 500 }, (_, i) => `${i * 2 + 1}`));
      });

      it('has everything acknowledged when flush resolves', async () => {
        const topic = await session.topic();
        await write(topic, ...Array.from({ length: 200 }, (_, i) => `${i}`));
        const consumer = await session.consumer();
        expect(await consumer.watermarks({ topic, partition: 0 })).toEqual({ low: 0, high: 200 });
      });

      it('flushes nothing without complaint', async () => {
        const producer = await session.producer();
        await producer.flush(PATIENCE_MS);
      });

      it('takes the bytes at the time of produce', async () => {
        const topic = await session.topic();
        const producer = await session.producer();
        const value = Buffer.from('before');
        producer.produce({ ...record(topic, null), value });
        value.write('after!');
        await producer.flush(PATIENCE_MS);
        expect(texts(await read(await session.reader(topic), 1))).toEqual(['before']);
      });

      it('says QUEUE_FULL when it is, loses nothing it took, and goes on after a flush', async () => {
        const topic = await session.topic();
        const producer = await session.producer();
        let taken = 0;
        let refused: unknown;
        while (taken < 300_000 && refused === undefined) {
          refused = await (async () => {
            try {
              producer.produce(record(topic, 'x'));
              taken += 1;
              return undefined;
            } catch (thrown) {
              return thrown;
            }
          })();
        }
        if (refused !== undefined) {
          expect(refused).toBeInstanceOf(BrokerError);
          expect(refused).toMatchObject({ kind: 'retriable', code: 'QUEUE_FULL' });
        }
        await producer.flush(PATIENCE_MS);
        producer.produce(record(topic, 'after'));
        await producer.flush(PATIENCE_MS);
        const consumer = await session.consumer();
        expect((await consumer.watermarks({ topic, partition: 0 })).high).toBe(taken + 1);
      });

      it('reports a refused record once, and goes on', async () => {
        const topic = await session.topic(1, { 'max.message.bytes': '1000' });
        const producer = await session.producer();
        producer.produce(record(topic, 'small'));
        await producer.flush(PATIENCE_MS);
        await failure(async () => {
          producer.produce(record(topic, 'x'.repeat(5000)));
          await producer.flush(PATIENCE_MS);
        }, 'record');
        await producer.flush(PATIENCE_MS);
        producer.produce(record(topic, 'next'));
        await producer.flush(PATIENCE_MS);
        expect(texts(await readUpTo(await session.reader(topic), 'next'))).toEqual(['small', 'next']);
      });
    });

    describe('B3: outputs and offsets together', () => {
      it('shows outputs of all topics and the offsets after the commit', async () => {
        const [input, one, two] = [await session.topic(), await session.topic(), await session.topic(2)];
        const member = await owner(input);
        const producer = await session.transactional();
        producer.beginTransaction();
        producer.produce(record(one, 'one'));
        producer.produce(record(two, 'two', { partition: 1 }));
        await producer.sendOffsets([{ topic: input, partition: 0, offset: 7 }], member.consumer);
        await producer.commitTransaction(PATIENCE_MS);
        expect(texts(await read(await session.reader(one), 1))).toEqual(['one']);
        expect(texts(await read(await session.reader(two, 1), 1))).toEqual(['two']);
        expect(await member.consumer.committed([{ topic: input, partition: 0 }])).toEqual([7]);
      });

      it('shows neither after an abort', async () => {
        const [input, output] = [await session.topic(), await session.topic()];
        const member = await owner(input);
        await member.consumer.commit([{ topic: input, partition: 0, offset: 3 }]);
        const producer = await session.transactional();
        await inTransaction(producer, output, 'no');
        await producer.sendOffsets([{ topic: input, partition: 0, offset: 9 }], member.consumer);
        await producer.abortTransaction(PATIENCE_MS);
        await inTransaction(producer, output, 'yes');
        await producer.commitTransaction(PATIENCE_MS);
        expect(await member.consumer.committed([{ topic: input, partition: 0 }])).toEqual([3]);
        expect(texts(await readUpTo(await session.reader(output), 'yes'))).toEqual(['yes']);
      });

      it('commits offsets alone', async () => {
        const input = await session.topic();
        const member = await owner(input);
        const producer = await session.transactional();
        producer.beginTransaction();
        await producer.sendOffsets([{ topic: input, partition: 0, offset: 2 }], member.consumer);
        await producer.commitTransaction(PATIENCE_MS);
        expect(await member.consumer.committed([{ topic: input, partition: 0 }])).toEqual([2]);
      });

      it('commits and aborts an empty transaction', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        producer.beginTransaction();
        await producer.commitTransaction(PATIENCE_MS);
        producer.beginTransaction();
        await producer.abortTransaction(PATIENCE_MS);
        await inTransaction(producer, topic, 'then');
        await producer.commitTransaction(PATIENCE_MS);
        expect(texts(await read(await session.reader(topic), 1))).toEqual(['then']);
      });

      it('keeps nothing of what was not flushed before an abort', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        producer.beginTransaction();
        producer.produce(record(topic, 'queued'));
        await producer.abortTransaction(PATIENCE_MS);
        producer.beginTransaction();
        producer.produce(record(topic, 'kept'));
        await producer.commitTransaction(PATIENCE_MS);
        expect(texts(await readUpTo(await session.reader(topic), 'kept'))).toEqual(['kept']);
      });

      it('has to be aborted after a record that was refused', async () => {
        const topic = await session.topic();
        const small = await session.topic(1, { 'max.message.bytes': '1000' });
        const producer = await session.transactional();
        await inTransaction(producer, topic, 'good');
        const atOnce = await errorOf(() => producer.produce(record(small, 'x'.repeat(5000))));
        if (atOnce === undefined) await failure(() => producer.commitTransaction(PATIENCE_MS), 'abort');
        await producer.abortTransaction(PATIENCE_MS);
        await inTransaction(producer, topic, 'again');
        await producer.commitTransaction(PATIENCE_MS);
        expect(texts(await readUpTo(await session.reader(topic), 'again'))).toEqual(['again']);
      });
    });

    describe('B4: one producer for each transactional id', () => {
      it('fences the older one for ever, and aborts what it left', async () => {
        const topic = await session.topic();
        const id = session.transactionalId();
        const older = await session.transactional(id);
        await inTransaction(older, topic, 'left');
        const newer = await session.transactional(id);
        await failure(() => older.commitTransaction(PATIENCE_MS), 'fatal');
        await failure(() => {
          older.beginTransaction();
          older.produce(record(topic, 'zombie'));
          return older.commitTransaction(PATIENCE_MS);
        }, 'fatal');
        await inTransaction(newer, topic, 'mine');
        await newer.commitTransaction(PATIENCE_MS);
        expect(texts(await readUpTo(await session.reader(topic), 'mine'))).toEqual(['mine']);
      });

      it('leaves a producer of another id alone', async () => {
        const topic = await session.topic();
        const one = await session.transactional();
        await inTransaction(one, topic, 'one');
        await session.transactional();
        await one.commitTransaction(PATIENCE_MS);
        expect(texts(await read(await session.reader(topic), 1))).toEqual(['one']);
      });

      it('drops the offsets of a fenced producer', async () => {
        const input = await session.topic();
        const id = session.transactionalId();
        const member = await owner(input);
        const older = await session.transactional(id);
        older.beginTransaction();
        await older.sendOffsets([{ topic: input, partition: 0, offset: 5 }], member.consumer);
        await session.transactional(id);
        expect(await member.consumer.committed([{ topic: input, partition: 0 }])).toEqual([undefined]);
      });
    });

    describe('B5: no produce while a transaction ends', () => {
      it('throws during a commit, which goes on', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        await inTransaction(producer, topic, 'in');
        const committing = producer.commitTransaction(PATIENCE_MS);
        expect(() => producer.produce(record(topic, 'late'))).toThrow(BrokerError);
        await committing;
        await inTransaction(producer, topic, 'next');
        await producer.commitTransaction(PATIENCE_MS);
        expect(texts(await readUpTo(await session.reader(topic), 'next'))).toEqual(['in', 'next']);
      });

      it('throws during an abort', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        await inTransaction(producer, topic, 'in');
        const aborting = producer.abortTransaction(PATIENCE_MS);
        expect(() => producer.produce(record(topic, 'late'))).toThrow(BrokerError);
        await aborting;
      });
    });

    describe('B6: positions', () => {
      it('stays where it is after an abort, and goes back to committed() when sought', async () => {
        const [input, output] = [await session.topic(), await session.topic()];
        await write(input, 'a', 'b', 'c');
        const member = await owner(input);
        await pollUntil('three records', [member], () => member.records.length === 3);
        const producer = await session.transactional();
        await inTransaction(producer, output, 'x');
        await producer.sendOffsets([{ topic: input, partition: 0, offset: 3 }], member.consumer);
        await producer.abortTransaction(PATIENCE_MS);
        expect(member.consumer.position({ topic: input, partition: 0 })).toBe(3);
        await write(input, 'd');
        await pollUntil('the next record', [member], () => member.records.length === 4);
        expect(texts(member.records)).toEqual(['a', 'b', 'c', 'd']);

        const [committed] = await member.consumer.committed([{ topic: input, partition: 0 }]);
        expect(committed).toBeUndefined();
        member.consumer.seek({ topic: input, partition: 0, offset: 0 });
        await pollUntil('all of them again', [member], () => member.records.length === 8);
        expect(texts(member.records).slice(4)).toEqual(['a', 'b', 'c', 'd']);
      });

      it('assigns and seeks to an offset, forwards and backwards', async () => {
        const topic = await session.topic();
        await write(topic, 'a', 'b', 'c', 'd');
        const consumer = await session.consumer();
        consumer.assign([{ topic, partition: 0, offset: 2 }]);
        expect(texts(await read(consumer, 2))).toEqual(['c', 'd']);
        consumer.seek({ topic, partition: 0, offset: 1 });
        expect(texts(await read(consumer, 3))).toEqual(['b', 'c', 'd']);
        consumer.seek({ topic, partition: 0, offset: 3 });
        expect(texts(await read(consumer, 1))).toEqual(['d']);
        expect(consumer.position({ topic, partition: 0 })).toBe(4);
      });

      it('replaces an assignment by another', async () => {
        const topic = await session.topic(2);
        const producer = await session.producer();
        producer.produce(record(topic, 'zero', { partition: 0 }));
        producer.produce(record(topic, 'one', { partition: 1 }));
        await producer.flush(PATIENCE_MS);
        const consumer = await session.reader(topic, 0);
        expect(texts(await read(consumer, 1))).toEqual(['zero']);
        consumer.assign([{ topic, partition: 1, offset: 0 }]);
        expect(consumer.assignment()).toEqual([{ topic, partition: 1 }]);
        expect(texts(await read(consumer, 1))).toEqual(['one']);
      });

      it('begins at the end with "latest"', async () => {
        const topic = await session.topic();
        await write(topic, 'old');
        const member = await session.member([topic], { groupId: session.group(), offsetReset: 'latest' });
        await pollUntil('the partition', [member], () => member.has.length === 1);
        let sent = 0;
        await eventually('a new record', async () => {
          await write(topic, `new ${sent}`);
          sent += 1;
          await member.poll();
          return member.records.length > 0;
        });
        expect(texts(member.records)).not.toContain('old');
      });

      it('asks the reset for each topic, and fails where it says "none"', async () => {
        const topic = await session.topic();
        await write(topic, 'a');
        const asked: string[] = [];
        const offsetReset = (name: string): 'none' => {
          asked.push(name);
          return 'none';
        };
        const member = await session.member([topic], { groupId: session.group(), offsetReset });
        let error: unknown;
        await eventually('the error', async () => {
          error = await errorOf(() => member.poll());
          return error !== undefined;
        });
        expect(error).toBeInstanceOf(BrokerError);
        expect(asked).toContain(topic);
        expect(member.records).toEqual([]);
      });

      it('returns nothing of paused partitions, and goes on where it was', async () => {
        const topic = await session.topic(2);
        const producer = await session.producer();
        const consumer = await session.consumer();
        const both = [0, 1].map((partition) => ({ topic, partition, offset: 0 }));
        consumer.assign(both);
        consumer.pause([both[0]!]);
        for (const partition of [0, 1]) producer.produce(record(topic, `${partition}`, { partition }));
        await producer.flush(PATIENCE_MS);
        expect(texts(await readUpTo(consumer, '1'))).toEqual(['1']);
        expect(await consumer.poll(10, 300)).toEqual([]);
        consumer.resume([both[0]!]);
        expect(texts(await readUpTo(consumer, '0'))).toEqual(['0']);
      });

      it('reads a partition that is assigned again, also when it was paused before', async () => {
        const topic = await session.topic();
        const producer = await session.producer();
        const consumer = await session.consumer();
        const start = { topic, partition: 0, offset: 0 };
        consumer.assign([start]);
        consumer.pause([start]);
        producer.produce(record(topic, 'a', { partition: 0 }));
        await producer.flush(PATIENCE_MS);
        expect(await consumer.poll(10, 300)).toEqual([]);
        consumer.assign([start]);
        expect(texts(await readUpTo(consumer, 'a'))).toEqual(['a']);
      });

      it('refuses a second poll while one is pending', async () => {
        const topic = await session.topic();
        const consumer = await session.reader(topic);
        const first = consumer.poll(1, 500);
        expect(await errorOf(() => consumer.poll(1, 500))).toBeInstanceOf(BrokerError);
        expect(await first).toEqual([]);
      });
    });

    describe('B7: a partition belongs to one member', () => {
      it('spreads partitions over members that join, and gives them back when one leaves', async () => {
        const topic = await session.topic(4);
        const groupId = session.group();
        const a = await session.member([topic], { groupId });
        await pollUntil('all partitions', [a], () => a.has.length === 4);
        const b = await session.member([topic], { groupId });
        await pollUntil('two each', [a, b], () => a.has.length === 2 && b.has.length === 2);
        expect([...a.has, ...b.has].sort()).toEqual(names(topic, 0, 1, 2, 3));
        await b.consumer.close();
        await pollUntil('all again', [a], () => a.has.length === 4);
        expect(b.revoked.sort()).toEqual(b.assigned.sort());
        expect(a.lost).toEqual([]);
      });

      it('gives the same numbers of copartitioned topics to one member, also when members come and go', async () => {
        const topics = [await session.topic(4), await session.topic(4)] as const;
        const member = { groupId: session.group(), copartitioned: [topics] };
        const numbersOf = (names: readonly string[], topic: string) =>
          [...names].filter((name) => name.startsWith(`${topic}-`)).map((name) => name.slice(topic.length));
        const a = await session.member(topics, member);
        await pollUntil('all partitions', [a], () => a.has.length === 8);
        const b = await session.member(topics, member);
        await pollUntil('half each', [a, b], () => a.has.length === 4 && b.has.length === 4);
        for (const { has } of [a, b])
          expect(numbersOf(has, topics[1]).sort()).toEqual(numbersOf(has, topics[0]).sort());
        await a.consumer.close();
        await pollUntil('all again', [b], () => b.has.length === 8);
      });

      it('waits for onRevoked before it gives a partition to another', async () => {
        const topic = await session.topic(2);
        const groupId = session.group();
        const a = await session.member([topic], { groupId });
        await pollUntil('all partitions', [a], () => a.has.length === 2);
        const order: string[] = [];
        let polledB = 0;
        const b = await session.member([topic], { groupId });
        a.beforeRevoke = async (partitions) => {
          order.push(...partitions.map((each) => `going ${nameOf(each)}`));
          const before = polledB;
          await eventually('polls of the other one', async () => {
            await b.poll();
            polledB += 1;
            return polledB >= before + 5;
          });
          expect(b.assigned).toEqual([]);
          await a.consumer.commit(partitions.map((each) => ({ ...each, offset: 1 })));
          order.push(...partitions.map((each) => `gone ${nameOf(each)}`));
        };
        await eventually('the partition to go', async () => {
          await a.poll();
          return a.revoked.length > 0;
        });
        a.beforeRevoke = async () => {};
        await pollUntil('the other one to have it', [a, b], () => b.has.length === 1);
        expect(order).toEqual([`going ${b.has[0]}`, `gone ${b.has[0]}`]);
        const partition = b.consumer.assignment()[0]!;
        expect(await b.consumer.committed([partition])).toEqual([1]);
      });

      it('tells a member that did not poll that its partitions are lost, and lets it join again', async () => {
        const topic = await session.topic(2);
        const groupId = session.group();
        const slow = await session.member([topic], { groupId, maxPollIntervalMs: 6_000, sessionTimeoutMs: 6_000 });
        await pollUntil('all partitions', [slow], () => slow.has.length === 2);
        const quick = await session.member([topic], { groupId });
        await eventually('the other one to have all', async () => {
          await quick.poll();
          return quick.has.length === 2;
        });
        await failure(() => slow.consumer.commit([{ topic, partition: 0, offset: 1 }]), 'fenced');
        await eventually('the loss to be told', async () => {
          await Promise.all([errorOf(() => slow.poll()), quick.poll()]);
          return slow.lost.length === 2;
        });
        expect(slow.revoked).toEqual([]);
        await pollUntil('one each', [slow, quick], () => slow.has.length === 1 && quick.has.length === 1);
      });

      it('revokes everything when a member closes, which can still commit', async () => {
        const topic = await session.topic();
        const groupId = session.group();
        const first = await owner(topic, groupId);
        first.beforeRevoke = () => first.consumer.commit([{ topic, partition: 0, offset: 4 }]);
        await first.consumer.close();
        expect(first.revoked).toEqual(names(topic, 0));
        const second = await owner(topic, groupId);
        expect(await second.consumer.committed([{ topic, partition: 0 }])).toEqual([4]);
      });

      it('keeps the place of a static member while it restarts', async () => {
        const topic = await session.topic(2);
        const groupId = session.group();
        const a = await session.member([topic], { groupId, instanceId: 'a' });
        const b = await session.member([topic], { groupId, instanceId: 'b' });
        await pollUntil('one each', [a, b], () => a.has.length === 1 && b.has.length === 1);
        const { has } = b;
        const before = [...a.revoked]; // it may have had both before the other one came
        await b.consumer.close();
        const again = await session.member([topic], { groupId, instanceId: 'b' });
        await pollUntil('the place', [a, again], () => again.has.length === 1);
        expect(again.has).toEqual(has);
        expect(a.has).toHaveLength(1);
        expect([...a.revoked, ...a.lost]).toEqual(before);
      });

      it('fences a static member when another takes its name', async () => {
        const topic = await session.topic();
        const groupId = session.group();
        const older = await session.member([topic], { groupId, instanceId: 'same' });
        await pollUntil('the partition', [older], () => older.has.length === 1);
        const newer = await session.member([topic], { groupId, instanceId: 'same' });
        await pollUntil('the newer one to have it', [newer], () => newer.has.length === 1);
        await failure(() => older.consumer.commit([{ topic, partition: 0, offset: 1 }]), 'fatal', 'fenced');
        let error: unknown;
        await eventually('the older one to hear of it', async () => {
          error = await errorOf(() => older.poll());
          return error !== undefined;
        });
        expect(error).toMatchObject({ kind: 'fatal' });
      });
    });

    describe('B8: commits are confirmed, and refused from outsiders', () => {
      it('gives offsets back in the order asked, undefined where there is none', async () => {
        const topic = await session.topic(3);
        const member = await session.member([topic], { groupId: session.group() });
        await pollUntil('all partitions', [member], () => member.has.length === 3);
        await member.consumer.commit([
          { topic, partition: 2, offset: 22 },
          { topic, partition: 0, offset: 10 },
        ]);
        const asked = [0, 1, 2].map((partition) => ({ topic, partition }));
        expect(await member.consumer.committed(asked)).toEqual([10, undefined, 22]);
      });

      it('lets the next owner begin where the last one committed', async () => {
        const topic = await session.topic();
        await write(topic, 'a', 'b', 'c');
        const groupId = session.group();
        const first = await owner(topic, groupId);
        await first.consumer.commit([{ topic, partition: 0, offset: 2 }]);
        await first.consumer.close();
        const second = await session.member([topic], { groupId });
        await pollUntil('the rest', [second], () => second.records.length > 0);
        expect(texts(second.records)).toEqual(['c']);
      });

      it('refuses offsets of a member that was expelled, in and outside of a transaction', async () => {
        const topic = await session.topic();
        const groupId = session.group();
        const slow = await session.member([topic], { groupId, maxPollIntervalMs: 6_000, sessionTimeoutMs: 6_000 });
        await pollUntil('the partition', [slow], () => slow.has.length === 1);
        const quick = await session.member([topic], { groupId });
        await eventually('the other one to have it', async () => {
          await quick.poll();
          return quick.has.length === 1;
        });
        const offsets = [{ topic, partition: 0, offset: 5 }];
        await failure(() => slow.consumer.commit(offsets), 'fenced');
        const producer = await session.transactional();
        producer.beginTransaction();
        await failure(() => producer.sendOffsets(offsets, slow.consumer), 'fenced');
        await producer.abortTransaction(PATIENCE_MS);
        expect(await quick.consumer.committed([{ topic, partition: 0 }])).toEqual([undefined]);
      });
    });

    describe('B9: where keys go', () => {
      it("sends a key where Java's murmur2 does", async () => {
        const partitions = 12;
        const topic = await session.topic(partitions);
        const producer = await session.producer();
        for (const [key] of MURMUR2) {
          producer.produce(record(topic, key, { key: Buffer.from(key), partition: undefined }));
        }
        await producer.flush(PATIENCE_MS);
        const consumer = await session.consumer();
        consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })));
        const records = await read(consumer, MURMUR2.length);
        const placed = Object.fromEntries(records.map((each) => [String(each.value), each.partition]));
        expect(placed).toEqual(
          Object.fromEntries(MURMUR2.map(([key, hash]) => [key, (hash & 0x7fffffff) % partitions])),
        );
      });

      it('sends null keys to all partitions', async () => {
        const topic = await session.topic(4);
        const producer = await session.producer();
        for (let i = 0; i < 400; i += 1) producer.produce(record(topic, `${i}`, { partition: undefined }));
        await producer.flush(PATIENCE_MS);
        const consumer = await session.consumer();
        const ends = await Promise.all([0, 1, 2, 3].map((partition) => consumer.watermarks({ topic, partition })));
        expect(ends.reduce((sum, { high }) => sum + high, 0)).toBe(400);
        expect(ends.every(({ high }) => high > 0)).toBe(true);
      });
    });

    describe('B10: bytes', () => {
      it('tells a tombstone from an empty value, and a null key from an empty one', async () => {
        const topic = await session.topic();
        const producer = await session.producer();
        const empty = Buffer.alloc(0);
        producer.produce(record(topic, null, { key: Buffer.from('k') }));
        producer.produce({ ...record(topic, null, { key: Buffer.from('k') }), value: empty });
        producer.produce(record(topic, 'no key'));
        producer.produce(record(topic, 'empty key', { key: empty }));
        await producer.flush(PATIENCE_MS);
        const [tombstone, emptyValue, noKey, emptyKey] = await read(await session.reader(topic), 4);
        expect(tombstone!.value).toBeNull();
        expect(emptyValue!.value).toEqual(empty);
        expect(noKey!.key).toBeNull();
        expect(emptyKey!.key).toEqual(empty);
      });

      it('keeps every byte of keys and values, and headers in their order', async () => {
        const topic = await session.topic();
        const producer = await session.producer();
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        const headers = [
          { key: 'same', value: Buffer.from('1') },
          { key: 'same', value: Buffer.from('2') },
          { key: 'empty', value: Buffer.alloc(0) },
          { key: 'Ünïcode', value: Buffer.from('ß') },
          { key: 'same', value: Buffer.from('3') },
        ];
        producer.produce({ topic, partition: 0, key: bytes, value: bytes, timestamp: 1_234_567_890_123, headers });
        await producer.flush(PATIENCE_MS);
        const [read1] = await read(await session.reader(topic), 1);
        expect(read1).toEqual({
          topic,
          partition: 0,
          offset: 0,
          key: bytes,
          value: bytes,
          timestamp: 1_234_567_890_123,
          headers,
        });
      });

      it('keeps the bytes of binary and null headers, or refuses the record that has them', async () => {
        const topic = await session.topic();
        const producer = await session.producer();
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        const unusual = [
          { key: 'binary', value: bytes },
          { key: 'null', value: null },
        ];
        const expected: unknown[] = [];
        for (const header of unusual) {
          const produce = () => producer.produce(record(topic, header.key, { headers: [header] }));
          if (underTest.textHeadersOnly === true) await failure(produce, 'record');
          else {
            produce();
            expected.push([header]);
          }
        }
        producer.produce(record(topic, 'last'));
        await producer.flush(PATIENCE_MS);
        const records = await readUpTo(await session.reader(topic), 'last');
        expect(records.map((each) => each.headers)).toEqual([...expected, NO_HEADERS]);
      });

      it('keeps a large value', async () => {
        const topic = await session.topic();
        const producer = await session.producer();
        const value = Buffer.alloc(900_000, 'ab');
        producer.produce({ ...record(topic, null), value });
        await producer.flush(PATIENCE_MS);
        const [large] = await read(await session.reader(topic), 1);
        expect(large!.value!.equals(value)).toBe(true);
      });
    });

    describe('topics', () => {
      it('creates, lists, counts and deletes', async () => {
        const admin = await session.admin();
        const topic = underTest.uniqueTopic();
        expect(await admin.partitionCount(topic)).toBeUndefined();
        await admin.createTopics([{ topic, partitions: 3 }]);
        await admin.createTopics([{ topic, partitions: 3 }]);
        expect(await admin.partitionCount(topic)).toBe(3);
        expect(await admin.listTopics()).toContain(topic);
        await admin.deleteTopics([topic]);
        await eventually('the topic to be gone', async () => (await admin.partitionCount(topic)) === undefined);
      });

      it('gives the settings that a topic has of its own', async () => {
        const config = { 'cleanup.policy': 'compact', 'delete.retention.ms': '1234' };
        const [plain, own] = [await session.topic(), await session.topic(2, config)];
        const admin = await session.admin();
        expect(await admin.topicConfig(plain)).toEqual({});
        expect(await admin.topicConfig(own)).toEqual(config);
      });

      it('names both counts when a topic exists with another number of partitions', async () => {
        const admin = await session.admin();
        const topic = await session.topic(3);
        const error = await errorOf(() => admin.createTopics([{ topic, partitions: 5 }]));
        expect(error).toBeInstanceOf(BrokerError);
        expect((error as Error).message).toMatch(/3.*5|5.*3/s);
      });
    });

    describe('offsets of times', () => {
      it('gives the first offset of the time or later, however the times lie', async () => {
        const topic = await session.topic(2);
        const producer = await session.producer();
        for (const timestamp of [1_000, 3_000, 2_000, 4_000]) {
          producer.produce(record(topic, 'v', { timestamp }));
        }
        await producer.flush(PATIENCE_MS);
        const consumer = await session.consumer();
        const at = (timestamp: number, partition = 0) => ({ topic, partition, timestamp });
        const asked = [at(0), at(1_000), at(1_001), at(2_500), at(3_001), at(4_001)];
        const offsets: (number | undefined)[] = [];
        for (const one of asked) offsets.push((await consumer.offsetsForTimes([one]))[0]);
        expect(offsets).toEqual([0, 0, 1, 1, 3, undefined]);
        expect(await consumer.offsetsForTimes([at(2_500), at(0, 1)])).toEqual([1, undefined]);
      });

      it('finds records, not the markers of transactions between them, which are later', async () => {
        const topic = await session.topic();
        const producer = await session.transactional();
        for (const timestamp of [1_000, 2_000, 3_000]) {
          producer.beginTransaction();
          producer.produce(record(topic, 'v', { timestamp }));
          await producer.commitTransaction(PATIENCE_MS);
        }
        const consumer = await session.reader(topic);
        const written = await read(consumer, 3);
        const found = async (timestamp: number) => {
          const [offset] = await consumer.offsetsForTimes([{ topic, partition: 0, timestamp }]);
          return written.find((each) => each.offset === offset)?.timestamp ?? offset;
        };
        expect([await found(1_001), await found(2_500), await found(3_001)]).toEqual([2_000, 3_000, undefined]);
      });
    });

    describe('groups without members', () => {
      it('take offsets by hand, and forget them when they are deleted', async () => {
        const topic = await session.topic();
        const groupId = session.group();
        const admin = await session.admin();
        await write(topic, 'a', 'b', 'c');
        const byHand = async (offset: number) => {
          const consumer = await session.consumer({ groupId });
          consumer.assign([{ topic, partition: 0, offset }]);
          await consumer.commit([{ topic, partition: 0, offset }]);
        };
        const committed = async () => (await session.consumer({ groupId })).committed([{ topic, partition: 0 }]);
        await byHand(2);
        expect(await committed()).toEqual([2]);

        const member = await owner(topic, groupId);
        await pollUntil('the last record', [member], () => member.records.length > 0);
        expect(texts(member.records)).toEqual(['c']);
        await failure(() => byHand(0), 'fenced');
        await failure(() => admin.deleteGroup(groupId), 'fenced');
        expect(await committed()).toEqual([2]);

        await member.consumer.close();
        await admin.deleteGroup(groupId);
        expect(await committed()).toEqual([undefined]);
        await admin.deleteGroup(groupId);
      });
    });

    describe('B11: what was acknowledged survives', () => {
      it('has records, transactions and offsets after a restart', async (context) => {
        if (underTest.restart === undefined) return context.skip();
        const topic = await session.topic();
        const groupId = session.group();
        const id = session.transactionalId();
        await write(topic, 'plain');
        const producer = await session.transactional(id);
        await inTransaction(producer, topic, 'committed');
        const member = await owner(topic, groupId);
        await producer.sendOffsets([{ topic, partition: 0, offset: 2 }], member.consumer);
        await producer.commitTransaction(PATIENCE_MS);
        await inTransaction(producer, topic, 'aborted');
        await producer.abortTransaction(PATIENCE_MS);
        await inTransaction(producer, topic, 'left open');

        broker = await underTest.restart();
        session.replace(broker);
        const next = await session.transactional(id);
        await inTransaction(next, topic, 'after');
        await next.commitTransaction(PATIENCE_MS);
        const records = await readUpTo(await session.reader(topic), 'after');
        expect(texts(records)).toEqual(['plain', 'committed', 'after']);
        const again = await owner(topic, groupId);
        expect(await again.consumer.committed([{ topic, partition: 0 }])).toEqual([2]);
      });
    });
  });
}
