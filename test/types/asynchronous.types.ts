/**
 * Types through the asynchronous operators, `compose` and `.pipe`: checked by `tsc`, never run. A line under
 * `@ts-expect-error` that compiles is an error itself.
 */
import {
  compose,
  enrich,
  filter,
  mapAsync,
  mapValues,
  model,
  type Operator,
  type Predicted,
  type PredictionInfo,
  peek,
  predict,
  predictionMemory,
  rx,
  type Stream,
  type StreamRecord,
  selectKey,
  type Topic,
  topology,
  unwrap,
  withKey,
  withValue,
} from 'millrace';
import { from, map, mergeMap, type Observable, of, pipe, retry } from 'rxjs';
import { isExactly } from './exactly.js';

interface Car {
  readonly id: number;
  readonly model: string;
}
interface CarKey {
  readonly id: number;
}
interface Features {
  readonly model: string;
}
interface Dealer {
  readonly town: string;
}

declare const cars: Topic<CarKey, Car | null>;
declare const present: Topic<CarKey, Car>;
declare const texts: Topic<string, string>;
declare function dealerOf(car: Car): Promise<Dealer>;
declare function townsNear(car: Car): Observable<string>;

const fordPrice = model<Features, number>('ford-price');
const fuel = model<Features, { readonly litres: number }>('fuel');
const predictions = predictionMemory<CarKey, number>('predictions');
const describe = (car: Car): Features => ({ model: car.model });

topology('predict', ({ stream }) => {
  const rows = stream(cars);
  isExactly<Stream<Predicted<Car, number> | null, CarKey>>()(
    rows.pipe(predict(fordPrice, { features: describe, remember: predictions, timeout: 2_000, as: 'priced' })),
    true,
  );
  // Features may look at less than a row, and at the record; the row stays the stream's.
  isExactly<Stream<Predicted<Car, number> | null, CarKey>>()(
    rows.pipe(predict(fordPrice, { features: ({ model }: { readonly model: string }) => ({ model }) })),
    true,
  );
  rows.pipe(
    predict(fordPrice, {
      features: (car, record) => {
        isExactly<Car>()(car, true);
        isExactly<StreamRecord<Car, CarKey>>()(record, true);
        return { model: car.model };
      },
      onError: (error) => (error.phase === 'processing' ? 'skip' : 'fail'),
    }),
  );
  // A stream without tombstones may be asked about too.
  isExactly<Stream<Predicted<Car, number> | null, CarKey>>()(
    stream(present).pipe(predict(fordPrice, { features: describe })),
    true,
  );

  // @ts-expect-error a column that the row does not have
  rows.pipe(predict(fordPrice, { features: (car) => ({ model: car.modell }) }));
  // @ts-expect-error the model takes other features
  rows.pipe(predict(fordPrice, { features: (car) => ({ name: car.model }) }));
  // @ts-expect-error a memory of another prediction
  rows.pipe(predict(fuel, { features: describe, remember: predictions }));
  const byText = rows.pipe(selectKey(() => 'all'));
  // @ts-expect-error a memory of other keys
  byText.pipe(predict(fordPrice, { features: describe, remember: predictions }));
  // @ts-expect-error a decision that there is not
  rows.pipe(predict(fordPrice, { features: describe, onError: () => 'ignore' }));
  // @ts-expect-error features are asked for
  rows.pipe(predict(fordPrice, {}));
});

topology('enrich', ({ stream }) => {
  const predicted = stream(cars).pipe(predict(fuel, { features: describe }));
  isExactly<Stream<{ litres: number; by: string } | null, CarKey>>()(
    predicted.pipe(
      enrich((car, { litres }, info) => {
        isExactly<Car>()(car, true);
        isExactly<PredictionInfo>()(info, true);
        return { litres, by: info.version };
      }),
    ),
    true,
  );
  // @ts-expect-error the prediction is an object
  predicted.pipe(enrich((_car, litres) => litres.toFixed(2)));
  // @ts-expect-error rows are not predictions
  stream(cars).pipe(enrich((car: Car, _price: number) => car));
});

