import { partitionName } from '../brokers/partition-name.js';
import type { ConsumedRecord } from '../brokers/port.js';
import type { ErrorHandler } from '../error-handler.js';
import { asError, RecordError, type RecordPhase } from '../errors.js';
import type { Failure } from './unit.js';

/** Marks where an error was thrown, on its way up to the task. */
export class Located {
  readonly error: Error;
  readonly node: string;
  readonly phase: RecordPhase;

  constructor(error: unknown, node: string, phase: RecordPhase) {
    this.error = asError(error);
    this.node = node;
    this.phase = phase;
  }
}

/** Says at which node something was thrown, unless that is known already. */
export function located(thrown: unknown, node: string, phase: RecordPhase): Located {
  return thrown instanceof Located ? thrown : new Located(thrown, node, phase);
}

/** The failure of a record, from what was thrown while it was worked on. */
export function failureOf(
  thrown: unknown,
  raw: ConsumedRecord | undefined,
  lane: number,
  onError: ErrorHandler | undefined,
): Failure {
  const { error, node, phase } = located(thrown, 'the runtime', 'processing');
  const { topic, partition, offset } = raw ?? { topic: '', partition: -1, offset: -1 };
  const where = raw === undefined ? 'a punctuation' : `${partitionName(raw)}@${raw.offset}`;
  const message = `${where} failed in ${node} (${phase}): ${error.message}`;
  return {
    error: new RecordError(message, phase, { topic, partition, offset }, node, { cause: error }),
    lane,
    onError,
  };
}
