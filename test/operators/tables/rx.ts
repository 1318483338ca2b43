import {
  bufferCount,
  concatMap,
  delay,
  filter,
  map,
  mergeMap,
  NEVER,
  type OperatorFunction,
  of,
  pipe,
  retry,
  scan,
  tap,
  throwError,
} from 'rxjs';
import { rx } from '../../../src/operators/rx.js';
import { type StreamRecord, withKey, withValue } from '../../../src/record.js';
import { type Car, type CarKey, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { callbackError, type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

type CarRecord = StreamRecord<Car | null, CarKey | null>;

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

const toModel = map((record: CarRecord) => withValue(record, record.value?.model ?? 'none'));
const models =
  (more: OperatorFunction<CarRecord, CarRecord> = pipe()): MarbleCase['operator'] =>
  () =>
    rx('models', pipe(more, toModel));

const isFiesta = ({ value }: CarRecord) => value?.model === 'Fiesta';

/** Fails the first two times that it is subscribed to. */
function failingTwice(): OperatorFunction<CarRecord, CarRecord> {
  let subscribed = 0;
  return mergeMap((record) => {
    subscribed += 1;
    return subscribed < 3 ? throwError(() => callbackError) : of(record);
  });
}

export const rxCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: models(),
    records: { a: focus, b: fiesta, n: withoutKey },
    gives: { a: 'x', b: 'y', n: 'z' },
    results,
  }),
  { ...cars, name: 'sees tombstones and null keys', operator: models(), input: 't-n|', expected: 't-z|' },
  { ...cars, name: 'a late result holds the end back', operator: models(delay(3)), input: 'a|', expected: '---(x|)' },
  {
    ...cars,
    name: 'the subscriber leaves while a result is out',
    operator: models(delay(5)),
    input: 'a--------|',
    expected: '---',
    unsubscribe: '^--!',
    subscribed: '^--!',
  },
  {
    ...cars,
    name: 'results that overtake each other leave in the order of the records',
    operator: models(mergeMap((record) => of(record).pipe(delay(record === focus ? 5 : 1)))),
    input: 'abn|',
    expected: '-----(xyz|)',
  },
  {
    ...cars,
    name: 'none, or many released together when it completes',
    operator: () =>
      rx(
        'numbers',
        pipe(
          filter(isFiesta),
          mergeMap((record) => of(1, 2).pipe(concatMap((n) => of(withValue(record, n)).pipe(delay(n))))),
        ),
      ),
    input: 'a-b---n--|',
    expected: '-----(12)|',
  },
  {
    ...cars,
    name: 'operators across records see one record only',
    operator: () =>
      rx(
        'counted',
        pipe(
          scan((before: StreamRecord<number, CarKey | null> | undefined, record: CarRecord) => {
            return withValue(record, (before?.value ?? 0) + 1);
          }, undefined),
          filter((record) => record !== undefined),
        ),
      ),
    input: 'b-b|',
    expected: '1-1|',
  },
  {
    ...cars,
    name: 'a buffer is full at the end of each record',
    operator: () =>
      rx(
        'buffered',
        pipe(
          bufferCount<CarRecord>(10),
          map(([record]) => withValue(record!, 1)),
        ),
      ),
    input: 'b-b|',
    expected: '1-1|',
  },
  {
    ...cars,
    name: 'is subscribed to anew for each record: a retry is the record’s own',
    operator: () => rx('retried', pipe(failingTwice(), retry(2), toModel)),
    input: 'a-b|',
    expected: 'x-y|',
  },
  throwingCase(() => rx('throwing', map(throwing)), focus),
  {
    ...cars,
    name: 'an error fails its record and no other',
    operator: models(tap((record) => isFiesta(record) && throwing())),
    input: 'a-b-n|',
    expected: 'x-#',
    error: callbackError,
    inATask: { expected: 'x---z|', skipped: [callbackError] },
  },
  {
    ...cars,
    name: 'one that does not complete in time fails; those behind it wait no longer',
    operator: () =>
      rx(
        'models',
        pipe(
          mergeMap((record: CarRecord) => (isFiesta(record) ? NEVER : of(record))),
          toModel,
        ),
        {
          timeout: 5,
        },
      ),
    input: 'ab-n|',
    expected: 'x-----#',
    error: /'models' got no result within 5 ms/,
    inATask: { expected: 'x-----z', skipped: [/'models' got no result within 5 ms/] },
  },
  {
    ...cars,
    name: 'another key is refused',
    operator: () =>
      rx(
        'rekeyed',
        map((record: CarRecord) => withKey(record, null)),
      ),
    input: 'n-a|',
    expected: 'n-#',
    results: { n: withoutKey },
    error: /rx\('rekeyed'\) changed the key of a record: use selectKey\(\)/,
  },
];
