/** `topology/car-prices.ts`, with a header on each output that says which change it is of. */
import {
  distinct,
  enrich,
  filter,
  ofTable,
  operator,
  type ProcessorContext,
  predict,
  type StreamRecord,
  topology,
  unwrap,
} from 'millrace';
import { features, fordPrice } from '../../models/ford/index.js';
import { type Car, type CarKey, carChanges, pricedCars } from '../../schemas/cars.js';
import { delivered, predictions } from '../../state/cars.js';

type CarRecord = StreamRecord<Car | null, CarKey>;

const traced = operator<CarRecord, CarRecord>('source-offset', {
  process(record: CarRecord, context: ProcessorContext<CarRecord>) {
    const header = { key: 'source-offset', value: Buffer.from(String(record.offset)) };
    context.forward({ ...record, headers: [...record.headers, header] });
  },
});

export default topology('car-prices', ({ stream }) => {
  stream(carChanges)
    .pipe(
      filter(ofTable('public.car_data')),
      distinct({ remember: delivered }),
      unwrap(),
      traced,
      predict(fordPrice, { features, remember: predictions, timeout: 2_000 }),
      enrich((car, price) => ({ ...car, suggestedprice: price })),
    )
    .to(pricedCars);
});
