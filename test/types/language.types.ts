/**
 * What must compile and what must not: checked by `tsc`, never run. A line under `@ts-expect-error` that compiles is an
 * error itself.
 */
import { map as rxMap } from 'rxjs';
import type { Change } from '../../src/cdc/change.js';
import { model } from '../../src/model/model.js';
import { changePositions } from '../../src/operators/change-positions.js';
import { compose } from '../../src/operators/compose.js';
import { distinct } from '../../src/operators/distinct.js';
import { enrich } from '../../src/operators/enrich.js';
import { filter } from '../../src/operators/filter.js';
import { filterNot } from '../../src/operators/filter-not.js';
import { flatMap } from '../../src/operators/flat-map.js';
import { flatMapValues } from '../../src/operators/flat-map-values.js';
import { foreach } from '../../src/operators/foreach.js';
import { map } from '../../src/operators/map.js';
import { mapValues } from '../../src/operators/map-values.js';
import { ofTable } from '../../src/operators/of-table.js';
import { peek } from '../../src/operators/peek.js';
import { predict } from '../../src/operators/predict.js';
import { predictionMemory } from '../../src/operators/prediction-memory.js';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import { selectKey } from '../../src/operators/select-key.js';
import { unwrap } from '../../src/operators/unwrap.js';
import { operator } from '../../src/operators/user-operator.js';
import type { StreamRecord } from '../../src/record.js';
import { keyValueStore } from '../../src/state/declare.js';
import { otherwise } from '../../src/topology/split.js';
import type { Stream } from '../../src/topology/stream.js';
import type { Topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';

interface Car {
  readonly id: number;
  readonly model: string;
  readonly fuel: 'petrol' | 'diesel';
}
interface Priced extends Car {
  readonly suggestedprice: number;
}
interface CarKey {
  readonly id: number;
}
interface Features {
  readonly model: string;
}

declare const carChanges: Topic<CarKey, Change<Car> | null>;
declare const cars: Topic<CarKey, Car>;
declare const pricedCars: Topic<CarKey, Priced | null>;
declare const pricedWithoutDeletes: Topic<CarKey, Priced>;
declare const texts: Topic<string, string>;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function isExactly<Expected>() {
  return <Actual>(_value: Actual, _same: Equal<Actual, Expected>): void => undefined;
}

const fordPrice = model<Features, number>('ford-price');
const predictions = predictionMemory<CarKey, number>('predictions');
const delivered = changePositions<CarKey>('delivered');
const counts = keyValueStore<CarKey, number>('counts');

topology('the pipeline of the design', ({ stream }) =>
  stream(carChanges)
    .pipe(
      filter(ofTable('public.car_data')),
      distinct({ remember: delivered }),
      unwrap(),
      predict(fordPrice, { features: (car) => ({ model: car.model }), remember: predictions, timeout: 2_000 }),
      enrich((car, price) => ({ ...car, suggestedprice: price })),
    )
    .to(pricedCars),
);

topology('types flow from operator to operator', ({ stream }) => {
  const changes = stream(carChanges);
  isExactly<Stream<Change<Car> | null, CarKey>>()(changes, true);

  isExactly<Stream<Change<Car> | null, CarKey>>()(changes.pipe(filter(ofTable('public.car_data'))), true);
  isExactly<Stream<Change<Car> | null, CarKey>>()(changes.pipe(distinct({ remember: delivered })), true);
  isExactly<Stream<Car | null, CarKey>>()(changes.pipe(unwrap()), true);

  const rows = changes.pipe(unwrap());
  isExactly<Stream<Car | null, CarKey>>()(rows.pipe(filter((car) => car === null || car.id > 0)), true);
  isExactly<Stream<Car, CarKey>>()(rows.pipe(filter((car) => car !== null)), true);
  isExactly<Stream<Car, CarKey>>()(rows.pipe(filterNot((car) => car === null)), true);
  isExactly<Stream<Car, CarKey>>()(
    rows.pipe(
      filter((car) => car !== null),
      peek((car, record) => [car.model, record.key.id]),
    ),
    true,
  );
  isExactly<Stream<string, CarKey>>()(
    rows.pipe(
      filter((car) => car !== null),
      mapValues((car) => car.model),
    ),
    true,
  );
  isExactly<Stream<number, string>>()(
    rows.pipe(
      filter((car) => car !== null),
      map((car, record) => [car.model, record.key.id]),
    ),
    true,
  );
  isExactly<Stream<number, string>>()(
    stream(cars).pipe(flatMap((car, record) => [[car.model, record.key.id] as const])),
    true,
  );
  isExactly<Stream<string, CarKey>>()(stream(cars).pipe(flatMapValues((car) => [car.model, car.fuel])), true);
  isExactly<Stream<Car, string>>()(stream(cars).pipe(selectKey((car) => car.model)), true);
  isExactly<Stream<number, CarKey>>()(
    stream(cars).pipe(
      processValues({
        stores: [counts],
        process(record, context: ValueProcessorContext<CarKey, number>) {
          isExactly<StreamRecord<Car, CarKey>>()(record, true);
          context.forward(context.store(counts).get(record.key) ?? 0);
        },
      }),
    ),
    true,
  );
});

topology('streams of one, several and merged topics', ({ stream }) => {
  isExactly<Stream<Car | string, CarKey | string>>()(stream([cars, texts]), true);
  isExactly<Stream<Car | string, CarKey | string>>()(stream(cars).merge(stream(texts)), true);
  const { petrol, rest } = stream(cars).split({
    petrol: (car): car is Car & { fuel: 'petrol' } => car.fuel === 'petrol',
    rest: otherwise,
  });
  isExactly<Stream<Car & { fuel: 'petrol' }, CarKey>>()(petrol, true);
  isExactly<Stream<Car, CarKey>>()(rest, true);

  const branches = stream(cars).split({ diesel: (car, record) => car.fuel === 'diesel' && record.key.id > 0 });
  // @ts-expect-error there is no such branch
  branches.petrol;
});

topology('sinks', ({ stream }) => {
  const priced = stream(carChanges).pipe(
    unwrap(),
    predict(fordPrice, { features: (car) => ({ model: car.model }) }),
    enrich((car, price, { version }) => ({ ...car, suggestedprice: price, version })),
  );
  priced.to(pricedCars);
  // @ts-expect-error tombstones do not fit a topic without them
  priced.to(pricedWithoutDeletes);
  priced.pipe(filter((car) => car !== null)).to(pricedWithoutDeletes);
  priced.pipe(filter((car) => car !== null)).to(pricedCars);
  // @ts-expect-error rows without prices do not fit
  stream(cars).to(pricedCars);
  // @ts-expect-error another key
  priced.pipe(selectKey(() => 'all')).to(pricedCars);
  priced.to((record) => (record.value === null ? pricedCars : pricedCars), { possible: [pricedCars] });
  // @ts-expect-error the function returns a topic for other records
  priced.to(() => texts, { possible: [texts] });
  // @ts-expect-error a topic is declared, not named
  priced.to('priced-cars');
  // @ts-expect-error the topics to choose from must be listed
  priced.to(() => pricedCars);
});

topology('what does not compile', ({ stream }) => {
  // @ts-expect-error an operator of RxJS must be wrapped
  stream(cars).pipe(rxMap((record) => record));
  // @ts-expect-error enrich needs predictions
  stream(cars).pipe(enrich((car: Car) => car));
  // @ts-expect-error a row is not a change event
  stream(cars).pipe(unwrap<Car, CarKey>());
  // @ts-expect-error foreach ends the stream
  stream(cars)
    .pipe(foreach((car) => car.model))
    .to(cars);
  // @ts-expect-error the value may be null here
  stream(carChanges).pipe(mapValues((change) => change.op));
  // @ts-expect-error the memory is of other keys
  stream(texts).pipe(distinct({ remember: delivered }));
  // @ts-expect-error streams are read from declared topics
  stream('cars');
});

// Operators joined by hand keep their types too.
const priceOf = compose(
  unwrap<Car, CarKey>(),
  predict(fordPrice, { features: (car: Car) => ({ model: car.model }), remember: predictions }),
);
topology('composed', ({ stream }) =>
  stream(carChanges)
    .pipe(
      priceOf,
      enrich((car, price) => ({ ...car, suggestedprice: price })),
    )
    .to(pricedCars),
);

operator<StreamRecord<Car, CarKey>, StreamRecord<string, CarKey>>('models', {
  process(record, context) {
    context.forward({ ...record, value: record.value.model });
    // @ts-expect-error not a record of text
    context.forward(record);
  },
});
