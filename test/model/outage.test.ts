import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { FIRST_STEP_MS, LONGEST_STEP_MS, LONGEST_WAIT_MS } from '../../src/model/availability.js';
import { BatchRefused } from '../../src/model/batch-refused.js';
import { batcher } from '../../src/model/batcher.js';
import type { BatchingOptions } from '../../src/model/model.js';
import { ModelAway } from '../../src/model/model-away.js';
import { ModelError } from '../../src/model/model-error.js';
import { PROBE_LIMIT_MS } from '../../src/model/presence.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { HeldModel } from './held-model.js';

const MINUTE_MS = 60_000;
const away = () => new ModelAway('nobody listens');

/** A model that can be looked at: `looks` are its answers, by default that it is there. */
class VisibleModel extends HeldModel {
  looks: (() => Promise<void>)[] = [];
  looked = 0;

  async probe(): Promise<void> {
    this.looked += 1;
    await this.looks.shift()?.();
  }
}

function setUp<M extends HeldModel>(model: M, options: BatchingOptions = {}) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const oracle = batcher(model, options, clock, {
    wentAway: ({ because }) => told.push(`away: ${because}`),
    cameBack: (afterMs) => told.push(`back after ${afterMs}`),
    refused: (error) => told.push(`refused: ${error.message}`),
  });
  const answers: { question: number; at: number; error: Error | null; prediction: number | undefined }[] = [];
  const ask = (question: number, timeoutMs = 1_000) =>
    oracle.ask(question, timeoutMs, (error, prediction) => {
      answers.push({ question, at: clock.now(), error, prediction });
    });
  const sent = () => model.calls.map((call) => call.rows);
  const last = () => model.calls.at(-1)!;
  return { clock, oracle, told, answers, ask, sent, last, model };
}

