/** Where records go that cannot be written, under `errors.tolerance=all`. */
import type { ConsumedRecord, Producer } from '../../brokers/port.js';
import type { RecordError } from '../../errors.js';
import type { Header } from '../../record.js';

const FLUSH_TIMEOUT_MS = 30_000;

/**
 * Sends the record's own bytes, with its origin and the reason in headers, and waits until the broker has it.
 *
 * Source of the headers: Kafka Connect 4.3 `DeadLetterQueueReporter`.
 *
 * @throws BrokerError when the broker refuses it
 */
export async function sendDeadLetter(
  producer: Producer,
  topic: string,
  record: ConsumedRecord,
  error: RecordError,
): Promise<void> {
  const cause = error.cause instanceof Error ? error.cause : error;
  producer.produce({
    topic,
    partition: undefined,
    key: record.key,
    value: record.value,
    timestamp: record.timestamp,
    headers: [
      ...record.headers,
      header('topic', record.topic),
      header('partition', String(record.partition)),
      header('offset', String(record.offset)),
      header('stage', error.phase === 'deserialization' ? 'VALUE_CONVERTER' : 'TASK_PUT'),
      header('exception.class.name', cause.name),
      header('exception.message', error.message),
    ],
  });
  await producer.flush(FLUSH_TIMEOUT_MS);
}

function header(name: string, value: string): Header {
  return { key: `__connect.errors.${name}`, value: Buffer.from(value) };
}
