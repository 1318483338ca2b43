import { compose, model, predict, predictionMemory, rx, unwrap } from 'millrace';
import { marbles, recordOf, withValue } from 'millrace/testing';
import { defer } from 'rxjs';
import { delay } from 'rxjs/operators';
import { expect, test } from 'vitest';
import type { Change, Source } from '../../src/cdc/change.js';
import { changeContextOf } from '../../src/operators/change-context.js';

interface Car {
  readonly id: number;
  readonly model: string;
}

const fordPrice = model<string, number>('ford-price');
const predictions = predictionMemory<{ id: number }, number>('predictions');
const features = (car: Car) => car.model;
const focus: Car = { id: 1, model: 'Focus' };
const fiesta: Car = { id: 2, model: 'Fiesta' };

const source = {
  db: 'd',
  schema: 'public',
  table: 'car_data',
  lsn: 1,
  txId: 1,
  sequence: null,
  ts_ms: 5,
} as unknown as Source;
const change = (op: 'c' | 'd', car: Car): Change<Car> => ({
  before: null,
  after: op === 'c' ? car : null,
  source,
  op,
  ts_ms: 5,
  transaction: null,
});
const created = (car: Car) => recordOf({ id: car.id }, change('c', car) as Change<Car> | null);
const deleted = (car: Car) => recordOf({ id: car.id }, { ...change('d', car), before: car } as Change<Car> | null);

test(
  'an unchanged car is not asked twice, and a deleted one is forgotten',
  marbles(({ cold, fake, stores, expectRecords }) => {
    const asked = fake(fordPrice, { delay: 1, answer: 9000 });
    const ops = compose(unwrap<Car, { id: number }>(), predict(asked, { features, remember: predictions }));
    const cars = cold('        a-b-a-d|', { a: created(focus), b: created(fiesta), d: deleted(focus) });
    const { identity } = asked;
    const priced = (car: Car, remembered: boolean) => ({
      ...recordOf({ id: car.id }, { row: car, prediction: 9000, model: identity, remembered }),
      change: changeContextOf(change('c', car)),
    });
    expectRecords(cars.pipe(ops)).toBe('-a-bA-d|', {
      a: priced(focus, false),
      b: priced(fiesta, false),
      A: priced(focus, true),
      d: { ...recordOf({ id: 1 }, null), change: changeContextOf(change('d', focus)) },
    });
    return () => {
      expect(asked.asked).toBe(2);
      expect(stores(predictions).has({ id: 1 })).toBe(false);
    };
  }),
);

test(
  "RxJS's own timers run in virtual time",
  marbles(({ cold, expectRecords }) => {
    const a = recordOf('k', 1);
    expectRecords(cold('a---|', { a }).pipe(rx('later', (stream) => stream.pipe(delay(2))))).toBe('--a-|', { a });
    expectRecords(cold('a|', { a })).toBe([[0, withValue(a, 1)]]);
  }),
);

test(
  'operators that are applied only when they are subscribed to are in the test too',
  marbles(({ cold, fake, stores, expectRecords }) => {
    const price = fake(fordPrice, { delay: 2, answer: 9000 });
    const car = recordOf({ id: 1 }, focus);
    const priced = withValue(car, { row: focus, prediction: 9000, model: price.identity, remembered: false });
    const cars = cold('a|', { a: car });
    const deferred = defer(() => cars.pipe(predict(price, { features, remember: predictions })));
    expectRecords(deferred).toBe('--(a|)', { a: priced });
    return () => expect(stores(predictions).has({ id: 1 })).toBe(true);
  }),
);

test(
  'two fakes of one model are two',
  marbles(({ cold, fake, expectRecords }) => {
    const car = recordOf({ id: 1 }, focus);
    const priced = (answer: number) => {
      const price = fake(fordPrice, { answer });
      const expected = withValue(car, { row: focus, prediction: answer, model: price.identity, remembered: false });
      expectRecords(cold('a|', { a: car }).pipe(predict(price, { features }))).toBe('a|', { a: expected });
    };
    priced(1);
    priced(2);
  }),
);

test('a wrong diagram is red', async () => {
  const wrong = marbles(({ cold, expectRecords }) => {
    expectRecords(cold('a|', { a: recordOf('k', 1) })).toBe('-a|', { a: recordOf('k', 1) });
  });
  await expect(wrong()).rejects.toThrow();
});
