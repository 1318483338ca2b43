/** A dead letter as it lies in its topic, and why it is there. */
import { createHash } from 'node:crypto';
import type { ConsumedRecord, TopicPartitionOffset } from '../brokers/port.js';
import type { Headers } from '../record.js';
import { ERROR_HEADER_PREFIX } from '../runtime/dead-letter.js';

/** The prefix of Kafka Connect's own dead letters: those of sinks. */
const CONNECT_PREFIX = '__connect.errors.';

/** Why records became dead letters; those that differ only in names and numbers of the record share one. */
export interface DeadLetterReason {
  /** Eight letters that stand for it: for `--reason`. */
  readonly id: string;
  /** The name of what was thrown. */
  readonly exception: string;
  /** What was said, with `N` for numbers and without the position of the record. */
  readonly message: string;
}

/** A dead letter. */
export interface DeadLetter {
  /** The record of the dead-letter topic. */
  readonly record: ConsumedRecord;
  readonly reason: DeadLetterReason;
  /** The whole message; empty where none was given. */
  readonly message: string;
  /** Where the record was read when it failed; undefined where no header says so. */
  readonly source: TopicPartitionOffset | undefined;
  /** The headers that the record had before it failed. */
  readonly headers: Headers;
}

/** Reads what the headers say: Kafka Streams' (KIP-1034), which are millrace's too, or Kafka Connect's. */
export function deadLetterOf(record: ConsumedRecord): DeadLetter {
  const said = (names: readonly string[]): string | undefined => {
    // A record that failed again has the headers of each time: the last ones count.
    const header = record.headers.findLast(({ key }) => names.includes(key));
    return header?.value?.toString();
  };
  const of = (streams: string, connect: string) => said([ERROR_HEADER_PREFIX + streams, CONNECT_PREFIX + connect]);
  const topic = of('topic', 'topic');
  const partition = of('partition', 'partition');
  const offset = of('offset', 'offset');
  const message = of('message', 'exception.message') ?? '';
  const known = topic !== undefined && partition !== undefined && offset !== undefined;
  return {
    record,
    message,
    reason: reasonOf(of('exception', 'exception.class.name') ?? 'unknown', message),
    source: known ? { topic, partition: Number(partition), offset: Number(offset) } : undefined,
    headers: record.headers.filter(
      ({ key }) => !key.startsWith(ERROR_HEADER_PREFIX) && !key.startsWith(CONNECT_PREFIX),
    ),
  };
}

/** `cars-0@17 failed in …`: where the record was. */
const POSITION = /^\S+-\d+@\d+ /;

function reasonOf(exception: string, message: string): DeadLetterReason {
  const text = message.replace(POSITION, '').replace(/\d+(\.\d+)?/g, 'N');
  const id = createHash('sha256').update(`${exception}\n${text}`).digest('hex').slice(0, 8);
  return { id, exception, message: text };
}
