import type { Broker, TopicPartitionOffset } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';
import { AnyDecoder, type Decoded } from '../reading/any-encoding.js';
import { readRange } from '../reading/bounded-read.js';
import type { Encoding } from '../serde/encoding.js';
import { type DeadLetterReason, deadLetterOf } from './dead-letter-record.js';

/** One dead letter, decoded as far as it goes. */
export interface ShownDeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch, of the record that failed. */
  readonly timestamp: number;
  readonly reason: DeadLetterReason;
  readonly message: string;
  /** Where the record was read when it failed. */
  readonly source: TopicPartitionOffset | undefined;
  /** All headers, as texts where they are UTF-8 and else in base64. */
  readonly headers: readonly (readonly [name: string, value: string | null])[];
  readonly key: Decoded;
  readonly value: Decoded;
}

/**
 * Reads one dead letter.
 *
 * @param avro where the schemas of Avro are: `avro({ registry })`; without it Avro is shown as bytes
 * @throws ConfigurationError when there is no record at the place
 * @example
 * const letter = await showDeadLetter(broker, { topic: 'cars-dead', partition: 0, offset: 17 });
 */
export async function showDeadLetter(
  broker: Broker,
  { topic, partition, offset }: TopicPartitionOffset,
  avro?: Encoding,
): Promise<ShownDeadLetter> {
  const range = {
    partitions: [partition],
    from: { kind: 'offset', offset },
    to: { kind: 'offset', offset: offset + 1 },
  } as const;
  for await (const [record] of readRange(broker, topic, range)) {
    if (record?.offset !== offset) continue;
    const { reason, message, source } = deadLetterOf(record);
    // Its bytes are of the topic it came from.
    const context = { topic: source?.topic ?? topic, headers: record.headers };
    const decode = async (part: 'key' | 'value'): Promise<Decoded> => {
      const decoder = new AnyDecoder(part, avro);
      await decoder.prepare([{ ...context, bytes: record[part] }]);
      return decoder.decode(record[part], context);
    };
    return {
      ...{ topic, partition, offset, timestamp: record.timestamp, reason, message, source },
      headers: record.headers.map(({ key, value }) => [key, textOf(value)] as const),
      key: await decode('key'),
      value: await decode('value'),
    };
  }
  throw new ConfigurationError(
    `there is no dead letter at ${topic}-${partition}@${offset}: 'millrace dlq list ${topic}' shows one of each reason`,
    'offset',
  );
}

function textOf(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : bytes.toString('base64');
}
