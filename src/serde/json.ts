/** Plain JSON, without schemas. */
import { FlatJsonReader } from './flat-json-reader.js';
import { FlatJsonWriter } from './flat-json-writer.js';
import { stringifyJson } from './json-text.js';
import type { Serde, SerdeContext } from './serde.js';

/**
 * Plain JSON in UTF-8. Null bytes and the literal `null` give null; null gives null bytes.
 *
 * Nothing is converted, but for integers beyond 2^53, which are bigints. A schema in the context is not looked at: for
 * values that have one, use `connectJsonPlain`.
 *
 * @typeParam T what the JSON holds; not checked
 * @example
 * topic('visits', { key: string(), value: json<Visit>() })
 */
export function json<T>(): Serde<T> {
  const reader = new FlatJsonReader('changeable');
  const writer = new FlatJsonWriter();
  return Object.freeze({
    encoding: 'json',
    serialize: (value: T | null) =>
      value === null ? null : (writer.write(value) ?? Buffer.from(stringifyJson(value))),
    deserialize(bytes: Buffer | null, context: SerdeContext): T | null {
      context.schema = undefined;
      return bytes === null ? null : (reader.read(bytes) as T | null);
    },
  });
}
