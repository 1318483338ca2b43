import { concat, EMPTY, from, NEVER, type Observable, of, throwError } from 'rxjs';
import { delay as rxDelay } from 'rxjs/operators';
import { expect } from 'vitest';
import { delay } from '../../../src/clock.js';
import { type MapAsyncOptions, mapAsync } from '../../../src/operators/map-async.js';
import { withValue } from '../../../src/record.js';
import { type Car, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type CaseKit, callbackError, type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

const records = { a: focus, b: fiesta, n: withoutKey, t: tombstone };
const results = {
  x: withValue(focus, 'Focus'),
  y: withValue(fiesta, 'Fiesta'),
  z: withValue(withoutKey, 'Kuga'),
  t: withValue(tombstone, 'none'),
  1: withValue(fiesta, 1),
  2: withValue(fiesta, 2),
};
const cars = { records, results };

/** Calls that take some frames, by the model of the car. */
const taking =
  (frames: (model: string) => number, options: MapAsyncOptions = {}): MarbleCase['operator'] =>
  ({ clock }) =>
    mapAsync(async (car: Car | null) => {
      const model = car?.model ?? 'none';
      await delay(clock, frames(model));
      return model;
    }, options);

/** One call at a time, and never another. */
const oneAtATime = (kit: CaseKit) => {
  let underWay = 0;
  let most = 0;
  kit.afterwards(() => expect(most).toBe(1));
  return mapAsync(
    async (car: Car) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await delay(kit.clock, 2);
      underWay -= 1;
      if (car.model === 'Fiesta') throw callbackError;
      return car.model;
    },
    { concurrency: 1, onError: () => 'skip' },
  );
};

/** None for a Focus, 1 and later 2 for a Fiesta, one for others. */
const several = () =>
  mapAsync((car: Car): Observable<string | number> => {
    if (car.model === 'Focus') return EMPTY;
    return car.model === 'Fiesta' ? concat(of(1), of(2).pipe(rxDelay(3))) : from([car.model]);
  });

export const mapAsyncCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: () => mapAsync(async (car: Car) => car.model),
    records: { a: focus, b: fiesta, n: withoutKey },
    gives: { a: 'x', b: 'y', n: 'z' },
    results,
  }),
  { ...cars, name: 'sees tombstones and null keys', operator: taking(() => 0), input: 't-n|', expected: 't-z|' },
  { ...cars, name: 'a late result holds the end back', operator: taking(() => 3), input: 'a|', expected: '---(x|)' },
  {
    ...cars,
    name: 'an error of the source does not wait for a result',
    operator: taking(() => 5),
    input: 'a-#',
    expected: '--#',
  },
  {
    ...cars,
    name: 'the subscriber leaves while a result is out',
    operator: taking(() => 5),
    input: 'a--------|',
    expected: '---',
    unsubscribe: '^--!',
    subscribed: '^--!',
  },
  {
    ...cars,
    name: 'results that overtake each other leave in the order of the records',
    operator: taking((model) => (model === 'Focus' ? 5 : 1)),
    input: 'abn|',
    expected: '-----(xyz|)',
  },
  {
    ...cars,
    name: 'an Observable gives none, one or many, together when it completes',
    operator: several,
    input: 'a-b------n|',
    expected: '-----(12)z|',
  },
  {
    ...cars,
    name: 'the results of an Observable wait for the record before',
    operator: ({ clock }) =>
      mapAsync((car: Car) =>
        car.model === 'Fiesta' ? of(1, 2) : from(delay(clock, 4).then(() => car.model as string | number)),
      ),
    input: 'ab|',
    expected: '----(x12|)',
  },
  throwingCase(() => mapAsync(throwing), focus),
  {
    ...cars,
    name: 'a call that rejects fails its record and no other',
    operator: () =>
      mapAsync(async (car: Car) => {
        if (car.model === 'Fiesta') throw callbackError;
        return car.model;
      }),
    input: 'a-b-n|',
    expected: 'x-#',
    error: callbackError,
    inATask: { expected: 'x---z|', skipped: [callbackError] },
  },
  {
    ...cars,
    name: 'of an Observable that fails nothing goes on',
    operator: () =>
      mapAsync(() =>
        concat(
          of(1),
          throwError(() => callbackError),
        ),
      ),
    input: 'a|',
    expected: '#',
    error: callbackError,
  },
  {
    ...cars,
    name: 'a call without a result in time fails; those behind it wait no longer',
    operator: ({ clock }) =>
      mapAsync((car: Car) => (car.model === 'Fiesta' ? NEVER : from(delay(clock, 0).then(() => car.model))), {
        timeout: 5,
      }),
    input: 'ab-n|',
    expected: 'x-----#',
    error: /got no result within 5 ms/,
    inATask: { expected: 'x-----z', skipped: [/got no result within 5 ms/] },
  },
  {
    ...cars,
    name: 'a result that comes after its time counts for nothing',
    operator: taking(() => 8, { timeout: 5, onError: () => 'skip' }),
    input: 'a----------|',
    expected: '-----------|',
    inATask: { expected: '-', skipped: [/got no result within 5 ms/] },
  },
  {
    ...cars,
    name: 'concurrency bounds the calls under way; one that fails makes room for the next',
    operator: oneAtATime,
    input: 'abn|',
    expected: '--x---(z|)',
    inATask: { expected: '--x---z', skipped: [callbackError] },
  },
  {
    ...cars,
    name: 'a call that waits for room has its time from when it starts',
    operator: taking(() => 4, { concurrency: 1, timeout: 5 }),
    input: '(ab|)',
    expected: '----x---(y|)',
  },
];