describe('a model that is away', () => {
  test('for minutes: questions wait far beyond their timeout, nobody gets an error, and it goes on by itself', async () => {
    const model = new HeldModel();
    let isUp = false;
    let tries = 0;
    model.predict = async (rows) => {
      tries += 1;
      if (!isUp) throw away();
      return rows.map((row) => row * 10);
    };
    const { clock, oracle, told, answers, ask } = setUp(model);
    for (let minute = 0; minute < 3; minute += 1) {
      ask(minute);
      await clock.run(MINUTE_MS);
    }
    expect(answers).toEqual([]);
    expect(oracle.stats).toMatchObject({ timeouts: 0, failedCalls: 0, outages: 1, waiting: 3 });
    expect(oracle.stats.availability).toMatchObject({ state: 'away', since: 0, because: 'nobody listens' });
    expect(tries).toBeGreaterThan(15);
    expect(tries).toBeLessThan(50);
    isUp = true;
    await clock.run(LONGEST_STEP_MS);
    expect(answers.map(({ question, prediction }) => [question, prediction])).toEqual([
      [0, 0],
      [1, 10],
      [2, 20],
    ]);
    const back = answers[0]!.at;
    expect(oracle.stats).toMatchObject({ availability: { state: 'available' }, outageMs: back });
    expect(told).toEqual(['away: nobody listens', `back after ${back}`]);
  });

  test('is tried after waits that double up to a limit, and not in between', async () => {
    const { clock, ask, last, model } = setUp(new HeldModel());
    ask(1, MINUTE_MS);
    await clock.settle();
    let step = FIRST_STEP_MS;
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      last().fail(away());
      await clock.settle();
      await clock.run(step / 2 - 1);
      expect(model.calls).toHaveLength(attempt);
      await clock.run(step / 2 + 1);
      expect(model.calls).toHaveLength(attempt + 1);
      step = Math.min(LONGEST_STEP_MS, step * 2);
    }
    expect(step).toBe(LONGEST_STEP_MS);
  });

  test('is left alone for as long as it asked for', async () => {
    const { clock, oracle, ask, last, model } = setUp(new HeldModel());
    ask(1);
    await clock.settle();
    last().fail(new ModelAway('503', 45_000));
    await clock.settle();
    expect(oracle.stats.availability).toMatchObject({ nextTryAt: 45_000 });
    await clock.run(44_999);
    expect(model.calls).toHaveLength(1);
    await clock.run(1);
    expect(model.calls).toHaveLength(2);
  });

  test('but not for ever', async () => {
    const { clock, oracle, ask, last } = setUp(new HeldModel());
    ask(1);
    await clock.settle();
    last().fail(new ModelAway('503', 1e12));
    await clock.settle();
    expect(oracle.stats.availability).toMatchObject({ nextTryAt: LONGEST_WAIT_MS });
  });

  test('what comes back unanswered goes before what was asked later, in the order of asking', async () => {
    const { clock, ask, sent, model } = setUp(new HeldModel(), { maxRows: 2, maxConcurrent: 2 });
    for (const question of [1, 2, 3, 4, 5]) ask(question);
    await clock.settle();
    model.calls[1]!.fail(away());
    await clock.settle();
    model.calls[0]!.fail(away());
    await clock.settle();
    await clock.run(FIRST_STEP_MS);
    expect(sent().slice(2)).toEqual([[1, 2]]);
    model.calls[2]!.answer([10, 20]);
    await clock.settle();
    expect(sent().slice(2)).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('one call tries, the others wait for what it brings', async () => {
    const { clock, ask, oracle, last } = setUp(new HeldModel(), { maxRows: 1, maxConcurrent: 8 });
    for (let question = 1; question <= 20; question += 1) ask(question);
    await clock.settle();
    expect(oracle.stats.callsUnderWay).toBe(8);
    last().fail(away());
    await clock.settle();
    expect(oracle.stats).toMatchObject({ callsUnderWay: 7, waiting: 13 });
    await clock.run(FIRST_STEP_MS);
    expect(oracle.stats).toMatchObject({ callsUnderWay: 8, waiting: 12 });
    last().fail(away());
    await clock.settle();
    expect(oracle.stats.callsUnderWay).toBe(7);
  });

  test('the answer of a call that was under way is taken, and does not say that it is back', async () => {
    const { clock, ask, oracle, answers, model } = setUp(new HeldModel(), { maxRows: 1 });
    ask(1);
    ask(2);
    await clock.settle();
    model.calls[0]!.fail(away());
    await clock.settle();
    model.calls[1]!.answer([20]);
    await clock.settle();
    expect(answers).toMatchObject([{ question: 2, prediction: 20 }]);
    expect(oracle.stats.availability.state).toBe('away');
  });

  test('is looked at before it is asked again, where it can be', async () => {
    const model = new VisibleModel();
    const { clock, ask, answers, last, oracle } = setUp(model);
    model.looks = [() => Promise.reject(new Error('starting up')), () => Promise.reject(new Error('starting up'))];
    ask(1);
    await clock.settle();
    last().fail(away());
    await clock.run(FIRST_STEP_MS + 2 * FIRST_STEP_MS);
    expect(model.looked).toBe(2);
    expect(model.calls).toHaveLength(1);
    expect(oracle.stats.availability).toMatchObject({ attempts: 3, because: 'starting up', since: 0 });
    await clock.run(4 * FIRST_STEP_MS);
    expect(model.calls).toHaveLength(2);
    last().answer([10]);
    await clock.settle();
    expect(answers).toMatchObject([{ question: 1, prediction: 10 }]);
  });

  test('a second outage is a second one', async () => {
    const { clock, ask, last, told } = setUp(new HeldModel());
    for (const question of [1, 2]) {
      ask(question);
      await clock.settle();
      last().fail(away());
      await clock.run(FIRST_STEP_MS);
      last().answer([question]);
      await clock.settle();
    }
    expect(told.map((what) => what.split(' ')[0])).toEqual(['away:', 'back', 'away:', 'back']);
  });

  test('close answers what waits', async () => {
    const { clock, ask, answers, last, oracle, model } = setUp(new HeldModel());
    ask(1);
    await clock.settle();
    last().fail(away());
    await clock.settle();
    oracle.close();
    expect(answers).toMatchObject([{ question: 1, error: { kind: 'failed' } }]);
    await clock.run(MINUTE_MS);
    expect(model.calls).toHaveLength(1);
  });
});

describe('a timeout counts only for a model that is there', () => {
  test('one that shows that it is there has timed out', async () => {
    const { clock, ask, answers, oracle } = setUp(new VisibleModel());
    ask(1, 100);
    await clock.run(100);
    expect(answers).toMatchObject([{ question: 1, at: 100, error: { kind: 'timeout' } }]);
    expect(oracle.stats).toMatchObject({ timeouts: 1, outages: 0, callsUnderWay: 0 });
  });

  test('one that does not: the rows wait for it', async () => {
    const model = new VisibleModel();
    const { clock, ask, answers, oracle, last } = setUp(model);
    model.looks = [() => Promise.reject(away())];
    ask(1, 100);
    ask(2, 200);
    await clock.run(100);
    expect(answers).toEqual([]);
    expect(model.calls[0]!.signal.aborted).toBe(true);
    expect(oracle.stats).toMatchObject({ timeouts: 0, waiting: 2, availability: { state: 'away', since: 100 } });
    await clock.run(FIRST_STEP_MS);
    expect(last().rows).toEqual([1, 2]);
    last().answer([10, 20]);
    await clock.settle();
    expect(answers.map(({ prediction }) => prediction)).toEqual([10, 20]);
  });

  test('one that hangs on to the look as well is away', async () => {
    const model = new VisibleModel();
    const { clock, ask, answers, oracle } = setUp(model);
    model.looks = [() => new Promise(() => undefined)];
    ask(1, 100);
    await clock.run(100 + PROBE_LIMIT_MS);
    expect(answers).toEqual([]);
    expect(oracle.stats.availability).toMatchObject({
      state: 'away',
      because: "the model 'price' 2 did not say within 2000 ms that it is there",
    });
  });

  test('an answer that comes while it is looked at is in time', async () => {
    const model = new VisibleModel();
    const { clock, ask, answers, last } = setUp(model);
    let there = () => {};
    model.looks = [
      () =>
        new Promise((resolve) => {
          there = resolve;
        }),
    ];
    ask(1, 100);
    await clock.run(150);
    last().answer([10]);
    await clock.settle();
    there();
    await clock.settle();
    expect(answers).toMatchObject([{ question: 1, error: null, prediction: 10 }]);
  });

  test('one look serves all that came up meanwhile', async () => {
    const model = new VisibleModel();
    const { clock, ask, answers } = setUp(model, { maxRows: 1, maxConcurrent: 4 });
    model.looks = [() => Promise.reject(away())];
    for (const question of [1, 2, 3, 4]) ask(question, 100);
    await clock.run(100);
    expect(model.looked).toBe(1);
    expect(answers).toEqual([]);
  });

  test('a model that says so itself is looked at too', async () => {
    const model = new VisibleModel();
    const { clock, ask, last, answers } = setUp(model);
    model.looks = [() => Promise.reject(away())];
    ask(1);
    await clock.settle();
    last().fail(new ModelError('no answer within 50 ms', 'timeout', model.identity));
    await clock.run(FIRST_STEP_MS);
    last().fail(new ModelError('no answer within 50 ms', 'timeout', model.identity));
    await clock.settle();
    expect(answers).toMatchObject([{ error: { message: 'no answer within 50 ms' } }]);
  });
});

describe('a model that needs another setting', () => {
  test.each(['when it is asked', 'when it is looked at'])(
    '%s: it is asked no more, nobody gets an error',
    async (when) => {
      const model = new VisibleModel();
      const { clock, ask, last, told, answers, oracle } = setUp(model);
      const error = new ConfigurationError('answered 401', 'url');
      if (when === 'when it is looked at') model.looks = [() => Promise.reject(error)];
      ask(1, 100);
      await clock.settle();
      if (when === 'when it is asked') last().fail(error);
      await clock.run(MINUTE_MS);
      ask(2);
      await clock.run(MINUTE_MS);
      expect(told).toEqual(['refused: answered 401']);
      expect(answers).toEqual([]);
      expect(model.calls).toHaveLength(1);
      expect(oracle.stats).toMatchObject({ waiting: 2, availability: { state: 'refused', because: 'answered 401' } });
    },
  );
});

describe('a batch that is refused', () => {
  const refuse = (bad: readonly number[]) => {
    const model = new HeldModel();
    model.predict = async (rows) => {
      model.calls.push({ rows, signal: new AbortController().signal, startedAt: 0, answer() {}, fail() {} });
      const guilty = rows.find((row) => bad.includes(row));
      if (guilty === undefined) return rows.map((row) => row * 10);
      throw new BatchRefused(new ModelError(`${guilty} is bad`, 'invalid-question', model.identity));
    };
    return model;
  };

  test('is halved until the guilty row is alone: it gets the error, the others are answered', async () => {
    const { clock, ask, answers, sent, oracle } = setUp(refuse([6]), { maxConcurrent: 1 });
    for (let question = 1; question <= 8; question += 1) ask(question);
    await clock.settle();
    expect(sent()).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4], [5, 6, 7, 8], [5, 6], [7, 8], [5], [6]]);
    const byQuestion = answers.toSorted((one, other) => one.question - other.question);
    expect(byQuestion.map(({ prediction }) => prediction)).toEqual([10, 20, 30, 40, 50, undefined, 70, 80]);
    expect(byQuestion[5]!.error).toMatchObject({ kind: 'invalid-question', message: '6 is bad' });
    expect(oracle.stats).toMatchObject({ halvedCalls: 3, failedCalls: 1, waiting: 0 });
  });

  test('several guilty rows, in batches of 1,024: each gets its own error', async () => {
    const bad = [0, 511, 512, 700, 701, 1_023];
    const { clock, ask, answers, model } = setUp(refuse(bad));
    for (let question = 0; question < 1_024; question += 1) ask(question);
    await clock.settle();
    const failed = answers.filter(({ error }) => error !== null).map(({ question }) => question);
    expect(failed.sort((one, other) => one - other)).toEqual(bad);
    expect(answers).toHaveLength(1_024);
    expect(model.calls.length).toBeLessThan(2 * bad.length * 10);
  });

  test('its parts have their own time each, and wait when the model goes away', async () => {
    const { clock, ask, answers, last, model } = setUp(new HeldModel(), { maxConcurrent: 1 });
    const refused = () => new BatchRefused(new ModelError('bad', 'invalid-question', model.identity));
    for (const question of [1, 2, 3, 4]) ask(question, 100);
    await clock.run(90);
    last().fail(refused());
    await clock.run(90);
    last().fail(away());
    await clock.run(FIRST_STEP_MS);
    expect(last().rows).toEqual([3, 4]);
    last().answer([30, 40]);
    await clock.settle();
    expect(last().rows).toEqual([1, 2]);
    last().answer([10, 20]);
    await clock.settle();
    expect(answers.map(({ prediction }) => prediction)).toEqual([30, 40, 10, 20]);
  });
});
