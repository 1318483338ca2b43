import { expect } from 'vitest';
import { model } from '../../../src/model/model.js';
import { changeContextOf } from '../../../src/operators/change-context.js';
import { compose } from '../../../src/operators/compose.js';
import { enrich } from '../../../src/operators/enrich.js';
import { filter } from '../../../src/operators/filter.js';
import { flatMapValues } from '../../../src/operators/flat-map-values.js';
import { mapValues } from '../../../src/operators/map-values.js';
import { predict } from '../../../src/operators/predict.js';
import { predictionMemory } from '../../../src/operators/prediction-memory.js';
import { unwrap } from '../../../src/operators/unwrap.js';
import { type StreamRecord, withValue } from '../../../src/record.js';
import { type Car, type CarKey, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { change, tombstoneOf } from './changes.js';
import { callbackError, type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

type CarRecord = StreamRecord<Car | null, CarKey | null>;

const models = () =>
  compose(
    filter((car: Car | null, _record: CarRecord) => car?.model !== 'Fiesta'),
    mapValues((car) => car?.model ?? 'none'),
  );

const fordPrice = model<string, number>('ford-price');
const tax = model<string, number>('tax');

/** Two models, one behind the other, the first of them slow for a Focus. */
const pricedAndTaxed: MarbleCase['operator'] = ({ fake }) =>
  compose(
    predict(fake(fordPrice, { answer: 9_000, delay: (name) => (name === 'Focus' ? 4 : 1) }), {
      features: (car: Car) => car.model,
      remember: predictionMemory<CarKey | null, number>('prices'),
    }),
    enrich((car, price) => ({ ...car, price })),
    predict(fake(tax, { answer: 100, delay: 2 }), { features: (car) => car.model, as: 'tax' }),
    enrich((car, of) => ({ ...car, tax: of }), { as: 'taxed' }),
  );

const taxed = (record: StreamRecord<Car>) => withValue(record, { ...record.value, price: 9_000, tax: 100 });

const created = change('c', 1, { after: focus.value }, { offset: 1 });
const deleted = change('d', 1, { before: focus.value }, { offset: 2 });
const rowOf = (record: typeof created, value: unknown) => ({ ...record, value, change: changeContextOf(record.value) });

export const composeCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: models,
    records: { a: focus, b: fiesta, n: withoutKey },
    gives: { a: 'x', b: '', n: 'z' },
    results: { x: withValue(focus, 'Focus'), z: withValue(withoutKey, 'Kuga') },
  }),
  {
    name: 'tombstones go the same way',
    operator: models,
    input: 't|',
    records: { t: tombstone },
    expected: 'x|',
    results: { x: withValue(tombstone, 'none') },
  },
  throwingCase(() => compose(models(), mapValues(throwing)), focus),
  {
    name: 'what an operator behind throws fails the record and no other',
    operator: () =>
      compose(
        models(),
        mapValues((name) => (name === 'Kuga' ? throwing() : name)),
      ),
    input: 'a-n-a|',
    records: { a: focus, n: withoutKey },
    expected: 'x-#',
    results: { x: withValue(focus, 'Focus') },
    error: callbackError,
    inATask: { expected: 'x---x|', skipped: [callbackError] },
  },
  {
    name: 'a change is unwrapped, priced and forgotten',
    operator: ({ fake }) =>
      compose(
        unwrap<Car, CarKey>(),
        predict(fake(fordPrice, { answer: 9_000, delay: 2 }), { features: (car) => car.model }),
        enrich((car, price) => ({ ...car, price })),
      ),
    input: 'a-dt--|',
    records: { a: created, d: deleted, t: tombstoneOf(1) },
    expected: '--(xd)|',
    results: { x: rowOf(created, { ...focus.value, price: 9_000 }), d: rowOf(deleted, null) },
  },
  {
    name: 'two models, one behind the other, keep the order',
    operator: pricedAndTaxed,
    input: 'ab-n|',
    records: { a: focus, b: fiesta, n: withoutKey },
    expected: '------(xyz|)',
    results: { x: taxed(focus), y: taxed(fiesta), z: taxed(withoutKey) },
  },
  {
    name: 'a model asked several times for one record, with a memory of one key',
    operator: ({ fake, afterwards }) => {
      const asked = fake(fordPrice, { answer: (name) => name.length, delay: 6 });
      afterwards(() => expect(asked.questions).toEqual(['Focus', 'other', 'Focus']));
      return compose(
        flatMapValues((car: Car, _record: StreamRecord<Car, CarKey | null>) => [
          car.model,
          car.model,
          'other',
          car.model,
        ]),
        predict(asked, { features: (text) => text, remember: predictionMemory<CarKey | null, number>('prices') }),
        enrich((text, length) => `${text} ${length}`),
      );
    },
    input: 'a|',
    records: { a: focus },
    expected: '------(xxy)-(x|)',
    results: { x: withValue(focus, 'Focus 5'), y: withValue(focus, 'other 5') },
    inATask: { expected: '------(xxyx)' },
  },
];
