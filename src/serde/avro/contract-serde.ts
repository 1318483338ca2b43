/** The serde of a contract: written by its schema, read as its schema. */
import { asError } from '../../errors.js';
import { incompatibilities } from '../../registry/schema-compatibility.js';
import type { RecordPart } from '../encoding.js';
import type { Serde, SerdeContext, UndecodedPart } from '../serde.js';
import { AvroReader } from './avro-reader.js';
import { type AvroSchemas, AvroSerde, readyWriter } from './avro-serde.js';
import type { AvroContract } from './contract.js';
import type { KnownSchema } from './known-schemas.js';

export function contractSerde<T>(schemas: AvroSchemas, part: RecordPart, contract: AvroContract): Serde<T> {
  const writers = new Map<string, ReturnType<typeof readyWriter>>();
  /** Or why there is none: what one schema has written cannot be read as the contract says. */
  const readers = new WeakMap<KnownSchema, AvroReader | Error>();

  function writerFor(topic: string): ReturnType<typeof readyWriter> {
    let writer = writers.get(topic);
    if (writer === undefined) {
      writer = readyWriter(schemas, topic, part, contract.node);
      writers.set(topic, writer);
    }
    return writer;
  }

  function read(schema: KnownSchema, bytes: Buffer, start: number, context: SerdeContext): unknown {
    let reader = readers.get(schema);
    if (reader === undefined) {
      reader = readerOf(schema, contract);
      readers.set(schema, reader);
    }
    if (reader instanceof Error) throw reader;
    context.schema = contract.connect;
    return reader.read(bytes, start);
  }

  const inner = new AvroSerde<T>(schemas, part, read);
  return Object.freeze({
    encoding: 'avro',
    serialize(value: T | null, context: SerdeContext): Buffer | null {
      if (value === null) return null;
      const { writer, id } = writerFor(context.topic);
      return writer.write(id(), value);
    },
    deserialize: (bytes: Buffer | null, context: SerdeContext) => inner.deserialize(bytes, context),
    prepare: (batch: readonly UndecodedPart[]) => inner.prepare(batch),
    prepareToWrite: (topic: string) => writerFor(topic).prepare(),
  });
}

function readerOf(schema: KnownSchema, contract: AvroContract): AvroReader | Error {
  try {
    return new AvroReader(schema.node, contract.node);
  } catch (thrown) {
    const why = incompatibilities(contract.node, schema.node).map(({ message, path }) => `${message} (at ${path})`);
    return new Error(
      `the record was written with a schema that the contract cannot read: ${why.join('; ') || asError(thrown).message}`,
      { cause: thrown },
    );
  }
}
