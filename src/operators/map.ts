import { type StreamRecord, withKeyValue } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/**
 * Makes each record one with another key and value: Kafka Streams' `map`. Prefer {@link mapValues} where the key
 * stays: what keeps a store by key cannot follow a `map`.
 *
 * The mapper sees tombstones, as null.
 *
 * @param mapper returns `[key, value]`, as the entries of a Map are
 * @example
 * stream(cars).pipe(map((car, record) => [car.model, car.price]))
 */
export function map<V, K, NewV, NewK>(
  mapper: (value: V, record: StreamRecord<V, K>) => readonly [NewK, NewV],
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<NewV, NewK>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<NewV, NewK>>({
    kind: 'KSTREAM-MAP-',
    name: named.as,
    keys: 'changed',
    bind: (_context, forward) => (record) => {
      const [key, value] = mapper(record.value, record);
      forward(withKeyValue(record, key, value));
    },
  });
}
