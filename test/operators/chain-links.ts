/** Operators that fit behind each other in any order: of numbers with text keys, both of which may be null. */
import { concat, mergeMap, of, pipe, delay as rxDelay } from 'rxjs';
import { delay } from '../../src/clock.js';
import { model } from '../../src/model/model.js';
import { changePositions } from '../../src/operators/change-positions.js';
import { compose } from '../../src/operators/compose.js';
import { distinct } from '../../src/operators/distinct.js';
import { enrich } from '../../src/operators/enrich.js';
import { filter } from '../../src/operators/filter.js';
import { filterNot } from '../../src/operators/filter-not.js';
import { flatMap } from '../../src/operators/flat-map.js';
import { flatMapValues } from '../../src/operators/flat-map-values.js';
import { map } from '../../src/operators/map.js';
import { mapAsync } from '../../src/operators/map-async.js';
import { mapValues } from '../../src/operators/map-values.js';
import { nodesOf, type Operator } from '../../src/operators/operator.js';
import { peek } from '../../src/operators/peek.js';
import { predict } from '../../src/operators/predict.js';
import { predictionMemory } from '../../src/operators/prediction-memory.js';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import { rx } from '../../src/operators/rx.js';
import { selectKey } from '../../src/operators/select-key.js';
import { unwrap } from '../../src/operators/unwrap.js';
import { operator, type ProcessorContext } from '../../src/operators/user-operator.js';
import { type StreamRecord, withValue } from '../../src/record.js';
import { keyValueStore } from '../../src/state/declare.js';
import type { CaseKit } from './tables/marble-case.js';

export type LinkRecord = StreamRecord<number | null, string | null>;
export type Link = Operator<LinkRecord, LinkRecord>;

/** What a link is made with. */
export interface LinkKit extends Pick<CaseKit, 'clock' | 'fake'> {
  /** Unique in the chain: names nodes, stores and models. */
  readonly name: string;
  /** Frames that the asynchronous ones take for a value. */
  readonly frames: (value: number | null) => number;
}

const plus = (value: number | null, n: number) => (value === null ? null : value + n);

function asking({ name, fake, frames }: LinkKit, remember: boolean): Link {
  const fordPrice = model<number, number>(`model-${name}`);
  const asked = fake(fordPrice, { answer: (n) => n + 100, delay: frames });
  const memory = predictionMemory<string | null, number>(`predictions-${name}`);
  return compose(
    predict(asked, { features: (n: number, _record: LinkRecord) => n % 2, ...(remember ? { remember: memory } : {}) }),
    // What was remembered shows in the result.
    enrich((n, price, info) => n + price + (info.remembered ? 1_000 : 0)),
  ) as unknown as Link;
}

function counting({ name }: LinkKit): Link {
  const counts = keyValueStore<string, number>(`counts-${name}`);
  return processValues({
    stores: [counts],
    process(record: LinkRecord, context: ValueProcessorContext<string | null, number | null>) {
      if (record.key === null) return;
      const count = (context.store(counts).get(record.key) ?? 0) + 1;
      context.store(counts).put(record.key, count);
      context.forward(record.value);
      if (count % 2 === 0) context.forward(count);
    },
  });
}

export const links: Readonly<Record<string, (kit: LinkKit) => Link>> = {
  filter: () => filter((n, _record) => n !== 1),
  filterNot: () => filterNot((n, _record) => n === 2),
  map: () => map((n, { key }) => [key === null ? 'null' : `${key}'`, plus(n, 1)]),
  mapValues: () => mapValues((n) => plus(n, 1)),
  flatMap: () => flatMap((n, { key }) => (n === 3 ? [] : [[key, n] as const, [`${key}"`, plus(n, 2)] as const])),
  flatMapValues: () => flatMapValues((n) => (n === 0 ? [] : [n, plus(n, 1), n])),
  selectKey: () => selectKey((n) => (n === null ? null : `${n % 2}`)),
  peek: () => peek(() => undefined),
  processValues: counting,
  operator: ({ name }) =>
    operator(name, {
      process(record: LinkRecord, context: ProcessorContext<LinkRecord>) {
        context.forward(record);
        if (record.value === 1) context.forward(withValue(record, 5));
      },
    }),
  unwrap: () => unwrap() as unknown as Link,
  distinct: ({ name }) => distinct({ remember: changePositions<string | null>(`delivered-${name}`) }),
  predict: (kit) => asking(kit, false),
  'predict with a memory': (kit) => asking(kit, true),
  mapAsync: ({ clock, frames }) =>
    mapAsync(
      async (n: number | null) => {
        await delay(clock, frames(n));
        return plus(n, 10);
      },
      { concurrency: 2 },
    ),
  'mapAsync of Observables': ({ frames }) =>
    mapAsync((n: number | null) => (n === null ? of() : concat(of(n), of(n + 7).pipe(rxDelay(frames(n)))))),
  rx: ({ name, frames }) =>
    rx(name, pipe(mergeMap((record: LinkRecord) => of(record).pipe(rxDelay(frames(record.value)))))),
};

/** Joins links, leaving out those that a topology refuses: with a store behind one that changes keys. */
export function chainOf(made: readonly Link[]): Link | undefined {
  let keysChanged = false;
  const fitting = made.filter((link) => {
    const nodes = nodesOf(link);
    if (keysChanged && nodes.some(({ stores }) => stores.length > 0)) return false;
    keysChanged ||= nodes.some(({ keys }) => keys === 'changed');
    return true;
  });
  const [first, ...rest] = fitting;
  return first === undefined ? undefined : rest.reduce((chain, link) => compose(chain, link), first);
}
