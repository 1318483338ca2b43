/**
 * Contracts: shapes whose schema is written by hand, in an `.avsc` file, and agreed on with others.
 */
import type { ConnectSchema } from '../../record.js';
import type { Encoding, RecordPart } from '../encoding.js';
import type { Serde, SerdeContext } from '../serde.js';
import { type DeclaredShape, preparationOf, type VALUE } from '../shape.js';
import type { AvroNode } from './avro-schema.js';
import { readAvroSchema } from './read-avro-schema.js';
import { connectSchemaOf } from './to-connect.js';

/** A schema that values are written by, and that they are read as. */
export class AvroContract<out T = unknown> implements DeclaredShape<T> {
  declare readonly [VALUE]?: T;
  readonly nulls = 'refused';
  readonly node: AvroNode;
  /** In Connect's vocabulary; undefined where it cannot be said there. */
  readonly connect: ConnectSchema | undefined;

  /** Made by {@link avroContract}. */
  constructor(node: AvroNode) {
    this.node = node;
    this.connect = connectSchemaOf(node);
    Object.freeze(this);
  }

  serdeFor(topic: string, part: RecordPart, encoding: Encoding): Serde<T> {
    return encoding.contract?.<T>(part, this) ?? this.#withoutResolution(topic, encoding.values<T>(part));
  }

  /** In an encoding that knows no contracts: written by the schema, read as it came. */
  #withoutResolution(topic: string, inner: Serde<T>): Serde<T> {
    const { connect } = this;
    return Object.freeze({
      encoding: inner.encoding,
      serialize(value: T | null, context: SerdeContext): Buffer | null {
        if (connect === undefined) {
          throw new Error(
            `the contract of '${topic}' has a union of several types, which ${inner.encoding} cannot write: use avro`,
          );
        }
        const travelled = context.schema;
        context.schema = connect;
        try {
          return inner.serialize(value, context);
        } finally {
          context.schema = travelled;
        }
      },
      deserialize: (bytes: Buffer | null, context: SerdeContext) => inner.deserialize(bytes, context),
      ...preparationOf(inner),
    });
  }
}

/**
 * Declares keys or values by the schema in an `.avsc` file.
 *
 * Values are written by exactly this schema, and read as it says whatever version they were written with: fields that it
 * has and the record has not get their default, others are left out. Types for TypeScript are made of the file by
 * `npm run codegen`.
 *
 * @param schema the schema's JSON, parsed
 * @throws AvroSchemaError when it is no schema of Avro
 * @example
 * const messages = topic('Test.Topic', { key: nullable(string()), value: avroContract<Message>(messageSchema) });
 */
export function avroContract<T>(schema: unknown): AvroContract<T> {
  return new AvroContract<T>(readAvroSchema(schema));
}
