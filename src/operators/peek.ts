import type { StreamRecord } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/**
 * Looks at each record and passes it on: Kafka Streams' `peek`.
 *
 * The action may run more than once for a record: what it does outside of the topology is not part of a transaction.
 *
 * @example
 * stream(cars).pipe(peek((car, record) => log.debug({ offset: record.offset, car })))
 */
export function peek<V, K>(
  action: (value: V, record: StreamRecord<V, K>) => void,
  named: Named = {},
): Operator<StreamRecord<V, K>, StreamRecord<V, K>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<V, K>>({
    kind: 'KSTREAM-PEEK-',
    name: named.as,
    bind: (_context, forward) => (record) => {
      action(record.value, record);
      forward(record);
    },
  });
}
