import type { StreamRecord } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

export const FOREACH_KIND = 'KSTREAM-FOREACH-';

/**
 * Does something with each record and ends the stream: Kafka Streams' `foreach`. Called by hand, its Observable emits
 * nothing and completes or errors as its source does.
 *
 * The action may run more than once for a record: what it does outside of the topology is not part of a transaction.
 *
 * @example
 * stream(prices).pipe(foreach((price, record) => gauge.set(price)));
 */
export function foreach<V, K>(
  action: (value: V, record: StreamRecord<V, K>) => void,
  named: Named = {},
): Operator<StreamRecord<V, K>, never> {
  return operatorOf<StreamRecord<V, K>, never>({
    kind: FOREACH_KIND,
    name: named.as,
    bind: () => (record) => action(record.value, record),
  });
}
