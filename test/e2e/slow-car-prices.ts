/** Records that take as long as `MILLRACE_TEST_DELAY_MS` says, so that something is in flight when a signal comes. */
import { distinct, filter, mapAsync, mapValues, ofTable, topology, unwrap } from 'millrace';
import { carChanges, pricedCars } from '../../schemas/cars.js';
import { delivered } from '../../state/cars.js';

const delayMs = Number(process.env.MILLRACE_TEST_DELAY_MS);

export default topology('slow-car-prices', ({ stream }) => {
  stream(carChanges)
    .pipe(
      filter(ofTable('public.car_data')),
      distinct({ remember: delivered }),
      unwrap(),
      mapAsync((car) => new Promise<typeof car>((resolve) => setTimeout(() => resolve(car), delayMs)), {
        timeout: 600_000,
      }),
      mapValues((car) => car && { ...car, suggestedprice: 1 }),
    )
    .to(pricedCars);
});
