/** What each operator costs a record, in nanoseconds, bound in a task; without serdes, stores and model. */
import { features, fordPrice } from '../models/ford/index.js';
import { type Car, type CarKey, carChanges, pricedCars } from '../schemas/cars.js';
import type { ProduceRequest } from '../src/brokers/port.js';
import type { Change } from '../src/cdc/change.js';
import { systemClock } from '../src/clock.js';
import { always } from '../src/error-handler.js';
import {
  changePositions,
  distinct,
  enrich,
  filter,
  flatMapValues,
  mapValues,
  ofTable,
  peek,
  predict,
  predictionMemory,
  topology,
  unwrap,
} from '../src/index.js';
import type { Answered, Oracle } from '../src/model/model.js';
import { NO_HEADERS, type StreamRecord } from '../src/record.js';
import { Task } from '../src/runtime/task.js';
import { wire } from '../src/runtime/wiring.js';
import type { KeyValueStore, StoreDeclaration } from '../src/state/store.js';
import type { TaskStore } from '../src/state/task-store.js';
import type { Topology } from '../src/topology/graph.js';
import { SOURCE } from './change-events.js';
import { median } from './machine.js';

const RECORDS = 200_000;
const RUNS = 5;
/** Records between two answers of the model. */
const BATCH = 512;

const delivered = changePositions<CarKey>('delivered');
const predictions = predictionMemory<CarKey, number>('predictions');

/** A store that remembers nothing and costs nothing: what is measured is the operator. */
function noStore(declaration: StoreDeclaration): TaskStore & KeyValueStore {
  const store = {
    name: declaration.name,
    get: () => undefined,
    has: () => false,
    put: () => {},
    delete: () => {},
    entries: () => [][Symbol.iterator](),
    dropUncommitted: () => {},
  };
  return store as unknown as TaskStore & KeyValueStore;
}

/** Frozen, as the serdes give it. Not spread from another: Node 20 makes a hidden class for each row that is. */
function car(id: number): Car {
  return Object.freeze({
    id,
    model: ' Focus',
    year: 2018,
    transmission: 'Manual',
    mileage: 9083,
    fueltype: 'Petrol',
    tax: 150,
    mpg: 57.7,
    enginesize: 1,
  });
}

function record(offset: number): StreamRecord {
  const change: Change<Car> = Object.freeze({
    before: null,
    after: car(offset),
    source: Object.freeze({
      version: '3.6.0.Final',
      connector: 'postgresql',
      name: 'car_database',
      ts_ms: offset,
      snapshot: 'false',
      db: 'car_database',
      sequence: null,
      schema: 'public',
      table: 'car_data',
      txId: 1,
      lsn: offset,
    } as Change<Car>['source']),
    op: 'c',
    ts_ms: offset,
    transaction: null,
  });
  return {
    key: Object.freeze({ id: offset }),
    value: change,
    timestamp: offset,
    headers: NO_HEADERS,
    topic: SOURCE,
    partition: 0,
    offset,
    change: undefined,
    keySchema: undefined,
    valueSchema: undefined,
  };
}

const REQUEST: ProduceRequest = {
  topic: pricedCars.name,
  partition: undefined,
  key: null,
  value: null,
  timestamp: 0,
  headers: NO_HEADERS,
};

/** Nanoseconds a record through the whole topology. */
function cost(program: Topology, records: readonly StreamRecord[]): number {
  const answers: Answered<number>[] = [];
  const oracle: Oracle<unknown, number> = {
    identity: { name: fordPrice.name, version: '1' },
    ask: (_features, _timeoutMs, answered) => answers.push(answered),
  };
  const task = new Task('0_0', 0, {
    clock: systemClock,
    oracle: () => oracle as Oracle<never, never>,
    handler: () => always('fail'),
    deadLetter: () => REQUEST,
    finished: () => {},
    stopped: (error) => {
      throw error;
    },
    count: () => {},
    dropped: () => {},
  });
  const [subtopology] = program.subtopologies;
  const codec = { read: (_source: unknown, raw: unknown) => raw as StreamRecord, write: () => REQUEST };
  wire(task, subtopology!, subtopology!.stores.map(noStore), codec, { tap: () => ({ listener: undefined }) });
  const startedAt = process.hrtime.bigint();
  for (const [index, each] of records.entries()) {
    task.process(each as never);
    if (index % BATCH === BATCH - 1) for (const answered of answers.splice(0)) answered(null, 9_000);
  }
  for (const answered of answers.splice(0)) answered(null, 9_000);
  const ns = Number(process.hrtime.bigint() - startedAt) / records.length;
  task.close();
  return ns;
}

type Program = readonly [name: string, program: Topology];

const PROGRAMS: readonly Program[] = [
  ['(task alone: source to sink)', topology('t', ({ stream }) => void stream(carChanges).to(carChanges as never))],
  [
    'filter',
    topology(
      't',
      ({ stream }) =>
        void stream(carChanges)
          .pipe(filter(ofTable('public.car_data')))
          .to(carChanges as never),
    ),
  ],
  [
    'mapValues',
    topology(
      't',
      ({ stream }) =>
        void stream(carChanges)
          .pipe(mapValues((v) => v))
          .to(carChanges as never),
    ),
  ],
  [
    'flatMapValues',
    topology(
      't',
      ({ stream }) =>
        void stream(carChanges)
          .pipe(flatMapValues((v) => [v]))
          .to(carChanges as never),
    ),
  ],
  [
    'peek',
    topology(
      't',
      ({ stream }) =>
        void stream(carChanges)
          .pipe(peek(() => {}))
          .to(carChanges as never),
    ),
  ],
  [
    'distinct',
    topology(
      't',
      ({ stream }) =>
        void stream(carChanges)
          .pipe(distinct({ remember: delivered }))
          .to(carChanges as never),
    ),
  ],
  [
    'unwrap',
    topology(
      't',
      ({ stream }) =>
        void stream(carChanges)
          .pipe(unwrap())
          .to(pricedCars as never),
    ),
  ],
  [
    'unwrap, predict without memory, enrich',
    topology('t', ({ stream }) => {
      stream(carChanges)
        .pipe(
          unwrap(),
          predict(fordPrice, { features }),
          enrich((car, price) => ({ ...car, suggestedprice: price })),
        )
        .to(pricedCars);
    }),
  ],
  [
    'the whole chain: filter, distinct, unwrap, predict with memory, enrich',
    topology('t', ({ stream }) => {
      stream(carChanges)
        .pipe(
          filter(ofTable('public.car_data')),
          distinct({ remember: delivered }),
          unwrap(),
          predict(fordPrice, { features, remember: predictions }),
          enrich((car, price) => ({ ...car, suggestedprice: price })),
        )
        .to(pricedCars);
    }),
  ],
];

/** Prints the cost of each operator: of the task with it, and less the task alone. */
export function benchOperators(only = ''): void {
  const records = Array.from({ length: RECORDS }, (_, offset) => record(offset));
  let alone = 0;
  console.log(`\noperators, ns a record (median of ${RUNS} runs over ${RECORDS.toLocaleString('en')} records)`);
  for (const [name, program] of PROGRAMS) {
    if (!name.includes(only)) continue;
    cost(program, records);
    const ns = median(Array.from({ length: RUNS }, () => cost(program, records)));
    if (alone === 0) alone = ns;
    console.log(
      `  ${name.padEnd(72)} ${ns.toFixed(0).padStart(6)}   of its own ${(ns - alone).toFixed(0).padStart(6)}`,
    );
  }
}
