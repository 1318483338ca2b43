/**
 * 8. One bad record never stops or loses another. Its handler decides: skip and count, or dead-letter with the original
 *    bytes and the reason; such a record leaves no output, marker or memory. Or fail: the prefix before it commits, the
 *    application goes to ERROR, a restart meets it again. A dead letter that the broker refuses is fail.
 */
import { describe, expect, test } from 'vitest';
import type { ConsumedRecord, ProduceRequest } from '../../src/brokers/port.js';
import type { ErrorDecision } from '../../src/error-handler.js';
import { BrokerError } from '../../src/errors.js';
import { between } from '../heart/around.js';
import {
  type Answer,
  answers,
  change,
  changesOfQuestions,
  DEAD,
  distinctBranches,
  type Put,
  type Seen,
  Stage,
  type StageOptions,
  seen,
} from '../heart/stage.js';

const BAD = 3;
const history: readonly Put[] = Array.from({ length: 8 }, (_, id) => [
  `k${id % 2}`,
  change(id < 2 ? 'c' : 'u', { id, feature: id, poison: id === BAD }, id + 1),
]);
const GOOD = [0, 1, 2, 4, 5, 6, 7];

async function open(
  guarantee: StageOptions['guarantee'],
  decision: ErrorDecision,
  options: Partial<StageOptions> = {},
): Promise<Stage> {
  return Stage.open({
    guarantee,
    topology: distinctBranches(),
    ...options,
    config: {
      'processing.exception.handler': decision,
      'deserialization.exception.handler': decision,
      ...options.config,
    },
  });
}

async function run(stage: Stage, records: readonly Put[] = history): Promise<void> {
  await stage.start();
  await stage.put(records, changesOfQuestions.name);
  await stage.work(500);
}

async function answeredIds(stage: Stage): Promise<readonly number[]> {
  return (await stage.values<Answer>(answers.name)).map(({ id }) => id);
}

function reasonOf({ headers }: ConsumedRecord): Record<string, string> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, String(value)]));
}

/** No branch and no store knows of the bad record. */
async function expectNoTrace(stage: Stage): Promise<void> {
  expect(await answeredIds(stage)).toEqual(GOOD);
  const counted = await stage.keyed<Seen>(seen.name);
  expect(counted.map(([, { id }]) => id)).toEqual(GOOD);
  expect(counted.filter(([key]) => key === 'k1').map(([, { before }]) => before)).toEqual([0, 1, 2]);
  for (const store of ['memory', 'delivered']) {
    const changes = (await stage.read(`stage-${store}-changelog`)).map(({ value }) => String(value));
    expect(changes).toHaveLength(GOOD.length);
    // A marker ends with its offset, a memory begins with its fingerprint.
    expect(changes.join()).not.toMatch(/,3\]\]|\["-4",/);
    expect(changes.join()).toMatch(store === 'delivered' ? /,4\]\]/ : /\["4",/);
  }
}

