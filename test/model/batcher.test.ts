import { describe, expect, test } from 'vitest';
import type { Clock, Timer } from '../../src/clock.js';
import { ConfigurationError } from '../../src/errors.js';
import { batcher } from '../../src/model/batcher.js';
import type { BatchingOptions, Model } from '../../src/model/model.js';
import { ModelError } from '../../src/model/model-error.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { HeldModel } from './held-model.js';

interface Answer {
  readonly question: number;
  readonly at: number;
  readonly error: Error | null;
  readonly prediction: number | undefined;
}

function setUp(options: BatchingOptions = {}, model: Model<number, number> = new HeldModel()) {
  const clock = new VirtualClock();
  const oracle = batcher(model, options, clock);
  const answers: Answer[] = [];
  const ask = (question: number, timeoutMs = 1_000) =>
    oracle.ask(question, timeoutMs, (error, prediction) => {
      answers.push({ question, at: clock.now(), error, prediction });
    });
  const askAll = (first: number, last: number) => {
    for (let question = first; question <= last; question += 1) ask(question);
  };
  const { calls } = model as HeldModel;
  return { clock, oracle, answers, ask, askAll, calls };
}

describe('when a batch goes', () => {
  test('without a wait: at the end of the tick, with all that was asked in it', async () => {
    const { clock, askAll, calls, oracle, answers } = setUp();
    askAll(1, 3);
    expect(calls).toHaveLength(0);
    expect(oracle.stats.waiting).toBe(3);
    clock.flush();
    expect(calls.map((call) => call.rows)).toEqual([[1, 2, 3]]);
    calls[0]!.answer([10, 20, 30]);
    await clock.settle();
    expect(answers.map(({ question, error, prediction }) => [question, error, prediction])).toEqual([
      [1, null, 10],
      [2, null, 20],
      [3, null, 30],
    ]);
  });

  test('with a wait: when the first question has waited so long', () => {
    const { clock, ask, calls } = setUp({ maxWaitMs: 20 });
    ask(1);
    clock.advance(15);
    ask(2);
    clock.advance(4);
    expect(calls).toHaveLength(0);
    clock.advance(1);
    expect(calls.map((call) => call.rows)).toEqual([[1, 2]]);
    ask(3);
    clock.advance(19);
    expect(calls).toHaveLength(1);
    clock.advance(1);
    expect(calls[1]!.rows).toEqual([3]);
  });

  test('as soon as it is full', () => {
    const { clock, askAll, calls, oracle } = setUp({ maxRows: 3, maxWaitMs: 20 });
    askAll(1, 4);
    expect(calls.map((call) => call.rows)).toEqual([[1, 2, 3]]);
    expect(oracle.stats.waiting).toBe(1);
    clock.advance(20);
    expect(calls.map((call) => call.rows)).toEqual([[1, 2, 3], [4]]);
  });

  test('batches grow by themselves while as many calls as may be are under way', async () => {
    const { clock, ask, askAll, calls, oracle } = setUp({ maxConcurrent: 2, maxRows: 4 });
    ask(1);
    clock.flush();
    ask(2);
    clock.flush();
    for (let question = 3; question <= 9; question += 1) {
      ask(question);
      clock.flush();
    }
    expect(calls.map((call) => call.rows)).toEqual([[1], [2]]);
    expect(oracle.stats).toMatchObject({ waiting: 7, callsUnderWay: 2 });
    calls[1]!.answer([20]);
    await clock.settle();
    calls[0]!.answer([10]);
    await clock.settle();
    expect(calls.map((call) => call.rows)).toEqual([[1], [2], [3, 4, 5, 6], [7, 8, 9]]);
    askAll(10, 11);
    calls[3]!.answer([70, 80, 90]);
    await clock.settle();
    expect(calls[4]!.rows).toEqual([10, 11]);
  });

  test('what a callback asks goes with what waits', async () => {
    const { clock, oracle, ask, calls } = setUp({ maxConcurrent: 1 });
    oracle.ask(1, 1_000, () => ask(3));
    clock.flush();
    ask(2);
    clock.flush();
    calls[0]!.answer([10]);
    await clock.settle();
    expect(calls[1]!.rows).toEqual([2, 3]);
  });

  test('no answer comes before ask has returned, not even from a model that throws at once', async () => {
    const thrower: Model<number, number> = Object.assign(new HeldModel(), {
      predict() {
        throw new Error('no graphics card');
      },
    });
    const { clock, ask, answers } = setUp({ maxRows: 1 }, thrower);
    ask(1);
    expect(answers).toEqual([]);
    await clock.settle();
    expect(answers[0]!.error).toMatchObject({
      kind: 'failed',
      message: "the model 'price' 2 failed: no graphics card",
    });
  });
});

