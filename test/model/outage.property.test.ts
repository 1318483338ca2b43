import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LONGEST_STEP_MS } from '../../src/model/availability.js';
import { BatchRefused } from '../../src/model/batch-refused.js';
import { batcher } from '../../src/model/batcher.js';
import { ModelAway } from '../../src/model/model-away.js';
import { ModelError } from '../../src/model/model-error.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { type HeldCall, HeldModel } from './held-model.js';

/** Questions of this value are never answered: the batch with one in it is refused. */
const GUILTY = 7;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('ask' as const), guilty: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 400 }) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('answer' as const), which: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('away' as const), which: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('hide' as const), hidden: fc.boolean() }) },
);

const options = fc.record({ maxRows: fc.integer({ min: 1, max: 6 }), maxConcurrent: fc.integer({ min: 1, max: 3 }) });

test('through any outages every question is answered once, the guilty alone with an error; nobody is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.boolean(),
      fc.array(step, { minLength: 10, maxLength: 60 }),
      async (limits, looks, steps) => {
        const clock = new VirtualClock();
        const model = new HeldModel(clock);
        let isHidden = false;
        const probe = async () => {
          if (isHidden) throw new ModelAway('not to be seen');
        };
        const oracle = batcher(looks ? Object.assign(model, { probe }) : model, limits, clock);
        const answers = new Map<number, (number | Error)[]>();
        const timedOut = () => oracle.stats.timeouts;
        const ended = new Set<HeldCall>();
        const underWay = () => model.calls.filter((call) => !ended.has(call) && !call.signal.aborted);
        const answer = (call: HeldCall) => {
          ended.add(call);
          const isRefused = call.rows.some((row) => row % 10 === GUILTY);
          if (isRefused) call.fail(new BatchRefused(new ModelError('guilty', 'invalid-question', model.identity)));
          else call.answer(call.rows);
        };

        for (const each of steps) {
          if (each.does === 'ask') {
            const question = answers.size * 10 + (each.guilty ? GUILTY : 0);
            answers.set(question, []);
            oracle.ask(question, 1_000, (error, prediction) => answers.get(question)!.push(error ?? prediction!));
          } else if (each.does === 'advance') {
            await clock.run(each.ms);
          } else if (each.does === 'hide') {
            isHidden = each.hidden;
          } else {
            const open = underWay();
            const call = open[each.which % Math.max(open.length, 1)];
            if (call === undefined) continue;
            if (each.does === 'answer') answer(call);
            else {
              ended.add(call);
              call.fail(new ModelAway('away'));
            }
          }
          await clock.settle();
          expect(oracle.stats.callsUnderWay).toBeLessThanOrEqual(limits.maxConcurrent);
          // Whoever was not answered waits, or is in a call.
          const open = [...answers.values()].filter((given) => given.length === 0).length;
          const inCalls = underWay().flatMap(({ rows }) => rows.filter((row) => answers.get(row)!.length === 0)).length;
          expect(oracle.stats.waiting + inCalls).toBe(open);
        }
        isHidden = false;
        for (let tries = 0; tries < 1_000 && [...answers.values()].some((given) => given.length === 0); tries += 1) {
          for (const call of underWay()) answer(call);
          await clock.settle();
          if (underWay().length === 0) await clock.run(LONGEST_STEP_MS);
        }

        let timeouts = 0;
        for (const [question, given] of answers) {
          expect(given, `answers to question ${question}`).toHaveLength(1);
          const [got] = given;
          if (got instanceof ModelError && got.kind === 'timeout') timeouts += 1;
          else if (question % 10 === GUILTY) expect(got).toMatchObject({ kind: 'invalid-question' });
          else expect(got).toBe(question);
        }
        expect(timeouts).toBe(timedOut());
        expect(oracle.stats).toMatchObject({ waiting: 0, callsUnderWay: 0, failedCalls: expect.any(Number) });
      },
    ),
    { numRuns: 200 },
  );
});
