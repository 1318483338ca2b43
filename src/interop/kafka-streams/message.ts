import { type Headers, NO_HEADERS, recordOf, type StreamRecord } from '../../record.js';

/**
 * A message as kafka-streams 5 hands it to a `KStream`: key and value are buffers until its `mapJSONConvenience()` or the
 * like has decoded them.
 *
 * Source: what sinek 9 emits, of node-rdkafka (`noptions`) or of kafkajs.
 */
export interface KafkaMessage<V = unknown, K = unknown> {
  readonly key: K;
  readonly value: V;
  readonly topic?: string;
  readonly partition?: number;
  /** kafkajs has it as text. */
  readonly offset?: number | string;
  /** Milliseconds since the epoch; kafkajs has it as text. */
  readonly timestamp?: number | string;
  /** node-rdkafka: a list of objects of one name each; kafkajs: one object. */
  readonly headers?: readonly HeaderBag[] | HeaderBag | null | undefined;
}

type HeaderValue = Buffer | string | undefined;
type HeaderBag = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;

/**
 * The record that a message of a `KStream` is.
 *
 * @throws TypeError when it is not an object with a key and a value: what a `map` made of it is no message any more
 * @example
 * recordOfMessage({ key: 'a', value: { price: 1 }, topic: 'cars', partition: 0, offset: 7 }).offset; // 7
 */
export function recordOfMessage<V, K>(message: KafkaMessage<V, K>): StreamRecord<V, K> {
  if (typeof message !== 'object' || message === null || message.key === undefined || message.value === undefined) {
    throw new TypeError(
      'an operator of millrace takes messages { key, value, … } from a KStream (null where there is none): ' +
        'put it before the map() that takes the value out, or call wrapAsKafkaValue() first',
    );
  }
  return recordOf(message.key, message.value, {
    topic: message.topic ?? '',
    partition: message.partition ?? 0,
    offset: Number(message.offset ?? 0),
    timestamp: Number(message.timestamp ?? 0),
    headers: headersOf(message.headers),
  });
}

function headersOf(headers: KafkaMessage['headers']): Headers {
  if (headers === undefined || headers === null) return NO_HEADERS;
  const bags: readonly HeaderBag[] = Array.isArray(headers) ? headers : [headers];
  return bags.flatMap((bag) =>
    Object.entries(bag).flatMap(([key, values]) =>
      [values].flat().map((value) => ({ key, value: value === undefined ? null : Buffer.from(value as string) })),
    ),
  );
}
