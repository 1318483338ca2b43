import { type StreamRecord, withKeyValue } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/**
 * Makes each record none, one or many, with other keys and values: Kafka Streams' `flatMap`. Prefer
 * {@link flatMapValues} where the key stays: what keeps a store by key cannot follow a `flatMap`.
 *
 * The mapper sees tombstones, as null. If it throws half-way, nothing of the record goes on.
 *
 * @param mapper returns an iterable of `[key, value]`
 * @example
 * stream(orders).pipe(flatMap((order) => order.lines.map((line) => [line.article, line.quantity])))
 */
export function flatMap<V, K, NewV, NewK>(
  mapper: (value: V, record: StreamRecord<V, K>) => Iterable<readonly [NewK, NewV]>,
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<NewV, NewK>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<NewV, NewK>>({
    kind: 'KSTREAM-FLATMAP-',
    name: named.as,
    keys: 'changed',
    bind: (_context, forward) => (record) => {
      for (const [key, value] of [...mapper(record.value, record)]) forward(withKeyValue(record, key, value));
    },
  });
}