topology('mapAsync', ({ stream }) => {
  isExactly<Stream<Dealer, CarKey>>()(stream(present).pipe(mapAsync((car) => dealerOf(car), { concurrency: 8 })), true);
  isExactly<Stream<string, CarKey>>()(stream(present).pipe(mapAsync((car) => townsNear(car))), true);
  isExactly<Stream<number, CarKey>>()(
    stream(present).pipe(mapAsync(async (car, record) => car.id + record.key.id)),
    true,
  );
  // @ts-expect-error the value may be null here
  stream(cars).pipe(mapAsync((car) => dealerOf(car)));
  // @ts-expect-error neither a promise nor an Observable
  stream(present).pipe(mapAsync((car) => car.model));
});

const same = map((record: StreamRecord<Car, CarKey>) => record);
const values = map((record: StreamRecord<Car, CarKey>) => record.value);
const rekeyed = map((record: StreamRecord<Car, CarKey>) => withKey(record, 'all'));
const texting = map((record: StreamRecord<string, CarKey>) => record);

topology('rx', ({ stream }) => {
  isExactly<Stream<string, CarKey>>()(
    stream(present).pipe(
      rx(
        'models',
        map((record) => withValue(record, record.value.model)),
      ),
    ),
    true,
  );
  isExactly<Stream<Dealer, CarKey>>()(
    stream(present).pipe(
      rx(
        'dealers',
        pipe(
          mergeMap((record: StreamRecord<Car, CarKey>) =>
            from(dealerOf(record.value)).pipe(map((dealer) => withValue(record, dealer))),
          ),
          retry(3),
        ),
      ),
    ),
    true,
  );
  // @ts-expect-error an operator of RxJS must be wrapped
  stream(present).pipe(same);
  const watching = peek<Car, CarKey>(() => undefined);
  // @ts-expect-error also behind one of ours
  stream(present).pipe(watching, same);
  // @ts-expect-error what it gives are records, not values
  stream(present).pipe(rx('values', values));
  // @ts-expect-error keys stay
  stream(present).pipe(rx('rekeyed', rekeyed));
});

interface RememberedCar extends Car {
  price: number;
  remembered: boolean;
}

// Joined by hand, types flow as in pipe().
const priced = compose(
  unwrap<Car, CarKey>(),
  predict(fordPrice, { features: (car) => ({ model: car.model }), remember: predictions }),
  enrich((car, price, { remembered }) => ({ ...car, price, remembered })),
);
const outcome: StreamRecord<RememberedCar | null, CarKey> = recordOfOutput(priced);
void outcome;
declare function recordOfOutput<Out extends StreamRecord>(operator: Operator<never, Out>): Out;

topology('compose', ({ stream }) => {
  const models = compose(
    filter((car: Car | null, _record: StreamRecord<Car | null, CarKey>) => car !== null),
    mapValues((car) => car?.model ?? ''),
  );
  isExactly<Stream<string, CarKey>>()(stream(cars).pipe(models), true);
  isExactly<Stream<number, CarKey>>()(
    stream(cars).pipe(
      models,
      mapValues((name) => name.length),
    ),
    true,
  );
  // @ts-expect-error texts are not cars
  stream(texts).pipe(models);
  // @ts-expect-error an operator of RxJS in the middle
  compose(models, texting);
  const plusOne = mapValues<number, CarKey, number>((n) => n + 1);
  // @ts-expect-error the second takes other values
  compose(models, plusOne);
});

topology('sinks', ({ stream }) => {
  const rows = stream(cars).pipe(
    predict(fordPrice, { features: describe }),
    enrich((car, price) => ({ ...car, price })),
  );
  rows.to(cars);
  // @ts-expect-error null does not go where the topic does not declare it
  rows.to(present);
  rows.pipe(filter((row) => row !== null)).to(present);
  // @ts-expect-error the key is another one
  rows.pipe(mapAsync(async () => 'text')).to(texts);
});

// By hand an operator is RxJS's own kind of function.
isExactly<Observable<StreamRecord<string, CarKey>>>()(
  of<StreamRecord<Car, CarKey>>().pipe(mapValues((car) => car.model)),
  true,
);
