import { distinct, enrich, filter, ofTable, predict, topology, unwrap } from 'millrace';
import { features, fordPrice } from '../models/ford/index.js';
import { carChanges, pricedCars } from '../schemas/cars.js';
import { delivered, predictions } from '../state/cars.js';

export default topology('car-prices', ({ stream }) => {
  stream(carChanges)
    .pipe(
      filter(ofTable('public.car_data')), // tombstones pass
      distinct({ remember: delivered }), // a redelivered change stops here: per key, by its position
      unwrap(), // the row, or null for a delete; record.change keeps op, lsn, table …
      predict(fordPrice, { features, remember: predictions, timeout: 2_000 }),
      enrich((car, price) => ({ ...car, suggestedprice: price })), // not called for a delete
    )
    .to(pricedCars);
});
