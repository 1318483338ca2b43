/**
 * 3. A commit never waits for a model. A 200 ms model under a 100 ms commit interval loses less than a tenth of its
 *    throughput, also with `distinct` and memory upstream. A store reached from both sides of an asynchronous operator
 *    is a topology error.
 */
import { describe, expect, test } from 'vitest';
import { delay } from '../../src/clock.js';
import { TopologyError } from '../../src/errors.js';
import { mapAsync } from '../../src/operators/map-async.js';
import { topology } from '../../src/topology/topology.js';
import { between } from '../heart/around.js';
import {
  answers,
  change,
  changesOfQuestions,
  counting,
  distinctBranches,
  type Put,
  type Question,
  questions,
  Stage,
  seen,
} from '../heart/stage.js';

const RECORDS = 400;
const CALLS = 16;
const MODEL_MS = 200;
/** Little, so that a pause in reading would show. */
const IN_FLIGHT = 40;
/** How long the broker takes for a commit. */
const COMMIT_MS = 25;

const history: readonly Put[] = Array.from({ length: RECORDS }, (_, id) => [
  `k${id % 50}`,
  change(id < 50 ? 'c' : 'u', { id, feature: id }, id + 1),
]);

/** Virtual milliseconds until the last answer is produced, and the commits until then. */
async function run(guarantee: 'at_least_once' | 'exactly_once_v2', commitIntervalMs: number) {
  let produced = 0;
  let commits = 0;
  let stage: Stage;
  stage = await Stage.open({
    guarantee,
    topology: distinctBranches(),
    delay: MODEL_MS,
    config: { 'commit.interval.ms': commitIntervalMs, 'max.in.flight.records': IN_FLIGHT },
    concurrency: CALLS,
    around: between({
      producer: (inner) => {
        const slowly = async (call: () => Promise<void>) => {
          commits += 1;
          await delay(stage.clock, COMMIT_MS);
          await call();
        };
        return {
          produce(record) {
            if (record.topic === answers.name) produced += 1;
            inner.produce(record);
          },
          flush: (timeoutMs) => slowly(() => inner.flush(timeoutMs)),
          commitTransaction: (timeoutMs) => slowly(() => inner.commitTransaction(timeoutMs)),
        };
      },
    }),
  });
  const { process } = stage;
  await process.start();
  await stage.put(history, changesOfQuestions.name);
  const startedAt = stage.clock.now();
  while (produced < RECORDS && stage.clock.now() < startedAt + 120_000) await stage.clock.run(5);
  const tookMs = stage.clock.now() - startedAt;
  const during = commits;
  await stage.drain();
  expect(await stage.committedOffset()).toBe(RECORDS);
  return { tookMs, commits: during };
}

describe.each(['at_least_once', 'exactly_once_v2'] as const)('3. with %s', (guarantee) => {
  test('a 200 ms model under a 100 ms commit interval keeps nine tenths of its throughput', async () => {
    const without = await run(guarantee, 3_600_000);
    const committing = await run(guarantee, 100);
    expect(without.commits).toBeLessThan(2);
    expect(committing.commits).toBeGreaterThan(20);
    expect(without.tookMs / committing.tookMs).toBeGreaterThan(0.9);
  });
});

describe('3. a store reached from both sides of an asynchronous operator', () => {
  test('is a topology error that names the store and the operator', () => {
    const build = () =>
      topology('both-sides', ({ stream }) => {
        const source = stream(questions);
        const late = source.pipe(mapAsync((question: Question | null) => Promise.resolve(question), { as: 'lookup' }));
        source.merge(late).pipe(counting()).to(seen);
      });
    expect(build).toThrow(TopologyError);
    expect(build).toThrow(/'counts'.*both sides.*'lookup'/);
  });
});
