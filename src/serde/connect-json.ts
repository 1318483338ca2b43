/**
 * Kafka Connect's JSON, with the schema in each record and without.
 *
 * Source: Kafka Connect 4.3 `JsonConverter`, `schemas.enable=true` (its default) and `false`.
 */
import type { ConnectSchema } from '../record.js';
import { connectValueText, readConnectValue } from './connect-values.js';
import { FlatConnectWriter } from './flat-connect-writer.js';
import { FlatJsonReader } from './flat-json-reader.js';
import { json } from './json.js';
import { parseJson } from './json-text.js';
import { FrameReader, framed, framePrefix, mayBeFrame } from './schema-frame.js';
import type { Serde, SerdeContext } from './serde.js';

/**
 * Connect's JSON with schemas: exactly `{"schema":…,"payload":…}`.
 *
 * Reading sets `context.schema`; writing converts by it and needs it. Null bytes, a null payload and the literal
 * `null` all give null, a delete; null is written as null bytes.
 *
 * @typeParam T the value, with the types of `docs/types.md`
 * @example
 * const serde = connectJson<{ id: number }>();
 * context.schema = struct('cars.Key', { id: int32 });
 * serde.serialize({ id: 1 }, context); // {"schema":{…},"payload":{"id":1}}
 */
export function connectJson<T>(): Serde<T> {
  const frames = new FrameReader();
  const reader = new FlatJsonReader('changeable');
  const writers = new FlatWriters((schema) => FlatConnectWriter.of(schema, framePrefix(schema), '}'));
  return Object.freeze({
    encoding: 'connect-json',
    serialize(value: T | null, context: SerdeContext): Buffer | null {
      if (value === null) return null;
      const schema = neededSchema(context);
      return writers.write(schema, value) ?? framed(schema, connectValueText(schema, value));
    },
    deserialize(bytes: Buffer | null, context: SerdeContext): T | null {
      context.schema = undefined;
      if (bytes === null) return null;
      const frame = mayBeFrame(bytes) ? frames.read(bytes) : undefined;
      if (frame === undefined) return withoutFrame(bytes);
      const { schema, payloadStart, payloadEnd } = frame;
      const payload = reader.read(bytes, payloadStart, payloadEnd);
      context.schema = schema;
      return (schema === undefined ? payload : readConnectValue(schema, payload)) as T | null;
    },
  });
}

/**
 * Connect's JSON without schemas: the payload alone.
 *
 * Reading converts nothing: base64 stays a text. Writing converts by `context.schema` where there is one, so that the
 * bytes are those that Connect would write.
 *
 * @typeParam T the value
 */
export function connectJsonPlain<T>(): Serde<T> {
  const plain = json<T>();
  const writers = new FlatWriters((schema) => FlatConnectWriter.of(schema));
  return Object.freeze({
    encoding: 'json',
    serialize(value: T | null, context: SerdeContext): Buffer | null {
      const { schema } = context;
      if (value === null || schema === undefined) return plain.serialize(value, context);
      return writers.write(schema, value) ?? Buffer.from(connectValueText(schema, value));
    },
    deserialize: plain.deserialize,
  });
}

/** The writers of one serde, by schema. */
class FlatWriters {
  readonly #make: (schema: ConnectSchema) => FlatConnectWriter | undefined;
  readonly #bySchema = new WeakMap<ConnectSchema, FlatConnectWriter | 'none'>();

  constructor(make: (schema: ConnectSchema) => FlatConnectWriter | undefined) {
    this.#make = make;
  }

  /** Undefined where the value is not flat. */
  write(schema: ConnectSchema, value: unknown): Buffer | undefined {
    let writer = this.#bySchema.get(schema);
    if (writer === undefined) {
      writer = this.#make(schema) ?? 'none';
      this.#bySchema.set(schema, writer);
    }
    return writer === 'none' ? undefined : writer.write(value);
  }
}

/**
 * The schema to write with.
 * @throws Error that says how a value gets one
 */
export function neededSchema(context: SerdeContext): ConnectSchema {
  if (context.schema !== undefined) return context.schema;
  throw new Error(
    `a value for the topic '${context.topic}' has no schema, and connect-json writes one with each record: none came with ` +
      'the record and the topic declares none. Declare its fields with the topic (row({ id: int32, … })), or use the ' +
      'encoding json',
  );
}

/** The literal `null`; anything else was not written by Connect with schemas. */
function withoutFrame(bytes: Buffer): null {
  if (parseJson(bytes) === null) return null;
  throw new Error(
    'the JSON is no object of exactly "schema" and "payload": it was written with schemas.enable=false; read it with the ' +
      'encoding json',
  );
}
