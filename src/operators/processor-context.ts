/** The context of `processValues` and `operator`: Kafka Streams' `ProcessorContext`, made from an operator's. */
import type { Clock, Timer } from '../clock.js';
import type { StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import type { Forward, Named, OperatorContext, PunctuationType } from './operator.js';

/** Where a record was read. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What a processor may use, whatever it forwards. */
export interface ProcessingContext {
  /** @throws TopologyError when the processor did not list the store in `stores` */
  store<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V>;
  /**
   * Calls back every `intervalMs` milliseconds of stream time (as records' timestamps advance) or of the clock, with
   * the time that has come. The callback may forward and use stores.
   */
  schedule(intervalMs: number, type: PunctuationType, callback: (timestamp: number) => void): Timer;
  /** Where the record being processed was read; undefined in `init` and in scheduled callbacks. */
  readonly recordMetadata: RecordMetadata | undefined;
  /** The largest timestamp that the task has seen, milliseconds; -1 before the first record. */
  readonly streamTime: number;
  readonly clock: Clock;
}

/** What makes a processor: its stores and callbacks, which get one context for each task. */
export interface ProcessorParts<In extends StreamRecord, Context> extends Named {
  /** The stores that it uses. */
  readonly stores?: readonly StoreDeclaration[];
  /** Called once for each task, before its first record: for schedules. What is kept between records is kept in stores. */
  init?(context: Context): void;
  /** Called with each record. Synchronous: what is forwarded is forwarded before it returns. */
  process(record: In, context: Context): void;
  /** Called once for each task, when the task ends. */
  close?(): void;
}

/**
 * Binds a processor to a task.
 *
 * @param forwardFor makes the context's `forward`; `current` gives the record being processed, if there is one
 */
export function bindProcessor<In extends StreamRecord, ForwardFunction>(
  parts: ProcessorParts<In, ProcessingContext & { readonly forward: ForwardFunction }>,
  context: OperatorContext,
  forwardFor: (current: () => In | undefined) => ForwardFunction,
): Forward<In> {
  let current: In | undefined;
  const own = {
    forward: forwardFor(() => current),
    store: <K, V>(declaration: StoreDeclaration<K, V>) => context.store(declaration),
    schedule: (intervalMs: number, type: PunctuationType, callback: (timestamp: number) => void) =>
      context.schedule(intervalMs, type, callback),
    get recordMetadata(): RecordMetadata | undefined {
      return current && { topic: current.topic, partition: current.partition, offset: current.offset };
    },
    get streamTime(): number {
      return context.streamTime();
    },
    clock: context.clock,
  };
  parts.init?.(own);
  if (parts.close !== undefined) context.onClose(() => parts.close?.());
  return (record) => {
    current = record;
    try {
      parts.process(record, own);
    } finally {
      current = undefined;
    }
  };
}
