import { type StreamRecord, withValue } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/**
 * Makes each value another one, and keeps the key: Kafka Streams' `mapValues`.
 *
 * The mapper sees tombstones, as null; returning null makes one.
 *
 * @example
 * stream(cars).pipe(mapValues((car) => car && { ...car, price: Math.round(car.price) }))
 */
export function mapValues<V, K, NewV>(
  mapper: (value: V, record: StreamRecord<V, K>) => NewV,
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<NewV, K>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<NewV, K>>({
    kind: 'KSTREAM-MAPVALUES-',
    name: named.as,
    bind: (_context, forward) => (record) => forward(withValue(record, mapper(record.value, record))),
  });
}
