import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batcher } from '../../src/model/batcher.js';
import { ModelError } from '../../src/model/model-error.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { type HeldCall, HeldModel } from './held-model.js';

/** What may happen next, in any interleaving; `which` is a call under way. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('ask' as const), timeoutMs: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 30 }) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('answer' as const), which: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('fail' as const), which: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('answer too little' as const), which: fc.nat(2) }) },
);

const options = fc.record({
  maxRows: fc.integer({ min: 1, max: 5 }),
  maxWaitMs: fc.constantFrom(0, 5),
  maxConcurrent: fc.integer({ min: 1, max: 3 }),
});

const predictionOf = (question: number): number => question * 10;

test('every question is answered once, with its own answer or an error; rows keep their order; limits hold', async () => {
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.array(step, { minLength: 10, maxLength: 80 }),
      fc.boolean(),
      async (limits, steps, asksAgain) => {
        const clock = new VirtualClock();
        const model = new HeldModel(clock);
        const oracle = batcher(model, limits, clock);
        const answers = new Map<number, (number | Error)[]>();
        let asked = 0;
        const ask = (timeoutMs: number, again: boolean) => {
          const question = asked;
          asked += 1;
          answers.set(question, []);
          let returned = false;
          oracle.ask(question, timeoutMs, (error, prediction) => {
            expect(returned).toBe(true);
            answers.get(question)!.push(error ?? prediction!);
            expect(clock.now() - model.askedAt(question, clock.now())).toBeLessThanOrEqual(timeoutMs);
            if (again) ask(timeoutMs, false);
          });
          returned = true;
        };
        const ended = new Set<HeldCall>();

        for (const each of steps) {
          if (each.does === 'ask') ask(each.timeoutMs, asksAgain);
          else if (each.does === 'advance') await clock.run(each.ms);
          else {
            const open = model.calls.filter((call) => !ended.has(call) && !call.signal.aborted);
            const call = open[each.which % Math.max(open.length, 1)];
            if (call === undefined) continue;
            ended.add(call);
            if (each.does === 'answer') call.answer(call.rows.map(predictionOf));
            else if (each.does === 'fail') call.fail(new Error('failed'));
            else call.answer(call.rows.slice(1).map(predictionOf));
          }
          await Promise.resolve();
          expect(oracle.stats.callsUnderWay).toBeLessThanOrEqual(limits.maxConcurrent);
        }
        await clock.run(20_000);

        for (const [question, given] of answers) {
          expect(given, `answers to question ${question}`).toHaveLength(1);
          const [answer] = given;
          if (answer instanceof Error) expect(answer).toBeInstanceOf(ModelError);
          else expect(answer).toBe(predictionOf(question));
        }
        const sent = model.calls.flatMap((call) => call.rows);
        expect(sent).toEqual([...new Set(sent)].sort((a, b) => a - b));
        expect(Math.max(0, ...model.calls.map((call) => call.rows.length))).toBeLessThanOrEqual(limits.maxRows);
        expect(oracle.stats).toMatchObject({ waiting: 0, callsUnderWay: 0, rows: sent.length });
        for (const call of model.calls) expect(ended.has(call) || call.signal.aborted).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
