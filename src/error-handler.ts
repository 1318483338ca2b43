/**
 * What happens to a record that failed. Kafka Streams has three handlers, for deserialization, processing and
 * production; so has millrace (`deserialization.exception.handler` and so on).
 */
import type { RecordError } from './errors.js';

/**
 * - `fail`: everything before the record commits, the application goes to ERROR; a restart meets the record again.
 * - `skip`: the record leaves nothing; it is counted and logged.
 * - `dead-letter`: as `skip`, and its original bytes go to the dead-letter topic with the reason in headers.
 */
export type ErrorDecision = 'fail' | 'skip' | 'dead-letter';

/** Decides by the error; `cause` is what was thrown. Must not throw: if it does, the decision is `fail`. */
export type ErrorHandler = (error: RecordError) => ErrorDecision;

/**
 * The same decision for every error.
 *
 * @example
 * predict(fordPrice, { features, onError: always('dead-letter') })
 */
export function always(decision: ErrorDecision): ErrorHandler {
  return () => decision;
}
