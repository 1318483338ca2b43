/** The application's own topology needs no annotations, and no wrong name gets through: checked by `tsc`, never run. */
import {
  type Change,
  compose,
  distinct,
  enrich,
  filter,
  ofTable,
  type Predicted,
  predict,
  type Stream,
  type Topology,
  table,
  topology,
  unwrap,
} from 'millrace';
import { features, fordPrice } from '../../models/ford/index.js';
import { type Car, type CarKey, carChanges, pricedCars } from '../../schemas/cars.js';
import { delivered, predictions } from '../../state/cars.js';
import carPrices from '../../topology/car-prices.js';
import { isExactly } from './exactly.js';

isExactly<Topology>()(carPrices, true);

topology('step by step', ({ stream }) => {
  const changes = stream(carChanges).pipe(filter(ofTable('public.car_data')), distinct({ remember: delivered }));
  isExactly<Stream<Change<Car> | null, CarKey>>()(changes, true);

  const rows = changes.pipe(unwrap());
  isExactly<Stream<Car | null, CarKey>>()(rows, true);

  // The features look at less than a car: the row is a car all the same.
  const predicted = rows.pipe(predict(fordPrice, { features, remember: predictions, timeout: 2_000 }));
  isExactly<Stream<Predicted<Car, number> | null, CarKey>>()(predicted, true);

  predicted.pipe(enrich((car, price) => ({ ...car, suggestedprice: price }))).to(pricedCars);

  // @ts-expect-error the column is called suggestedprice
  predicted.pipe(enrich((car, price) => ({ ...car, suggestedPrice: price }))).to(pricedCars);
  // @ts-expect-error a price is a number
  predicted.pipe(enrich((car, price) => ({ ...car, suggestedprice: price.toFixed(2) }))).to(pricedCars);
  // @ts-expect-error the columns of the car are missing
  predicted.pipe(enrich((_car, price) => ({ suggestedprice: price }))).to(pricedCars);
  // @ts-expect-error a car has a mileage, in small letters
  predicted.pipe(enrich((car, price) => ({ ...car, suggestedprice: price - car.Mileage })));
  // @ts-expect-error rows without prices
  rows.to(pricedCars);
  // @ts-expect-error changes are not rows
  changes.to(pricedCars);
  // @ts-expect-error a change has to be unwrapped before it is asked about
  changes.pipe(predict(fordPrice, { features }));
  // @ts-expect-error the memory of changes is not one of predictions
  rows.pipe(predict(fordPrice, { features, remember: delivered }));
  // @ts-expect-error nor the other way round
  stream(carChanges).pipe(distinct({ remember: predictions }));
  // @ts-expect-error the output topic takes prices
  predicted.pipe(enrich((car) => car)).to(table('other', carChanges.row.plus({ suggestedprice: 'a price' })));
});

// As one operator, in the words of a marble test.
const pricing = compose(
  unwrap<Car, CarKey>(),
  predict(fordPrice, { features, remember: predictions }),
  enrich((car, price) => ({ ...car, suggestedprice: price })),
);
topology('in one', ({ stream }) => stream(carChanges).pipe(pricing).to(pricedCars));
