import { type OperatorFunction, of } from 'rxjs';
import { TopologyError } from '../errors.js';
import type { StreamRecord } from '../record.js';
import { Calls, checkTimeout } from './calls.js';
import { type Operator, operatorOf } from './operator.js';

/**
 * Takes an operator of RxJS into a topology. It is subscribed afresh to `of(record)` for each record; whatever it
 * emits until it completes, at once or later, belongs to that record, and its error goes to the record's handler.
 *
 * Operators that look across records (`scan`, `bufferCount`, `pairwise`, `debounceTime`, `take` …) see one record
 * only: a memory across records must be in a store, or a crash would lose it and a retry count it twice. Use
 * `processValues` with a store, `distinct` or `predict`'s memory for that.
 *
 * The key must stay as it is (`selectKey` changes keys).
 *
 * @param name the node's name
 * @param options `timeout`: milliseconds until a record whose operator has not completed fails; default 10,000
 * @throws ConfigurationError when `timeout` is no positive number of milliseconds
 * @example
 * rx('retry-lookup', mergeMap((record) => defer(() => lookup(record.value)).pipe(retry(3))))
 */
export function rx<V, K, W>(
  name: string,
  operator: OperatorFunction<StreamRecord<V, K>, StreamRecord<W, K>>,
  options: { readonly timeout?: number } = {},
): Operator<StreamRecord<V, K>, StreamRecord<W, K>> {
  checkTimeout(`rx('${name}')`, options.timeout);
  return operatorOf({
    kind: 'MILLRACE-RX-',
    name,
    timing: 'asynchronous',
    bind(context, forward) {
      const calls = new Calls<StreamRecord<V, K>, StreamRecord<W, K>>(context, {
        start: (record) => of(record).pipe(operator),
        release: (record, results) => {
          for (const result of results) {
            if (result.key !== record.key) {
              throw new TopologyError(`rx('${name}') changed the key of a record: use selectKey() for that`, name);
            }
            forward(result);
          }
        },
        concurrency: Number.POSITIVE_INFINITY,
        timeoutMs: options.timeout ?? 10_000,
        onError: undefined,
      });
      return (record) => calls.process(record as StreamRecord<V, K>);
    },
  });
}
