/**
 * 11. Asynchrony is invisible in the results. A model with delay 0 and one with delay 200 make the same calls and give
 *     the same output, state and order. Sharing a question in flight is per key; a record that shared a failed one asks
 *     for itself.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filter } from '../../src/operators/filter.js';
import { flatMapValues } from '../../src/operators/flat-map-values.js';
import { mapAsync } from '../../src/operators/map-async.js';
import { topology } from '../../src/topology/topology.js';
import {
  answering,
  answers,
  change,
  changesOfQuestions,
  counting,
  DEAD,
  type Delay,
  distinctBranches,
  type Put,
  type Question,
  questions,
  type Seen,
  Stage,
  seen,
} from '../heart/stage.js';

const KEYS = 3;

/** What may happen to the row of a key. */
const step = fc.record({
  key: fc.nat(KEYS - 1),
  what: fc.constantFrom('row', 'row', 'row', 'row', 'delete', 'again'),
  feature: fc.nat(2),
  poison: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  spoiled: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The changes that a database would write, some of them twice. */
function changesOf(steps: readonly Step[]): readonly Put[] {
  const events: Put[] = [];
  const last = new Map<number, Put>();
  const write = (key: number, event: Put) => {
    events.push(event);
    last.set(key, event);
  };
  for (const [index, { key, what, feature, poison, spoiled }] of steps.entries()) {
    const id = index + 1;
    // A question says whose it is, so that the order of asking can be told for each key.
    const row: Question = { id, feature: 10 * key + feature, poison, spoiled };
    const before = last.get(key);
    if (what === 'again' && before !== undefined) events.push(before);
    else if (what === 'delete' && before !== undefined) {
      events.push([`k${key}`, change('d', row, id)], [`k${key}`, null]);
      last.delete(key);
    } else write(key, [`k${key}`, change(before === undefined ? 'c' : 'u', row, id)]);
  }
  return events.map(([key, value], index) => [key, value, 1_000 + index]);
}

const STORES = ['memory', 'counts', 'delivered'];

/** Everything that a run leaves, as far as anybody can see it. */
async function resultOf(events: readonly Put[], delay: Delay, handler: 'skip' | 'dead-letter', together = true) {
  const stage = await Stage.open({
    guarantee: 'exactly_once_v2',
    topology: distinctBranches(),
    delay,
    config: { 'processing.exception.handler': handler },
  });
  await stage.start();
  if (together) await stage.put(events, changesOfQuestions.name);
  else {
    for (const event of events) {
      await stage.put([event], changesOfQuestions.name);
      await stage.clock.run(3);
    }
  }
  // Records that wait for the outcome of others may follow one another.
  for (let waited = 0; waited < 20_000 && (await stage.committedOffset()) < events.length; waited += 200) {
    await stage.clock.run(200);
  }
  await stage.drain();
  const askedOf = (key: number) =>
    stage.asked.filter((asked) => Math.floor((asked < 0 ? -1 - asked : asked) / 10) === key).sort((a, b) => a - b);
  const text = async (topic: string) => (await stage.read(topic)).map(({ key, value }) => `${key}=${value}`);
  return {
    failure: stage.app.failure?.message,
    committed: await stage.committedOffset(),
    asked: Array.from({ length: KEYS }, (_, key) => askedOf(key)),
    answers: await text(answers.name),
    seen: await text(seen.name),
    dead: await text(DEAD),
    stores: await Promise.all(STORES.map((store) => text(`stage-${store}-changelog`))),
    finished: stage.app.status.finished,
    events: stage.app.status.events,
  };
}

describe('11. asynchrony is invisible in the results', () => {
  test('whatever the history and the delays: same calls, same output, state and order', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 16 }),
      fc.constantFrom('skip' as const, 'dead-letter' as const),
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 7, maxLength: 7 }),
      async (steps, handler, delays) => {
        const events = changesOf(steps);
        let call = 0;
        const anyhow = () => delays[call++ % delays.length]!;
        const one = await resultOf(events, 0, handler, false);
        expect(one).toMatchObject({ failure: undefined, committed: events.length });
        const { events: countedOne, ...expected } = one;
        for (const delay of [0, 200, anyhow]) {
          const { events: counted, ...given } = await resultOf(events, delay, handler);
          expect(given).toEqual(expected);
          expect(counted.asked).toBe(countedOne.asked);
        }
      },
    );
    await fc.assert(property, { numRuns: Number(process.env.MILLRACE_RUNS ?? 25) });
  });

  test('a record that read what a failed one wrote is run again, and asks nothing twice', async () => {
    const stage = await Stage.open({
      guarantee: 'exactly_once_v2',
      delay: (feature) => (feature < 0 ? 300 : 20),
      config: { 'processing.exception.handler': 'skip' },
    });
    await stage.start();
    // The first fails late; by then the others have their answers, and counts that go on from the first one's.
    await stage.put(
      [0, 1, 2, 3].map((id) => ['k', { id, feature: id, poison: id === 0 }]),
      questions.name,
    );
    await stage.work(600);
    expect([...stage.asked].sort((a, b) => a - b)).toEqual([-1, 1, 2, 3]);
    expect((await stage.values<Seen>(seen.name)).map(({ id, before }) => [id, before])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    await stage.drain();
  });

  test('a question in flight is shared by records of its key; when it fails, the next asks for itself', async () => {
    const ask = async (poison: boolean) => {
      const stage = await Stage.open({
        guarantee: 'exactly_once_v2',
        delay: 100,
        config: { 'processing.exception.handler': 'skip' },
      });
      await stage.start();
      const same = (key: string, id: number): Put => [key, { id, feature: 5, poison }];
      await stage.put([same('a', 1), same('a', 2), same('b', 3), same('a', 4)], questions.name);
      await stage.work(800);
      await stage.drain();
      return stage.asked.length;
    };
    // Two keys: one question each.
    expect(await ask(false)).toBe(2);
    expect(await ask(true)).toBe(4);
  });

  test('several questions of one record each get their own answer', async () => {
    const stage = await Stage.open({
      guarantee: 'exactly_once_v2',
      delay: (feature) => 50 - feature * 10,
      topology: topology('several', ({ stream }) => {
        stream(questions)
          .pipe(
            filter((question: Question | null) => question !== null),
            flatMapValues((question: Question | null) =>
              [0, 1, 0].map((more, index) => ({ id: question!.id * 10 + index, feature: question!.feature + more })),
            ),
            mapAsync((question: Question) => Promise.resolve({ ...question, id: question.id + 1 })),
            answering(),
          )
          .to(answers);
      }),
    });
    await stage.start();
    await stage.put([
      ['a', { id: 1, feature: 1 }],
      ['a', { id: 2, feature: 2 }],
    ]);
    await stage.work(500);
    expect(await stage.values(DEAD)).toEqual([]);
    expect((await stage.values<Question>(answers.name)).map(({ id }) => id)).toEqual([11, 12, 13, 21, 22, 23]);
    await stage.drain();
    expect(stage.app.failure).toBeUndefined();
  });

  test('a call that is made for a re-run brings the result of the re-run', async () => {
    const stage = await Stage.open({
      guarantee: 'exactly_once_v2',
      config: { 'processing.exception.handler': 'skip' },
      topology: topology('counted-calls', ({ stream }) => {
        stream(questions)
          .pipe(
            counting(),
            mapAsync(async (count: Seen) => {
              await Promise.resolve();
              if (count.id === 1) throw new Error('the first fails');
              return { ...count, before: count.before * 100 };
            }),
          )
          .to(seen);
      }),
    });
    await stage.start();
    await stage.put([1, 2, 3].map((id) => ['k', { id, feature: 1 }]));
    await stage.work(500);
    expect(await stage.values<Seen>(seen.name)).toEqual([
      { id: 2, before: 0 },
      { id: 3, before: 100 },
    ]);
    await stage.drain();
  });
});
