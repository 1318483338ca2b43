import type { StreamRecord } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

export const FILTER_KIND = 'KSTREAM-FILTER-';

/**
 * Keeps the records for which the predicate holds: Kafka Streams' `filter`. Those left out are counted as filtered.
 *
 * The predicate sees tombstones, as null. A predicate that is a type guard narrows the values that follow.
 *
 * @example
 * stream(cars).pipe(filter((car) => car !== null && car.year >= 2015))
 */
export function filter<V, K, Kept extends V>(
  predicate: (value: V, record: StreamRecord<V, K>) => value is Kept,
  named?: Named,
): Operator<StreamRecord<V, K>, StreamRecord<Kept, K>>;
export function filter<V, K>(
  predicate: (value: V, record: StreamRecord<V, K>) => boolean,
  named?: Named,
): Operator<StreamRecord<V, K>, StreamRecord<V, K>>;
export function filter<V, K>(
  predicate: (value: V, record: StreamRecord<V, K>) => boolean,
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<V, K>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<V, K>>({
    kind: FILTER_KIND,
    name: named.as,
    bind: (context, forward) => (record) => {
      if (predicate(record.value, record)) forward(record);
      else context.count('filtered');
    },
  });
}
