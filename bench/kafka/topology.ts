/** The shipped topology without its model and memories: what the engine, its decoding and the client cost. */
import { filter, mapValues, ofTable, topology, unwrap } from 'millrace';
import { carChanges, pricedCars } from '../../schemas/cars.js';

export default topology('car-prices-by-formula', ({ stream }) => {
  stream(carChanges)
    .pipe(
      filter(ofTable('public.car_data')),
      filter((change) => change !== null && change.op !== 'd'),
      unwrap(),
      mapValues((car) => car && { ...car, suggestedprice: (car.mileage ?? 0) / 4 + (car.year ?? 0) }),
    )
    .to(pricedCars);
});
