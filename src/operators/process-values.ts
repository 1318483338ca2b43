import { type StreamRecord, withValue } from '../record.js';
import { type Operator, operatorOf } from './operator.js';
import { bindProcessor, type ProcessingContext, type ProcessorParts } from './processor-context.js';

/** The context of {@link processValues}: it forwards values, under the key of the record that they come from. */
export interface ValueProcessorContext<K, NewV> extends ProcessingContext {
  /**
   * Passes a value on, with the key, timestamp and headers of a record.
   *
   * @param from the record that the value comes from; default: the one being processed. A scheduled callback has none,
   *   and gives one that it kept
   * @throws Error when there is no such record
   */
  forward(value: NewV, from?: StreamRecord<unknown, K>): void;
}

/** What {@link processValues} takes. */
export type ValueProcessor<V, K, NewV> = ProcessorParts<StreamRecord<V, K>, ValueProcessorContext<K, NewV>>;

/**
 * Processes records with stores and schedules, and keeps their keys: Kafka Streams' `processValues` with its
 * `FixedKeyProcessor`. Use `operator` where keys change.
 *
 * `process` sees tombstones, as null. One processor object serves all tasks: what is kept between records belongs
 * into stores, where it is also part of the commit.
 *
 * @example
 * const counts = keyValueStore<string, number>('counts');
 * stream(cars).pipe(
 *   processValues({
 *     stores: [counts],
 *     process(record, context: ValueProcessorContext<string, number>) {
 *       const count = (context.store(counts).get(record.key) ?? 0) + 1;
 *       context.store(counts).put(record.key, count);
 *       context.forward(count);
 *     },
 *   }),
 * )
 */
export function processValues<V, K, NewV>(
  processor: ValueProcessor<V, K, NewV>,
): Operator<StreamRecord<V, K>, StreamRecord<NewV, K>> {
  return operatorOf<StreamRecord<V, K>, StreamRecord<NewV, K>>({
    kind: 'KSTREAM-PROCESSVALUES-',
    name: processor.as,
    stores: processor.stores ?? [],
    bind: (context, forward) =>
      bindProcessor(
        processor,
        context,
        (current) =>
          (value: NewV, from: StreamRecord<unknown, K> | undefined = current()) => {
            if (from === undefined) {
              throw new Error(
                `'${context.node}' forwarded a value while no record was being processed: process is synchronous ` +
                  '(use mapAsync to wait for something), and a scheduled callback gives the record as second argument',
              );
            }
            forward(withValue(from, value));
          },
      ),
  });
}
