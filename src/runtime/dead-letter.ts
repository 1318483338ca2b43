import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import { asError, type RecordError } from '../errors.js';
import type { Header } from '../record.js';

/** The prefix of the headers that say why a record is a dead letter. */
export const ERROR_HEADER_PREFIX = '__streams.errors.';

/**
 * A dead letter: the original bytes, headers and timestamp, and headers that say what went wrong and where the record
 * was read. Values are UTF-8 text.
 *
 * Source: KIP-1034, Kafka Streams' `ExceptionHandlerUtils`.
 */
export function deadLetter(topic: string, raw: ConsumedRecord, error: RecordError): ProduceRequest {
  const cause = asError(error.cause ?? error);
  const reason: readonly (readonly [string, string])[] = [
    ['exception', cause.name],
    ['message', error.message],
    ['stacktrace', cause.stack ?? ''],
    ['topic', raw.topic],
    ['partition', String(raw.partition)],
    ['offset', String(raw.offset)],
  ];
  const headers: Header[] = [...raw.headers];
  for (const [name, text] of reason) headers.push({ key: ERROR_HEADER_PREFIX + name, value: Buffer.from(text) });
  return { topic, partition: undefined, key: raw.key, value: raw.value, timestamp: raw.timestamp, headers };
}
