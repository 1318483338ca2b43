import { type StreamRecord, withValue } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/**
 * Makes each value none, one or many, and keeps the key: Kafka Streams' `flatMapValues`.
 *
 * The mapper sees tombstones, as null. If it throws half-way, nothing of the record goes on.
 *
 * @param mapper returns an iterable of values
 * @example
 * stream(orders).pipe(flatMapValues((order) => order.lines))
 */
export function flatMapValues<V, K, NewV>(
  mapper: (value: V, record: StreamRecord<V, K>) => Iterable<NewV>,
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<NewV, K>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<NewV, K>>({
    kind: 'KSTREAM-FLATMAPVALUES-',
    name: named.as,
    bind: (_context, forward) => (record) => {
      for (const value of [...mapper(record.value, record)]) forward(withValue(record, value));
    },
  });
}
