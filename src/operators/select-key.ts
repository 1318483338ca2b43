import { type StreamRecord, withKey } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/**
 * Gives each record another key: Kafka Streams' `selectKey`. What keeps a store by key cannot follow it.
 *
 * The selector sees tombstones, as null.
 *
 * @example
 * stream(cars).pipe(selectKey((car) => car.model))
 */
export function selectKey<V, K, NewK>(
  selector: (value: V, record: StreamRecord<V, K>) => NewK,
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<V, NewK>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<V, NewK>>({
    kind: 'KSTREAM-KEY-SELECT-',
    name: named.as,
    keys: 'changed',
    bind: (_context, forward) => (record) => forward(withKey(record, selector(record.value, record))),
  });
}
