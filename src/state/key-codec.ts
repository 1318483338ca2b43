/**
 * Keys as texts. All layers of a store find a key by its text; bytes are made only for the engine and the changelog.
 *
 * Text and bytes determine each other: the text is the bytes read as UTF-8 for serdes that write UTF-8, else as
 * latin1, which has a character for every byte.
 */

import { asError } from '../errors.js';
import { NO_HEADERS } from '../record.js';
import type { Serde, SerdeContext } from '../serde/serde.js';
import { isTextSerde } from './stable-json.js';
import type { StoreDeclaration } from './store.js';

export interface KeyCodec<K> {
  /** @throws an Error that names the store when the key cannot be written */
  text(key: K): string;
  bytes(text: string): Buffer;
  textOf(bytes: Buffer): string;
  /** @throws an Error that names the store when the bytes are no key */
  key(text: string): K;
}

/** A serde context for the bytes of a store, which carry no headers and no schema that travels beside them. */
export function contextOf(topic: string): SerdeContext {
  return { topic, headers: NO_HEADERS, schema: undefined };
}

/** @param topic what serdes that name their schemas after a topic are told */
export function keyCodec<K>(declaration: StoreDeclaration<K, unknown>, topic: string): KeyCodec<K> {
  const { name, keySerde: serde } = declaration;
  const context = contextOf(topic);
  const encoding = isTextSerde(serde) ? 'utf8' : 'latin1';
  const write = isTextSerde(serde) ? (key: K) => serde.text(key) : (key: K) => bytesAsText(serde, key, context);
  const bytes = (text: string) => bytesOf(text, encoding);
  return {
    bytes,
    text(key) {
      if (key === null || key === undefined) {
        throw new Error(`the store '${name}' was asked for the key ${key}: a record without a key has no entry`);
      }
      try {
        return write(key);
      } catch (error) {
        throw new Error(
          `the store '${name}' cannot write the key ${show(key)} as ${serde.encoding}: ${asError(error).message}`,
          { cause: error },
        );
      }
    },
    textOf: (stored) => stored.toString(encoding),
    key(text) {
      try {
        context.schema = undefined;
        return serde.deserialize(bytes(text), context) as K;
      } catch (error) {
        throw new Error(
          `the store '${name}' holds a key that is not ${serde.encoding}: ${show(text)}: ${asError(error).message}. ` +
            'If its serde was changed, give the store a new name, or delete its folder and its changelog topic',
          { cause: error },
        );
      }
    },
  };
}

type TextEncoding = 'utf8' | 'latin1';

/**
 * The bytes that were made last. A key is mostly written right after it was read, and read from several stores one after
 * the other.
 */
let last: { readonly text: string; readonly encoding: TextEncoding; readonly bytes: Buffer } = {
  text: '',
  encoding: 'utf8',
  bytes: Buffer.alloc(0),
};

function bytesOf(text: string, encoding: TextEncoding): Buffer {
  if (text !== last.text || encoding !== last.encoding) last = { text, encoding, bytes: Buffer.from(text, encoding) };
  return last.bytes;
}

function bytesAsText<K>(serde: Serde<K>, key: K, context: SerdeContext): string {
  context.schema = undefined;
  const bytes = serde.serialize(key, context);
  if (bytes === null) throw new TypeError('the serde gave no bytes');
  return bytes.toString('latin1');
}

/** A key for an error message. */
export function show(key: unknown): string {
  const text = typeof key === 'string' ? key : (safeJson(key) ?? String(key));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function safeJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner));
}
