import { expect } from 'vitest';
import { model } from '../../../src/model/model.js';
import { type PredictOptions, predict } from '../../../src/operators/predict.js';
import { predictionMemory } from '../../../src/operators/prediction-memory.js';
import { type StreamRecord, withValue } from '../../../src/record.js';
import type { FakeModel, FakeOptions } from '../../../src/testing/fake.js';
import { type Car, type CarKey, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type CaseKit, callbackError, type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

type CarRecord = StreamRecord<Car, CarKey | null>;

const fordPrice = model<string, number>('ford-price');
const predictions = predictionMemory<CarKey | null, number>('predictions');
const prices: Readonly<Record<string, number>> = { Focus: 9_000, 'Focus ST': 11_000, Fiesta: 8_000, Kuga: 7_000 };
const priceOf = (model: string) => prices[model] as number;

/** The Focus after it was changed. */
const focusSt: CarRecord = withValue(focus, { id: 1, model: 'Focus ST' });

function predicted(record: CarRecord, parts: { readonly remembered?: boolean; readonly version?: string } = {}) {
  const { remembered = false, version = 'fake' } = parts;
  const { value } = record;
  return withValue(record, {
    row: value,
    prediction: priceOf(value.model),
    model: { name: 'ford-price', version },
    remembered,
  });
}

interface Asking {
  readonly answer?: FakeOptions<string, number>['answer'];
  /** Frames until the model answers. */
  readonly delay?: FakeOptions<string, number>['delay'];
  readonly options?: Partial<PredictOptions<Car, CarKey | null, string, number>>;
  /** Every question, in order. */
  readonly asked?: readonly string[];
  /** What else must hold in the end. */
  readonly afterwards?: (kit: CaseKit, model: FakeModel<string, number>) => void;
  /** Called with the model before it is used. */
  readonly prepare?: (kit: CaseKit, model: FakeModel<string, number>) => void;
}

const asking =
  ({ answer = priceOf, delay = 0, options, asked, afterwards, prepare }: Asking = {}): MarbleCase['operator'] =>
  (kit) => {
    const model = kit.fake(fordPrice, { answer, delay });
    prepare?.(kit, model);
    kit.afterwards(() => {
      if (asked !== undefined) expect(model.questions).toEqual(asked);
      afterwards?.(kit, model);
    });
    return predict(model, { features: (car: Car) => car.model, ...options });
  };

const remembering = (parts: Asking = {}) => asking({ ...parts, options: { remember: predictions, ...parts.options } });

const records = { a: focus, A: focusSt, b: fiesta, n: withoutKey, t: tombstone };
const results = {
  x: predicted(focus),
  r: predicted(focus, { remembered: true }),
  X: predicted(focusSt),
  y: predicted(fiesta),
  z: predicted(withoutKey),
  t: tombstone,
};
const cars = { records, results };

const noFiesta = new Error('no price for a Fiesta');
const failingForFiesta = (model: string) => (model === 'Fiesta' ? noFiesta : priceOf(model));

/** Fails the first question, and answers the others. */
function failingOnce(): (model: string) => number | Error {
  let asked = 0;
  return (model) => {
    asked += 1;
    return asked === 1 ? new Error('not the first time') : priceOf(model);
  };
}

const order: readonly MarbleCase[] = [
  ...usualCases({
    operator: asking(),
    records: { a: focus, b: fiesta, n: withoutKey },
    gives: { a: 'x', b: 'y', n: 'z' },
    results,
  }),
  {
    ...cars,
    name: 'a late answer holds the end back',
    operator: asking({ delay: 3 }),
    input: 'a|',
    expected: '---(x|)',
  },
  {
    ...cars,
    name: 'an error of the source does not wait for an answer',
    operator: asking({ delay: 5 }),
    input: 'a-#',
    expected: '--#',
    subscribed: '^-!',
  },
  {
    ...cars,
    name: 'the subscriber leaves while an answer is out',
    operator: asking({ delay: 5 }),
    input: 'a--------|',
    expected: '---',
    unsubscribe: '^--!',
    subscribed: '^--!',
  },
  {
    ...cars,
    name: 'answers that overtake each other leave in the order of the records',
    operator: asking({ delay: (model) => (model === 'Focus' ? 5 : 1) }),
    input: 'abn|',
    expected: '-----(xyz|)',
  },
  {
    ...cars,
    name: 'what is asked in one frame goes in one batch',
    operator: asking({ afterwards: (_kit, { batches }) => expect(batches).toEqual([3]) }),
    input: '(abn|)',
    expected: '(xyz|)',
  },
  {
    ...cars,
    name: 'a tombstone passes unasked, in its turn',
    operator: asking({ delay: 3, asked: ['Focus'] }),
    input: 'at|',
    expected: '---(xt|)',
  },
  {
    ...cars,
    name: 'a tombstone passes at once when nobody is before it',
    operator: asking({ delay: 3, asked: [] }),
    input: 't-|',
    expected: 't-|',
  },
];

const failures: readonly MarbleCase[] = [
  throwingCase((kit) => predict(kit.fake(fordPrice, { answer: 1 }), { features: throwing }), focus),
  {
    ...cars,
    name: 'features that throw fail their record and no other',
    operator: asking({
      options: {
        features: (car) => {
          if (car.model === 'Fiesta') throw callbackError;
          return car.model;
        },
      },
    }),
    input: 'a-b-n|',
    expected: 'x-#',
    error: callbackError,
    inATask: { expected: 'x---z|', skipped: [callbackError] },
  },
  {
    ...cars,
    name: 'an answer that is an error fails its record and no other of the batch',
    operator: asking({ answer: failingForFiesta }),
    input: '(abn|)',
    expected: '(x#)',
    error: /no price for a Fiesta/,
    inATask: { expected: '(xz|)', skipped: [/no price for a Fiesta/] },
  },
  {
    ...cars,
    name: 'a model that throws',
    operator: asking({ answer: throwing }),
    input: 'a|',
    expected: '#',
    error: /'ford-price' fake failed: the callback failed/,
  },
  {
    ...cars,
    name: 'a model that rejects the whole batch fails each of its records',
    operator: asking({
      prepare: (_kit, model) => Object.assign(model, { predict: () => Promise.reject(new Error('out of memory')) }),
    }),
    input: '(ab|)',
    expected: '#',
    error: /out of memory/,
    inATask: { expected: '-', skipped: [/out of memory/, /out of memory/] },
  },
  {
    ...cars,
    name: 'NaN is no prediction',
    operator: asking({ answer: Number.NaN }),
    input: 'a|',
    expected: '#',
    error: /answered NaN, which is no prediction/,
  },
  {
    ...cars,
    name: 'a question that is not answered in time fails; those behind it wait no longer',
    operator: asking({
      delay: (model) => (model === 'Fiesta' ? Number.POSITIVE_INFINITY : 0),
      options: { timeout: 5 },
    }),
    input: 'ab-n|',
    expected: 'x-----#',
    error: /no answer within 5 ms/,
    inATask: { expected: 'x-----z', skipped: [/no answer within 5 ms/] },
  },
  {
    ...cars,
    name: 'an answer that comes after its time counts for nothing',
    operator: asking({ delay: 8, options: { timeout: 5, onError: () => 'skip' } }),
    input: 'a----------|',
    expected: '-----------|',
    inATask: { expected: '-', skipped: [/no answer within 5 ms/] },
  },
  {
    ...cars,
    name: 'onError decides over its questions, also by hand',
    operator: asking({ answer: failingForFiesta, options: { onError: () => 'skip' } }),
    input: 'a-b-n|',
    expected: 'x---z|',
    inATask: { expected: 'x---z|', skipped: [/no price for a Fiesta/] },
  },
  {
    ...cars,
    name: 'a failure waits for its turn',
    operator: asking({ answer: failingForFiesta, delay: (model) => (model === 'Focus' ? 4 : 0) }),
    input: 'ab|',
    expected: '----(x#)',
    error: /no price for a Fiesta/,
    inATask: { expected: '----x', skipped: [/no price for a Fiesta/] },
  },
];

const memory: readonly MarbleCase[] = [
  {
    ...cars,
    name: 'without a memory it asks each time',
    operator: asking({ asked: ['Focus', 'Focus'] }),
    input: 'a-a|',
    expected: 'x-x|',
  },
  {
    ...cars,
    name: 'the same features of a key are not asked again',
    operator: remembering({
      asked: ['Focus'],
      afterwards: ({ stores }) => expect(stores(predictions).get(focus.key)).toMatchObject({ prediction: 9_000 }),
    }),
    input: 'a-a|',
    expected: 'x-r|',
  },
  {
    ...cars,
    name: 'the last features of a key are remembered, not those before',
    operator: remembering({ asked: ['Focus', 'Focus ST', 'Focus'] }),
    input: 'a-A-a|',
    expected: 'x-X-x|',
  },
  {
    ...cars,
    name: 'what has no key is not remembered',
    operator: remembering({
      asked: ['Kuga', 'Kuga'],
      afterwards: ({ stores }) => expect([...stores(predictions).entries()]).toEqual([]),
    }),
    input: 'n-n|',
    expected: 'z-z|',
  },
  {
    name: 'a tombstone without a key passes',
    operator: remembering(),
    input: 'm|',
    expected: 'm|',
    records: { m: withValue(withoutKey, null) },
    results: { m: withValue(withoutKey, null) },
  },
  {
    ...cars,
    name: 'a tombstone forgets, in its turn',
    operator: remembering({
      delay: 3,
      asked: ['Focus', 'Focus'],
      afterwards: ({ stores }) => expect(stores(predictions).has(focus.key)).toBe(true),
    }),
    input: 'at----a|',
    expected: '---(xt)--(x|)',
  },
  {
    ...cars,
    name: 'a deleted key leaves nothing in the memory',
    operator: remembering({ afterwards: ({ stores }) => expect(stores(predictions).has(focus.key)).toBe(false) }),
    input: 'a-t|',
    expected: 'x-t|',
  },
  {
    ...cars,
    name: 'what another version said is not remembered',
    operator: remembering({
      asked: ['Focus', 'Focus'],
      prepare: ({ clock }, model) => {
        const identity = { get: () => ({ name: 'ford-price', version: clock.now() < 3 ? '1' : '2' }) };
        Object.defineProperty(model, 'identity', identity);
      },
    }),
    input: 'a-a-a-a|',
    expected: 'u-v-w-s|',
    results: {
      u: predicted(focus, { version: '1' }),
      v: predicted(focus, { version: '1', remembered: true }),
      w: predicted(focus, { version: '2' }),
      s: predicted(focus, { version: '2', remembered: true }),
    },
  },
  {
    ...cars,
    name: 'a memory with a retention forgets by the clock',
    operator: asking({
      options: { remember: predictionMemory<CarKey | null, number>('short', { retentionMs: 4 }) },
      asked: ['Focus', 'Focus'],
    }),
    input: 'a-a---a|',
    expected: 'x-r---x|',
  },
  {
    ...cars,
    name: 'two in flight with the same features share one question',
    operator: remembering({ delay: 3, asked: ['Focus'] }),
    input: 'aa|',
    expected: '---(xr|)',
  },
  {
    ...cars,
    name: 'two in flight with different features are asked at once',
    operator: remembering({ delay: 3, asked: ['Focus', 'Focus ST'] }),
    input: 'aA|',
    expected: '---x(X|)',
  },
  {
    ...cars,
    name: 'two keys share nothing',
    operator: remembering({ delay: 3, asked: ['Focus', 'Focus'] }),
    input: '(ac|)',
    records: { a: focus, c: { ...focus, key: { id: 9 } } },
    expected: '---(xc|)',
    results: { x: predicted(focus), c: predicted({ ...focus, key: { id: 9 } }) },
  },
  {
    ...cars,
    name: 'one whose answer may yet be the memory of the one before waits for it',
    operator: remembering({ delay: 3, asked: ['Focus', 'Focus ST', 'Focus'] }),
    input: 'aAa|',
    expected: '---xX--(x|)',
  },
  {
    ...cars,
    name: 'a failed one does not serve the one that waited for it',
    operator: (kit) =>
      remembering({
        delay: 2,
        answer: failingOnce(),
        options: { onError: () => 'skip' },
        asked: ['Focus', 'Focus'],
      })(kit),
    input: 'aa|',
    expected: '----(x|)',
    inATask: { expected: '----x', skipped: [/not the first time/] },
  },
  {
    ...cars,
    name: 'a failed one leaves no memory',
    operator: remembering({
      answer: failingForFiesta,
      options: { onError: () => 'skip' },
      afterwards: ({ stores }) => expect([...stores(predictions).entries()]).toHaveLength(1),
    }),
    input: 'a-b|',
    expected: 'x--|',
    inATask: { expected: 'x', skipped: [/no price for a Fiesta/] },
  },
];

export const predictCases: readonly MarbleCase[] = [...order, ...failures, ...memory];
