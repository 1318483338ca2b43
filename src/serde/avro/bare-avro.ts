/** Avro without a registry: for bytes beside which their schema is kept, as stores do. */
import { asError } from '../../errors.js';
import { incompatibilities } from '../../registry/schema-compatibility.js';
import type { KeptSchema, Serde, SerdeContext } from '../serde.js';
import { AvroReader } from './avro-reader.js';
import type { AvroNode } from './avro-schema.js';
import { AvroWriter } from './avro-writer.js';
import { changedMeanings } from './changed-meanings.js';
import type { AvroContract } from './contract.js';
import { readAvroSchema } from './read-avro-schema.js';
import { avroSchemaJson } from './write-avro-schema.js';

/** Writes values by the contract's schema, and reads as it says what was written by an earlier one. */
export function bareAvro<T>({ node, connect }: AvroContract<T>): Serde<T> & { readonly schema: KeptSchema<T> } {
  const writer = new AvroWriter(node);
  const reader = new AvroReader(node);
  return Object.freeze({
    encoding: 'avro',
    serialize: (value: T | null) => (value === null ? null : writer.writeBare(value)),
    deserialize(bytes: Buffer | null, context: SerdeContext): T | null {
      context.schema = connect;
      return bytes === null ? null : (reader.read(bytes, 0) as T);
    },
    schema: Object.freeze({ json: avroSchemaJson(node), reading: (written: unknown) => reading<T>(node, written) }),
  });
}

function reading<T>(node: AvroNode, written: unknown): (bytes: Buffer) => T {
  const earlier = readAvroSchema(written);
  const broken = incompatibilities(node, earlier);
  if (broken.length > 0) {
    const reasons = broken.map(({ type, message, path }) => `${type}: ${message} (at ${path || '/'})`);
    throw new Error(`the schema (the reader) cannot read what was written (the writer): ${reasons.join('; ')}`);
  }
  const changed = changedMeanings(node, earlier);
  if (changed.length > 0) {
    throw new Error(`the schema gives bytes that were written another meaning: ${changed.join('; ')}`);
  }
  try {
    const reader = new AvroReader(earlier, node);
    return (bytes) => reader.read(bytes, 0) as T;
  } catch (thrown) {
    throw new Error(`the schema cannot read what was written: ${asError(thrown).message}`, { cause: thrown });
  }
}
