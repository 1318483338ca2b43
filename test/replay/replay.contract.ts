/** What a replay must do on every broker: bounds, resuming, and staying away from the live application. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import type { Broker } from '../../src/brokers/port.js';
import { ConfigurationError } from '../../src/errors.js';
import { nullable, string, topic, topology } from '../../src/index.js';
import { deleteReplay, listReplays, type ReplayProgress, replay, replayPlan } from '../../src/replay/index.js';
import { FLUSH_MS, type ReplayBroker, Stage, until } from './stage.js';

const finished = (progress: readonly ReplayProgress[]) => progress.find(({ phase }) => phase === 'finished');
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `v${from + i}`);
const seen = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `v${from + i}@${from + i}`);

/**
 * Declares the tests for one kind of broker.
 *
 * @param open opens it, once for all tests
 */
export function replayContract(name: string, open: () => Promise<ReplayBroker>): void {
  // Side by side: each test has topics of its own, and on Kafka most of its time is waiting for clients to connect.
  describe.concurrent(`${name}: replay`, () => {
    let under: ReplayBroker;
    let broker: Broker;

    beforeAll(async () => {
      under = await open();
      broker = under.broker;
    });
    afterAll(() => under?.close());

    describe('what', () => {
      test('from the beginning until now, by default', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(20));
        const end = finished(await stage.replay());
        expect(end).toMatchObject({ now: true, counts: { finished: 20, delivered: 20 } });
        expect(await stage.replayed()).toEqual(seen(0, 20));
      });

      test('offsets, for all partitions and by partition', async () => {
        const stage = await Stage.open(broker, 2);
        await stage.write([...numbers(10), ...numbers(10).map((v) => stage.record(v, { partition: 1 }))]);
        await stage.replay({ from: 3, to: 7 });
        expect((await stage.replayed()).sort()).toEqual([...seen(3, 7), ...seen(3, 7)].sort());
        await stage.replay({ name: 'each', from: { 0: 8, 1: 2 }, to: { [`${stage.input}:1`]: 4 } });
        expect((await stage.replayed('each')).sort()).toEqual([...seen(8, 10), ...seen(2, 4)].sort());
      });

      test('partitions, and records by a filter', async () => {
        const stage = await Stage.open(broker, 2);
        await stage.write([...numbers(5), ...numbers(9).map((v) => stage.record(v, { partition: 1 }))]);
        await stage.replay({ partitions: [1], filter: (value) => value !== 'v3' });
        expect((await stage.replayed()).sort()).toEqual(seen(0, 9).filter((text) => !text.startsWith('v3')));
      });

      test('times, also where they lie out of order within a partition', async () => {
        const stage = await Stage.open(broker);
        const times = [1_000, 4_000, 2_000, 3_000, 5_000, 4_500, 6_000];
        await stage.write(times.map((timestamp, i) => stage.record(`v${i}`, { timestamp })));
        await stage.replay({ from: new Date(2_500), to: new Date(4_600) });
        // From the first that is not earlier, up to the first that is not earlier than the end.
        expect(await stage.replayed()).toEqual(seen(1, 4));
        await stage.replay({ name: 'late', from: new Date(6_001) });
        expect(await stage.replayed('late')).toEqual([]);
        const own = await stage.read(`${stage.output}.replay-default`);
        expect(own.map(({ timestamp }) => timestamp)).toEqual([4_000, 2_000, 3_000]);
      });

      test('several inputs, bounded by the same times and in the order of their times', async () => {
        const stage = await Stage.open(broker);
        const [cars, vans] = [stage.input, `${stage.id}-vans`];
        const admin = await broker.admin();
        await admin.createTopics([{ topic: vans, partitions: 1 }]);
        await admin.close();
        const texts = (name: string) => topic(name, { key: nullable(string()), value: string() });
        const both = topology('both', ({ stream }) => {
          stream(texts(cars))
            .merge(stream(texts(vans)))
            .to(texts(stage.output));
        });
        // All of the one lie ready before any of the other: more than a poll brings, and ten to one at first, then the other way.
        const at = (i: number) => 1_000_000 + i * 10;
        const count = 4_000;
        const isVan = (i: number) => (i < count / 2 ? i % 10 === 0 : i % 10 !== 0);
        const all = Array.from({ length: count }, (_, i) => ({ text: `v${i}`, timestamp: at(i), van: isVan(i) }));
        const put = (van: boolean) =>
          stage.write(
            all
              .filter((each) => each.van === van)
              .map(({ text, timestamp }) => stage.record(text, { topic: van ? vans : cars, timestamp })),
          );
        await put(false);
        await put(true);
        const [from, to] = [new Date(at(100)), new Date(at(3_900))];
        await stage.replay({ from, to }, both);
        expect(await stage.replayed()).toEqual(numbers(3_800, 100));
      });

      test('from what the live application has committed', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(4));
        const live = await startLive(stage);
        await live.drain();
        await stage.write(numbers(3, 4));
        await stage.replay({ from: 'committed' });
        expect((await stage.replayed()).map((text) => text.split('@')[0])).toEqual(['v4', 'v5', 'v6']);
        await stage.replay({ name: 'before', to: 'committed' });
        expect(await stage.replayed('before')).toEqual(seen(0, 4));
      });
    });

    describe('bounds', () => {
      test('a compacted topic: the end lies in a gap', async () => {
        const stage = await Stage.open(broker, 1, { 'cleanup.policy': 'compact', ...under.restless });
        for (let round = 0; round < 10; round += 1) {
          await stage.write(
            ['a', 'b', 'c'].map((key, i) =>
              stage.record(`v${round * 3 + i}`, { key: Buffer.from(key), timestamp: round * 1e9 }),
            ),
          );
        }
        await stage.write([stage.record('v30', { key: Buffer.from('d'), timestamp: 1e11 })]);
        await under.compacted(stage.input);
        const left = (await stage.read(stage.input)).map(({ offset }) => offset);
        expect(left).not.toContain(20);
        await stage.replay({ from: 2, to: 21 });
        expect(await stage.replayed()).toEqual(
          left.filter((offset) => offset >= 2 && offset < 21).map((o) => `v${o}@${o}`),
        );
        await stage.replay({ name: 'all' });
        expect(await stage.replayed('all')).toEqual(left.map((offset) => `v${offset}@${offset}`));
      });

      test('the last records are markers of transactions', async () => {
        const stage = await Stage.open(broker);
        await stage.transact(numbers(5), 'commit');
        await stage.transact([], 'commit');
        expect(finished(await stage.replay())).toMatchObject({ counts: { finished: 5 } });
        expect(await stage.replayed()).toEqual(seen(0, 5));
      });

      test('the last records are aborted', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(3));
        await stage.transact(['aborted', 'aborted too'], 'abort');
        await stage.replay();
        expect(await stage.replayed()).toEqual(seen(0, 3));
      });

      test('everything is aborted', async () => {
        const stage = await Stage.open(broker);
        await stage.transact(['aborted', 'aborted too'], 'abort');
        expect(finished(await stage.replay())).toMatchObject({ now: true, counts: { finished: 0 } });
      });

      test('what an open transaction holds back is not waited for', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(3));
        const producer = await broker.producer({ transactionalId: `${stage.id}-open` });
        await producer.initTransactions(FLUSH_MS);
        producer.beginTransaction();
        stage.produce(producer, ['open']);
        await producer.flush(FLUSH_MS);
        await stage.replay();
        expect(await stage.replayed()).toEqual(seen(0, 3));
        await producer.abortTransaction(FLUSH_MS);
        await producer.close();
      });

      test('a partition is empty, and all are', async () => {
        const stage = await Stage.open(broker, 3);
        expect(finished(await stage.replay({ name: 'nothing' }))).toMatchObject({ now: true, counts: { finished: 0 } });
        await stage.write(numbers(4).map((v) => stage.record(v, { partition: 1 })));
        await stage.replay();
        expect((await stage.replayed()).sort()).toEqual(seen(0, 4));
      });

      test('--to past the end is the end; --from past it is nothing', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(4));
        await stage.replay({ to: 1_000_000 });
        expect(await stage.replayed()).toEqual(seen(0, 4));
        expect(finished(await stage.replay({ name: 'past', from: 1_000 }))).toMatchObject({ counts: { finished: 0 } });
      });

      test('--from after --to is an error, and nothing is made', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(4).map((v, i) => stage.record(v, { timestamp: 1_000 * (i + 1) })));
        const wrong = [
          { from: 3, to: 1 },
          { from: { 0: 3 }, to: { 0: 1 } },
          { from: new Date(5_000), to: new Date(4_000) },
          { from: 3, to: new Date(2_000) },
        ];
        for (const range of wrong) {
          const error = await stage.replay(range).catch((thrown: unknown) => thrown);
          expect(error).toBeInstanceOf(ConfigurationError);
          expect((error as Error).message).toMatch(/--from .* after --to .*: nothing lies between them/);
        }
        const admin = await broker.admin();
        const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(stage.id));
        await admin.close();
        expect(topics.sort()).toEqual([stage.input, stage.output]);
      });

      test('records that arrive while it runs are not in it', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(500));
        let more = 0;
        const progress: ReplayProgress[] = [];
        await new Promise<void>((resolve, reject) => {
          const writes: Promise<void>[] = [];
          replay(stage.topology, stage.options({ recordsPerSecond: 400 })).subscribe({
            next(each) {
              progress.push(each);
              if (each.phase === 'running') {
                writes.push(stage.write(numbers(10, 500 + more)));
                more += 10;
              }
            },
            error: reject,
            complete: () => void Promise.all(writes).then(() => resolve(), reject),
          });
        });
        expect(more).toBeGreaterThan(20);
        expect(await stage.replayed()).toEqual(seen(0, 500));
        const running = progress.filter((each) => each.phase === 'running');
        expect(running.every(({ total }) => total === 500)).toBe(true);
        expect(running.at(-1)).toMatchObject({ done: 500 });
      });

      test('a topic whose beginning is deleted', async () => {
        const stage = await Stage.open(broker, 1, {
          ...under.restless,
          'cleanup.policy': 'delete',
          'retention.bytes': '1',
        });
        const timestamp = (i: number) => Date.now() - 1e9 + i * 1e7;
        const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
        let written = 0;
        await until(async () => {
          await stage.write([stage.record(`v${written}`, { timestamp: timestamp(written) })]);
          written += 1;
          const { low } = await consumer.watermarks({ topic: stage.input, partition: 0 });
          return low > 0;
        });
        await consumer.close();
        const left = (await stage.read(stage.input)).map(({ offset }) => `v${offset}@${offset}`);
        const plan = await replayPlan(stage.topology, stage.options({ from: 0 }));
        expect(plan.partitions[0]!.from).toBeGreaterThan(0);
        await stage.replay({ from: 0 });
        const got = await stage.replayed();
        expect(got.length).toBeGreaterThan(0);
        expect(got).toEqual(left.slice(-got.length));
      });
    });

    describe('resuming', () => {
      test.each(['exactly_once_v2', 'at_least_once'] as const)('goes on from where it was: %s', async (guarantee) => {
        const stage = await Stage.open(broker, 2);
        await stage.write(numbers(300).map((v, i) => stage.record(v, { partition: i % 2 })));
        const config = { ...stage.options().config, 'processing.guarantee': guarantee, 'commit.interval.ms': 50 };
        for (let cut = 1; cut <= 2; cut += 1) {
          await stage.cut(cut * 60, { config, recordsPerSecond: 500 });
        }
        const before = (await stage.replayed()).length;
        expect(before).toBeGreaterThan(0);
        expect(before).toBeLessThan(300);
        const progress = await stage.replay({ config });
        expect(progress[0]).toMatchObject({ phase: 'planned', as: 'resumed' });
        expect((await stage.replayed()).sort()).toEqual(
          numbers(300)
            .map((v, i) => `${v}@${Math.floor(i / 2)}`)
            .sort(),
        );
      });

      test('"now" stays the moment of the first start, and a finished one says so', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(200));
        await stage.cut(20, { recordsPerSecond: 200 });
        await stage.write(numbers(100, 200));
        await stage.replay();
        expect(await stage.replayed()).toEqual(seen(0, 200));
        const again = await stage.replay();
        expect(again.map(({ phase }) => phase)).toEqual(['planned', 'finished']);
        expect(finished(again)).toMatchObject({ now: false });
        expect(await stage.replayed()).toEqual(seen(0, 200));
      });

      test('another range under the same name is refused', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(5));
        await stage.replay({ from: 1 });
        await expect(stage.replay({ from: 2 })).rejects.toThrow(/replay 'default' was begun .* with from 1, and not 2/);
      });
    });

    describe('beside the live application', () => {
      test('its group, its offsets and its outputs stay as they are', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(50));
        const live = await startLive(stage);
        const outputs = await stage.read(stage.output);
        const plan = await replayPlan(stage.topology, stage.options());
        expect(plan.applicationId).toBe(`${stage.id}-replay-default`);
        await stage.replay();
        expect(await stage.read(stage.output)).toEqual(outputs);
        expect(live.state).toBe('RUNNING');
        await stage.write(numbers(5, 50));
        await until(async () => (await stage.read(stage.output)).length === 55);
        await live.drain();
        expect(await stage.replayed()).toEqual(seen(0, 50));
      });

      test('its topic is made like the live one, but keeps times of the past', async () => {
        const stage = await Stage.open(broker, 2);
        await stage.write(numbers(2));
        await stage.replay();
        const admin = await broker.admin();
        const topic = `${stage.output}.replay-default`;
        expect(await admin.partitionCount(topic)).toBe(2);
        expect(await admin.topicConfig(topic)).toEqual({ 'max.message.bytes': '900000', 'retention.ms': '-1' });
        await admin.close();
      });

      test('into the live topic when that is asked for', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(3));
        await stage.replay({ intoLive: true });
        expect((await stage.read(stage.output)).map(({ value }) => String(value))).toEqual(seen(0, 3));
      });
    });

    describe('with the state of the live application', () => {
      test('the same model is not asked again; another is asked about every row', async () => {
        const stage = await Stage.open(broker);
        const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
        await stage.write(keys.map((key) => stage.record(`of ${key}`, { key: Buffer.from(key) })));
        const asking = stage.asking();
        const live = await startLive(stage, asking.topology, asking.config('first'));
        await live.drain();

        const replayed = async (name: string, version: string, withState: boolean) => {
          const end = finished(
            await stage.replay({ name, withState, config: asking.config(version) }, asking.topology),
          );
          const { modelCalls, modelCallsSaved } = (end as ReplayProgress & { phase: 'finished' }).counts;
          return { modelCalls, modelCallsSaved, written: await stage.replayed(name) };
        };
        const answers = (version: string) => keys.map((key) => `${version} of ${key}`);
        const [empty, seeded, other] = await Promise.all([
          replayed('empty', 'first', false),
          replayed('seeded', 'first', true),
          replayed('other', 'second', true),
        ]);
        expect(empty).toEqual({ modelCalls: 30, modelCallsSaved: 0, written: answers('first') });
        expect(seeded).toEqual({ modelCalls: 0, modelCallsSaved: 30, written: answers('first') });
        expect(other).toEqual({ modelCalls: 30, modelCallsSaved: 0, written: answers('second') });
      });

      test('there must be one', async () => {
        const stage = await Stage.open(broker);
        const { topology: asking, config } = stage.asking();
        await stage.write(numbers(1));
        await expect(stage.replay({ withState: true, config: config('first') }, asking)).rejects.toThrow(
          /--with-state: the live application has no changelog '.*-answers-changelog'/,
        );
      });
    });

    describe('list and delete', () => {
      test('a replay leaves nothing when it is deleted, and can be begun anew', async () => {
        const stage = await Stage.open(broker);
        await stage.write(numbers(10));
        await stage.replay({ from: 4 });
        await stage.replay({ name: 'live', intoLive: true, from: 9 });
        const [status] = await listReplays(broker, stage.id);
        expect(status).toMatchObject({ state: 'finished', plan: { name: 'default' } });
        expect(status!.partitions).toMatchObject([{ from: 4, to: 10, committed: 10 }]);

        const remove = (name: string) => deleteReplay(broker, stage.id, name, (id) => stage.engines(id));
        const deleted = await Promise.all([remove('default'), remove('live')]);
        // Live topics are not its own.
        expect(deleted.map(({ topics }) => topics)).toEqual([[`${stage.output}.replay-default`], []]);
        expect(await stage.read(stage.output)).toHaveLength(1);
        expect(await listReplays(broker, stage.id)).toEqual([]);
        await expect(remove('default')).rejects.toThrow(/there is none/);

        await stage.replay({ from: 7 });
        expect(await stage.replayed()).toEqual(seen(7, 10));
      });
    });
  });
}

/** Starts the live application; resolves when it has answered everything that was written. */
async function startLive(
  stage: Stage,
  declared = stage.topology,
  config = stage.options().config,
): Promise<Application> {
  const live = new Application(
    declared,
    { ...config, 'instance.id': '0' },
    { broker: stage.broker, engines: stage.engines(stage.id) },
  );
  const wanted = (await stage.read(stage.input)).length;
  await live.start();
  await until(async () => (await stage.read(stage.output)).length === wanted);
  return live;
}
