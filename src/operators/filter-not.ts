import type { StreamRecord } from '../record.js';
import { FILTER_KIND } from './filter.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/**
 * Leaves out the records for which the predicate holds: Kafka Streams' `filterNot`. They are counted as filtered.
 *
 * The predicate sees tombstones, as null. A predicate that is a type guard narrows the values that follow.
 *
 * @example
 * stream(cars).pipe(filterNot((car) => car === null))
 */
export function filterNot<V, K, LeftOut extends V>(
  predicate: (value: V, record: StreamRecord<V, K>) => value is LeftOut,
  named?: Named,
): Operator<StreamRecord<V, K>, StreamRecord<Exclude<V, LeftOut>, K>>;
export function filterNot<V, K>(
  predicate: (value: V, record: StreamRecord<V, K>) => boolean,
  named?: Named,
): Operator<StreamRecord<V, K>, StreamRecord<V, K>>;
export function filterNot<V, K>(
  predicate: (value: V, record: StreamRecord<V, K>) => boolean,
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<V, K>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<V, K>>({
    kind: FILTER_KIND,
    name: named.as,
    bind: (context, forward) => (record) => {
      if (predicate(record.value, record)) context.count('filtered');
      else forward(record);
    },
  });
}
