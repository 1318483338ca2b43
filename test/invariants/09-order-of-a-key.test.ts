/**
 * 9. Per input key and partition, a later change is never overtaken by an earlier one. With `distinct`, under
 *    exactly-once, a redelivered one changes nothing downstream. A stateful operator behind one that changes the key is
 *    refused until it is repartitioned.
 */
import { describe, expect, test } from 'vitest';
import { TopologyError } from '../../src/errors.js';
import { selectKey } from '../../src/operators/select-key.js';
import { topology } from '../../src/topology/topology.js';
import {
  type Answer,
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

const KEYS = 7;

describe.each(['at_least_once', 'exactly_once_v2'] as const)('9. with %s', (guarantee) => {
  test('answers that come in any order leave each partition in the order of its records', async () => {
    const stage = await Stage.open({ guarantee, partitions: 3, delay: (feature) => (feature * 71) % 190 });
    await stage.start();
    for (let round = 0; round < 4; round += 1) {
      await stage.put(Array.from({ length: 20 }, (_, n) => [`k${n % KEYS}`, { id: round * 20 + n, feature: n * 3 }]));
      await stage.clock.run(130);
    }
    await stage.work(1_000);
    const given = await stage.read(answers.name);
    const asked = await stage.read(questions.name);
    const idOf = ({ value }: { value: Buffer | null }) => (JSON.parse(String(value)) as Answer).id;
    expect(given).toHaveLength(80);
    for (let partition = 0; partition < 3; partition += 1) {
      // Same key, same partition count: input and output partitions are the same.
      const of = (records: typeof given) => records.filter((record) => record.partition === partition).map(idOf);
      expect(of(given)).toEqual(of(asked));
    }
    await stage.drain();
  });
});

describe('9. with exactly_once_v2', () => {
  test('a history delivered twice, in parts and as a whole, changes nothing downstream', async () => {
    const history: readonly Put[] = [
      ...Array.from(
        { length: 12 },
        (_, n): Put => [`k${n % 4}`, change(n < 4 ? 'c' : 'u', { id: n + 1, feature: n }, n + 1)],
      ),
      ['k1', change('d', { id: 13, feature: 0 }, 13)],
      ['k1', null],
      ['k2', change('u', { id: 14, feature: 9 }, 14)],
    ];
    const stage = await Stage.open({
      guarantee: 'exactly_once_v2',
      topology: distinctBranches(),
      delay: (feature) => (feature * 37) % 90,
    });
    await stage.start();
    await stage.put(history, changesOfQuestions.name);
    await stage.work(600);
    const results = () => Promise.all([answers.name, seen.name].map((topic) => stage.keyed(topic)));
    const once = await results();
    const asked = stage.asked.length;
    expect(once[0]).toHaveLength(14);

    // As a connector does that starts again: from some position on, then from the beginning, over a restart of ours.
    await stage.put(history.slice(5), changesOfQuestions.name);
    await stage.work(400);
    await stage.kill();
    await stage.start();
    await stage.put(history, changesOfQuestions.name);
    await stage.work(600);
    expect(await results()).toEqual(once);
    expect(stage.asked).toHaveLength(asked);

    await stage.put([['k2', change('u', { id: 15, feature: 10 }, 15)]], changesOfQuestions.name);
    await stage.work(400);
    expect((await stage.values<Answer>(answers.name)).at(-1)).toMatchObject({ id: 15 });
    await stage.drain();
  });
});

describe('9. a stateful operator behind one that changes the key', () => {
  test('is refused while building, and both are named', () => {
    const build = () =>
      topology('other-key', ({ stream }) => {
        stream(questions)
          .pipe(
            selectKey((_value: Question | null, { key }) => `other-${key}`, { as: 'rekey' }),
            counting(),
          )
          .to(seen);
      });
    expect(build).toThrow(TopologyError);
    expect(build).toThrow(/'counts'.*'rekey'.*repartition/);
  });
});
