import type { StreamRecord } from '../record.js';
import { type Operator, operatorOf } from './operator.js';
import { bindProcessor, type ProcessingContext, type ProcessorParts } from './processor-context.js';

/** The context of {@link operator}: it forwards whole records. */
export interface ProcessorContext<Out extends StreamRecord> extends ProcessingContext {
  /**
   * Passes a record on. Make it from the one being processed with `withValue`, `withKey` or `withKeyValue`, so that
   * it keeps position, headers and timestamp.
   *
   * @throws Error when the key is another one and the operator did not declare `keys: 'changed'`
   */
  forward(record: Out): void;
}

/** What {@link operator} takes. */
export interface OwnOperator<In extends StreamRecord, Out extends StreamRecord>
  extends Omit<ProcessorParts<In, ProcessorContext<Out>>, 'as'> {
  /** Whether records may leave with another key than they came with. Default: `kept`. */
  readonly keys?: 'kept' | 'changed';
}

/**
 * Makes an operator of one's own: Kafka Streams' `process` with its `Processor`.
 *
 * `process` sees tombstones, as null. One object serves all tasks: what is kept between records belongs into stores,
 * where it is also part of the commit.
 *
 * @param name the node's name in the topology
 * @example
 * const everySecond = operator('every-second', {
 *   process(record: StreamRecord<Car, CarKey>, context: ProcessorContext<StreamRecord<Car, CarKey>>) {
 *     if (record.offset % 2 === 0) context.forward(record);
 *   },
 * });
 */
export function operator<In extends StreamRecord, Out extends StreamRecord>(
  name: string,
  own: OwnOperator<In, Out>,
): Operator<In, Out> {
  const keys = own.keys ?? 'kept';
  return operatorOf<In, Out>({
    kind: 'KSTREAM-PROCESSOR-',
    name,
    stores: own.stores ?? [],
    keys,
    bind: (context, forward) =>
      bindProcessor(own, context, (current) => (record: Out) => {
        const from = current();
        if (keys === 'kept' && from !== undefined && from.key !== record.key) {
          throw new Error(`'${name}' forwarded a record under another key: declare the operator with keys: 'changed'`);
        }
        forward(record);
      }),
  });
}
