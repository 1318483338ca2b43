/**
 * Two ways to hand a record to librdkafka: by the native part, where it was built, or by node-rdkafka, which cannot write all
 * headers.
 */
import type { ProduceRequest } from '../port.js';
import type { Client, Rdkafka } from './client.js';
import type { ClientError } from './errors.js';
import { toClientHeaders, toNativeHeaders } from './headers.js';
import { type Native, nativeClient } from './native.js';

/**
 * Hands a record over, of which a copy is made.
 *
 * @throws the client's own error
 * @throws BrokerError `record` for headers that cannot be written
 */
export type HandOver = (request: ProduceRequest) => void;

/** The quickest way there is. */
export function handingOver(client: Client, producer: Rdkafka.Producer): HandOver {
  return typeof client.native === 'string' ? byBinding(producer) : natively(client.native, client, producer);
}

function natively(native: Native, { describe }: Client, producer: Rdkafka.Producer): HandOver {
  const inside = nativeClient(producer);
  return ({ topic, partition, key, value, timestamp, headers }) => {
    const to = partition ?? -1;
    const code = native.produce(inside, topic, to, value, key, timeOf(timestamp), toNativeHeaders(headers, topic));
    if (code !== 0) throw { code, message: describe(code) } satisfies ClientError;
  };
}

function byBinding(producer: Rdkafka.Producer): HandOver {
  return ({ topic, partition, key, value, timestamp, headers }) => {
    const clientHeaders = toClientHeaders(headers, topic);
    const to = partition ?? null;
    producer.produce(topic, to, withAddress(value), withAddress(key), timeOf(timestamp), undefined, clientHeaders);
  };
}

/** librdkafka takes 0 for "now"; the epoch's next millisecond is nearer to it. */
const timeOf = (timestamp: number): number => (timestamp === 0 ? 1 : timestamp);

/** An empty buffer that has an address: the binding takes one without for null, which is a tombstone. */
const EMPTY = Buffer.alloc(1).subarray(0, 0);
const withAddress = (bytes: Buffer | null): Buffer | null => (bytes?.length === 0 ? EMPTY : bytes);
