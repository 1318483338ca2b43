import type { Observable } from 'rxjs';
import type { ErrorHandler } from '../error-handler.js';
import { type StreamRecord, withValue } from '../record.js';
import { Calls, checkTimeout } from './calls.js';
import { type Named, type Operator, operatorOf } from './operator.js';

/** What {@link mapAsync} may be told. */
export interface MapAsyncOptions extends Named {
  /** Calls under way at once, for each task. Default 256. */
  readonly concurrency?: number;
  /** Milliseconds until a call counts as failed. Default 10,000. */
  readonly timeout?: number;
  /** Decides over a record whose call failed. Default: the application's processing handler. */
  readonly onError?: ErrorHandler;
}

/**
 * Maps a value by an asynchronous call: a promise gives one result, an Observable 0 to n, released together when it
 * completes. Results leave in the order of their records; the key stays.
 *
 * @param call called with the value and its record; runs ahead, at most `concurrency` at once
 * @throws ConfigurationError when `timeout` is no positive number of milliseconds
 * @throws (to the record's handler) what the call throws or rejects with; an error when it takes longer than `timeout`
 * @example
 * mapAsync((car) => fetchDealer(car.dealer), { concurrency: 32 })
 */
export function mapAsync<V, K, W>(
  call: (value: V, record: StreamRecord<V, K>) => Promise<W> | Observable<W>,
  options: MapAsyncOptions = {},
): Operator<StreamRecord<V, K>, StreamRecord<W, K>> {
  checkTimeout('mapAsync', options.timeout);
  return operatorOf({
    kind: 'MILLRACE-MAPASYNC-',
    name: options.as,
    timing: 'asynchronous',
    bind(context, forward) {
      const calls = new Calls<StreamRecord<V, K>, W>(context, {
        start: (record) => call(record.value, record),
        release: (record, results) => {
          for (const result of results) forward(withValue(record, result));
        },
        concurrency: options.concurrency ?? 256,
        timeoutMs: options.timeout ?? 10_000,
        onError: options.onError,
      });
      return (record) => calls.process(record as StreamRecord<V, K>);
    },
  });
}