describe.each(['at_least_once', 'exactly_once_v2'] as const)('8. with %s', (guarantee) => {
  test('skip: counted, told, and gone without a trace', async () => {
    const told: string[] = [];
    const stage = await open(guarantee, 'skip', {
      listener: { onRecordDropped: (error, decision) => told.push(`${decision} ${error.position.offset}`) },
    });
    await run(stage);
    await expectNoTrace(stage);
    expect(told).toEqual(['skip 3']);
    expect(await stage.read(DEAD)).toHaveLength(0);
    expect(stage.app.status.finished).toEqual({ delivered: 7, filtered: 0, skipped: 1, deadLettered: 0 });
    expect(await stage.committedOffset()).toBe(8);
    await stage.drain();
  });

  test('dead-letter: the original bytes and timestamp, and where and why in the headers', async () => {
    const stage = await open(guarantee, 'dead-letter');
    await run(stage);
    await expectNoTrace(stage);
    const [original] = (await stage.read(changesOfQuestions.name)).filter(({ offset }) => offset === BAD);
    const letters = await stage.read(DEAD);
    expect(letters).toHaveLength(1);
    const [letter] = letters as [ConsumedRecord];
    expect([letter.key, letter.value, letter.timestamp]).toEqual([original!.key, original!.value, original!.timestamp]);
    const reason = reasonOf(letter);
    expect(Object.keys(reason)).toEqual(
      ['exception', 'message', 'stacktrace', 'topic', 'partition', 'offset'].map((name) => `__streams.errors.${name}`),
    );
    expect(reason).toMatchObject({
      '__streams.errors.topic': changesOfQuestions.name,
      '__streams.errors.partition': '0',
      '__streams.errors.offset': String(BAD),
      '__streams.errors.message': expect.stringContaining('the model cannot answer -4'),
    });
    expect(stage.app.status.finished).toEqual({ delivered: 7, filtered: 0, skipped: 0, deadLettered: 1 });
    await stage.drain();
  });

  test('bytes that are no record go to the dead letters as they are', async () => {
    const stage = await open(guarantee, 'dead-letter');
    const garbage = Buffer.from([0xff, 0x00, 0x7b]);
    await run(stage, [history[0]!, ['k0', garbage], history[2]!]);
    expect(await answeredIds(stage)).toEqual([0, 2]);
    const [letter] = await stage.read(DEAD);
    expect(letter?.value?.equals(garbage)).toBe(true);
    await stage.drain();
  });

  test('fail: the prefix is committed, the application is in ERROR, and a restart meets the record again', async () => {
    // No commit is due before the record fails.
    const stage = await open(guarantee, 'fail', { config: { 'commit.interval.ms': 60_000 } });
    await run(stage);
    expect(stage.app.state).toBe('ERROR');
    expect(stage.app.failure?.message).toMatch(/changes-0@3 failed in MILLRACE-PREDICT-\d+ \(processing\)/);
    expect(await stage.committedOffset()).toBe(BAD);
    expect(await answeredIds(stage)).toEqual([0, 1, 2]);

    await stage.start();
    await stage.work(500);
    expect(stage.app.state).toBe('ERROR');
    expect(stage.app.failure?.message).toMatch(/changes-0@3/);
    expect(await stage.committedOffset()).toBe(BAD);

    // Whoever decides otherwise then goes on behind it.
    const other = stage.another('only', { config: { 'processing.exception.handler': 'skip' } });
    await other.start();
    await stage.clock.run(500);
    await expectNoTrace(stage);
    await stage.drain(other);
  });

  test('a handler that throws is fail, and says so', async () => {
    const stage = await open(guarantee, 'skip', {
      config: {
        'processing.exception.handler': () => {
          throw new Error('the handler is broken');
        },
      },
    });
    await run(stage);
    expect(stage.app.state).toBe('ERROR');
    expect(stage.app.failure?.message).toMatch(/its handler threw: the handler is broken/);
    expect(await stage.committedOffset()).toBe(BAD);
  });

  const refusal = () => new BrokerError('the dead-letter topic takes no such record', 'record', 'INVALID_RECORD');

  test('a dead letter that the broker refuses at once is fail', async () => {
    const stage = await open(guarantee, 'dead-letter', {
      around: between({
        producer: (inner) => ({
          produce(record: ProduceRequest) {
            if (record.topic === DEAD) throw refusal();
            inner.produce(record);
          },
        }),
      }),
    });
    await run(stage);
    expect(stage.app.state).toBe('ERROR');
    expect(stage.app.failure).toMatchObject({ kind: 'record' });
    expect(await stage.committedOffset()).toBe(BAD);
    expect(await answeredIds(stage)).toEqual([0, 1, 2]);
  });

  test('a dead letter that the broker refuses later is fail too, and a restart meets the record again', async () => {
    // The topic of dead letters takes 200 bytes: the headers alone have more.
    const stage = await open(guarantee, 'dead-letter', { topics: { [DEAD]: { 'max.message.bytes': '200' } } });
    await run(stage);
    await stage.work(2_000);
    expect(stage.app.state).toBe('ERROR');
    expect(stage.app.failure?.message).toMatch(/max\.message\.bytes/);
    expect(await stage.committedOffset()).toBeLessThanOrEqual(BAD);
    const other = stage.another('only', { config: { 'processing.exception.handler': 'skip' } });
    await other.start();
    await stage.clock.run(500);
    expect(new Set(await answeredIds(stage))).toEqual(new Set(GOOD));
    if (guarantee === 'exactly_once_v2') await expectNoTrace(stage);
    await stage.drain(other);
  });
});
