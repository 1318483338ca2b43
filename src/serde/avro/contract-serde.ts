/** The serde of a contract: written by its schema, read as its schema. */
import type { RecordPart } from '../encoding.js';
import type { Serde, SerdeContext, UndecodedPart } from '../serde.js';
import { AvroReader } from './avro-reader.js';
import { type AvroSchemas, AvroSerde, readyWriter } from './avro-serde.js';
import type { AvroContract } from './contract.js';
import type { KnownSchema } from './known-schemas.js';

export function contractSerde<T>(schemas: AvroSchemas, part: RecordPart, contract: AvroContract): Serde<T> {
  const writers = new Map<string, ReturnType<typeof readyWriter>>();
  const readers = new WeakMap<KnownSchema, AvroReader>();

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
      reader = new AvroReader(schema.node, contract.node);
      readers.set(schema, reader);
    }
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