describe('timeouts', () => {
  test('a question that gets no answer in time fails, and a late answer is dropped', async () => {
    const { clock, ask, answers, calls, oracle } = setUp();
    ask(1, 100);
    clock.advance(50);
    ask(2, 100);
    clock.advance(49);
    expect(answers).toEqual([]);
    clock.advance(1);
    expect(answers.map(({ question, at }) => [question, at])).toEqual([[1, 100]]);
    expect(answers[0]!.error).toMatchObject({
      kind: 'timeout',
      message: "the model 'price' 2 gave no answer within 100 ms",
    });
    calls[0]!.answer([10]);
    calls[1]!.answer([20]);
    await clock.settle();
    expect(answers).toHaveLength(2);
    expect(answers[1]).toMatchObject({ question: 2, error: null, prediction: 20 });
    expect(oracle.stats).toMatchObject({ timeouts: 1, failedCalls: 0 });
  });

  test('a call is aborted when nobody waits for it any more, not before', () => {
    const { clock, ask, calls } = setUp();
    ask(1, 100);
    ask(2, 200);
    clock.advance(100);
    expect(calls[0]!.signal.aborted).toBe(false);
    clock.advance(100);
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(calls[0]!.signal.reason).toMatchObject({ kind: 'timeout' });
  });

  test('a model that hangs gives its place back', async () => {
    const { clock, ask, calls, answers, oracle } = setUp({ maxConcurrent: 1 });
    ask(1, 100);
    clock.advance(60);
    ask(2, 100);
    clock.advance(40);
    expect(calls.map((call) => call.rows)).toEqual([[1], [2]]);
    calls[0]!.fail(new Error('aborted'));
    calls[1]!.answer([20]);
    await clock.settle();
    expect(answers.map(({ question, prediction }) => [question, prediction])).toEqual([
      [1, undefined],
      [2, 20],
    ]);
    expect(oracle.stats).toMatchObject({ calls: 2, failedCalls: 0, callsUnderWay: 0, timeouts: 1 });
  });

  test('waiting for a call does not count: the time of a question begins with its call', async () => {
    const { clock, ask, calls, oracle, answers } = setUp({ maxConcurrent: 1 });
    ask(1, 500);
    clock.flush();
    ask(2, 100);
    clock.advance(400);
    expect(oracle.stats).toMatchObject({ waiting: 1, timeouts: 0 });
    calls[0]!.answer([10]);
    await clock.settle();
    clock.advance(99);
    expect(answers.map(({ question }) => question)).toEqual([1]);
    clock.advance(1);
    expect(answers[1]).toMatchObject({ question: 2, at: 500, error: { kind: 'timeout' } });
  });

  test('a call that somebody still waits for goes on, also when others in it have timed out', async () => {
    const { clock, ask, calls, answers } = setUp({ maxConcurrent: 1 });
    ask(1, 100);
    ask(2, 500);
    ask(3, 100);
    clock.advance(100);
    expect(answers.map(({ question }) => question)).toEqual([1, 3]);
    calls[0]!.answer([10, 20, 30]);
    await clock.settle();
    expect(answers[2]).toMatchObject({ question: 2, prediction: 20 });
  });

  test('what timed out in a call gets no second answer from it', async () => {
    const { clock, ask, calls, answers } = setUp();
    ask(1, 100);
    ask(2, 500);
    clock.advance(100);
    calls[0]!.answer([10, 20]);
    await clock.settle();
    expect(answers.map(({ question, prediction }) => [question, prediction])).toEqual([
      [1, undefined],
      [2, 20],
    ]);
  });

  test('who gets a timeout may ask again', () => {
    const { clock, oracle, ask, askAll, calls, answers } = setUp({ maxRows: 3 });
    oracle.ask(1, 100, () => askAll(3, 5));
    ask(2, 100);
    clock.advance(100);
    expect(calls.map((call) => call.rows)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(answers.map(({ question }) => question)).toEqual([2]);
    expect(oracle.stats).toMatchObject({ waiting: 0, timeouts: 2 });
  });

  test.each([0, -1, Number.NaN])('a timeout of %d is refused', (timeoutMs) => {
    const { ask } = setUp();
    expect(() => ask(1, timeoutMs)).toThrow(ConfigurationError);
  });

  test('time in which this process stood still is not held against the model', async () => {
    let stoodStillMs = 0;
    const virtual = new VirtualClock();
    const clock: Clock = {
      now: () => virtual.now() + stoodStillMs,
      after: (delayMs, callback) => virtual.after(delayMs, callback),
      endOfTick: (callback) => virtual.endOfTick(callback),
    };
    const model = new HeldModel();
    const oracle = batcher(model, {}, clock);
    const answers: unknown[] = [];
    for (const row of [1, 2]) oracle.ask(row, 100, (error, prediction) => answers.push(error ?? prediction));
    virtual.advance(99);
    // SIGSTOP, a suspended machine: the timer fires before anybody could look for the answer.
    stoodStillMs = 9_000;
    virtual.advance(1);
    expect(answers).toEqual([]);
    model.calls[0]!.answer([10, 20]);
    await virtual.settle();
    expect(answers).toEqual([10, 20]);
    // And one that does not answer afterwards either is late.
    oracle.ask(3, 100, (error) => answers.push(error));
    virtual.flush();
    stoodStillMs = 18_000;
    virtual.advance(100);
    expect(answers).toHaveLength(2);
    virtual.advance(100);
    expect(answers[2]).toMatchObject({ kind: 'timeout' });
  });

  test('an endless timeout is as long as a timer can be, instead of firing at once', () => {
    const { clock, ask, answers } = setUp();
    ask(1, Number.POSITIVE_INFINITY);
    clock.advance(2_147_483_646);
    expect(answers).toEqual([]);
    clock.advance(1);
    expect(answers).toHaveLength(1);
  });

  test('questions asked together share one timer, which ends with their answers', async () => {
    const clock = new CountingClock();
    const model = new HeldModel();
    const oracle = batcher(model, {}, clock);
    for (let question = 0; question < 1_000; question += 1) oracle.ask(question, 2_000, () => undefined);
    clock.virtual.flush();
    expect(clock.started).toBe(1);
    model.calls[0]!.answer(model.calls[0]!.rows);
    await clock.virtual.settle();
    expect(clock.running).toBe(0);
    oracle.ask(1, 2_000, () => undefined);
    clock.virtual.flush();
    expect(clock.running).toBe(1);
  });
});

describe('answers that are none', () => {
  test('a model that throws fails every row of the batch, and no other', async () => {
    const { clock, ask, askAll, calls, answers } = setUp();
    askAll(1, 2);
    clock.flush();
    ask(3);
    clock.flush();
    const cause = new Error('connection reset');
    calls[0]!.fail(cause);
    calls[1]!.answer([30]);
    await clock.settle();
    expect(answers.map(({ question, error }) => [question, error?.cause])).toEqual([
      [1, cause],
      [2, cause],
      [3, undefined],
    ]);
    expect(answers[0]!.error).toBeInstanceOf(ModelError);
  });

  test('what a model throws need not be an error', async () => {
    const { clock, ask, calls, answers } = setUp();
    ask(1);
    clock.flush();
    calls[0]!.fail('out of memory');
    await clock.settle();
    expect(answers[0]!.error?.message).toBe("the model 'price' 2 failed: out of memory");
  });

  test.each([[[10]], [[10, 20, 30]], [undefined as unknown as number[]]])(
    'another number of rows fails all: %j for two',
    async (predictions) => {
      const { clock, askAll, calls, answers, oracle } = setUp();
      askAll(1, 2);
      clock.flush();
      calls[0]!.answer(predictions);
      await clock.settle();
      const message = `the model 'price' 2 was asked 2 rows and answered ${predictions?.length}`;
      expect(answers.map(({ error }) => error?.message)).toEqual([message, message]);
      expect(answers[0]!.error).toMatchObject({ kind: 'invalid-answer' });
      expect(oracle.stats.failedCalls).toBe(1);
    },
  );

  test.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('%s fails its row alone', async (nothing, shown) => {
    const { clock, askAll, calls, answers } = setUp();
    askAll(1, 3);
    clock.flush();
    calls[0]!.answer([10, nothing as number, 30]);
    await clock.settle();
    expect(answers.map(({ prediction }) => prediction)).toEqual([10, undefined, 30]);
    expect(answers[1]!.error).toMatchObject({
      kind: 'invalid-answer',
      message: `the model 'price' 2 answered ${shown}, which is no prediction`,
    });
  });

  test('an error in the place of a prediction fails its row alone', async () => {
    const { clock, askAll, calls, answers } = setUp();
    askAll(1, 2);
    clock.flush();
    calls[0]!.answer([new Error('no such colour') as unknown as number, 20]);
    await clock.settle();
    expect(answers[0]!.error).toMatchObject({ kind: 'failed', message: "the model 'price' 2 failed: no such colour" });
    expect(answers[1]).toMatchObject({ error: null, prediction: 20 });
  });
});

test('a callback that throws does not hurt the others, and what it threw is not lost', async () => {
  const { clock, oracle, ask, calls, answers } = setUp();
  oracle.ask(1, 1_000, () => {
    throw new Error('a bug in an operator');
  });
  ask(2);
  clock.flush();
  calls[0]!.answer([10, 20]);
  await clock.settle();
  expect(answers).toMatchObject([{ question: 2, prediction: 20 }]);
  expect(() => clock.advance(0)).toThrow('a bug in an operator');
});

describe('close', () => {
  test('aborts calls, answers all that is open, in order, and later questions', async () => {
    const { clock, oracle, ask, askAll, calls, answers } = setUp({ maxConcurrent: 2, maxRows: 2 });
    askAll(1, 5);
    oracle.close();
    expect(calls.map((call) => call.signal.aborted)).toEqual([true, true]);
    expect(answers.map(({ question }) => question)).toEqual([1, 2, 3, 4, 5]);
    expect(answers[0]!.error).toMatchObject({ kind: 'failed' });
    ask(6);
    expect(answers).toHaveLength(5);
    clock.flush();
    expect(answers[5]).toMatchObject({ question: 6, error: { kind: 'failed' } });
    calls[0]!.answer([10, 20]);
    calls[1]!.fail(new Error('aborted'));
    await clock.settle();
    clock.advance(10_000);
    oracle.close();
    expect(answers).toHaveLength(6);
    expect(oracle.stats).toMatchObject({ waiting: 0, callsUnderWay: 0, timeouts: 0 });
  });

  test('nothing is sent after it', () => {
    const { clock, oracle, ask, calls } = setUp();
    ask(1);
    oracle.close();
    clock.advance(10_000);
    expect(calls).toEqual([]);
  });
});

test('stats: sizes of batches and milliseconds of calls in buckets', async () => {
  const { clock, ask, askAll, calls, oracle } = setUp();
  askAll(1, 3);
  clock.advance(7);
  calls[0]!.answer([1, 2, 3]);
  await clock.settle();
  ask(4);
  clock.advance(40);
  calls[1]!.answer([4]);
  await clock.settle();
  const { calls: count, rows, batchSizes, latencyMs } = oracle.stats;
  expect([count, rows]).toEqual([2, 4]);
  expect(batchSizes.bounds.slice(0, 3)).toEqual([1, 2, 4]);
  expect(batchSizes.counts.slice(0, 4)).toEqual([1, 0, 1, 0]);
  expect(batchSizes.sum).toBe(4);
  expect(latencyMs.counts[latencyMs.bounds.indexOf(10)]).toBe(1);
  expect(latencyMs.counts[latencyMs.bounds.indexOf(50)]).toBe(1);
  expect(latencyMs.sum).toBe(47);
});

test.each([{ maxRows: 0 }, { maxRows: 1.5 }, { maxWaitMs: -1 }, { maxConcurrent: 0 }, { maxConcurrent: Number.NaN }])(
  'refuses %j',
  (options) => {
    const setting = Object.keys(options)[0];
    expect(() => setUp(options)).toThrow(expect.objectContaining({ name: 'ConfigurationError', setting }));
  },
);

class CountingClock implements Clock {
  readonly virtual = new VirtualClock();
  started = 0;
  running = 0;

  now(): number {
    return this.virtual.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    this.started += 1;
    this.running += 1;
    let over = false;
    const end = () => {
      if (!over) this.running -= 1;
      over = true;
    };
    const timer = this.virtual.after(delayMs, () => {
      end();
      callback();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }

  endOfTick(callback: () => void): void {
    this.virtual.endOfTick(callback);
  }
}
