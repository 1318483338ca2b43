/**
 * Headers through librdkafka, whose names are C strings, and through its binding, which reads values as bytes but writes
 * them as C strings.
 *
 * What must hold:
 *  1. What is written is what was given, byte by byte, or the record is refused: the binding would turn bytes that are
 *     no UTF-8 into replacement characters, cut a value at its first NUL, and write the text "null" for null.
 *  2. A record without headers costs nothing.
 *
 * Reading through the binding has one gap: it shows a null header value as an empty one.
 */
import { isUtf8 } from 'node:buffer';
import type { MessageHeader } from 'node-rdkafka';
import { BrokerError } from '../../errors.js';
import { type Header, type Headers, NO_HEADERS } from '../../record.js';

function refuse({ key }: Header, topic: string, why: string, client = 'node-rdkafka'): BrokerError {
  return new BrokerError(
    `Header ${JSON.stringify(key)} of a record for topic ${topic} ${why}, which ${client} cannot write. ` +
      'Encode it as text (base64, say) or drop it.',
    'record',
    'HEADER',
  );
}

/**
 * Headers for `produce`; undefined when there are none.
 *
 * @throws BrokerError `record` for a value that would be changed on the way
 */
export function toClientHeaders(headers: Headers, topic: string): MessageHeader[] | undefined {
  if (headers.length === 0) return undefined;
  return headers.map((header) => {
    const { key, value } = header;
    if (value === null) throw refuse(header, topic, 'has the value null');
    if (!isUtf8(value)) throw refuse(header, topic, 'holds bytes that are not UTF-8');
    if (value.includes(0) || key.includes('\0')) throw refuse(header, topic, 'holds a NUL');
    // A computed name makes a property of its own even of `__proto__`.
    return { [key]: value.toString() };
  });
}

/**
 * Headers for the native part, names and values in turns; undefined when there are none.
 *
 * @throws BrokerError `record` for a name that would be cut off
 */
export function toNativeHeaders(headers: Headers, topic: string): (string | Buffer | null)[] | undefined {
  if (headers.length === 0) return undefined;
  return headers.flatMap((header) => {
    if (header.key.includes('\0')) throw refuse(header, topic, 'has a NUL in its name', 'librdkafka');
    return [header.key, header.value];
  });
}

/** Headers of a consumed message, each of which the binding gives as an object with one property. */
export function fromClientHeaders(headers: readonly MessageHeader[] | undefined): Headers {
  if (headers === undefined || headers.length === 0) return NO_HEADERS;
  return headers.map((header) => {
    const key = Object.keys(header)[0];
    // The binding assigns properties, and assigning `__proto__` makes none.
    if (key === undefined) return { key: '__proto__', value: Object.getPrototypeOf(header) as Buffer };
    return { key, value: header[key] as Buffer };
  });
}
