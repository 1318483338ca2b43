/** Writes values of one schema, with the id of the schema before them. */
import type { Type } from 'avsc';
import type { AvroNode } from './avro-schema.js';
import { avroValueWriter } from './avro-value-writer.js';
import { avscType } from './avsc-type.js';
import { PREFIX_LENGTH, writePrefix } from './wire.js';

/** Shared by all writers: a value is copied out of it before the next is written. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

export class AvroWriter {
  readonly node: AvroNode;
  readonly #type: Type;
  readonly #convert: (value: unknown) => unknown;

  /** @throws AvroSchemaError for a schema that cannot be used */
  constructor(node: AvroNode) {
    this.node = node;
    this.#type = avscType(node);
    this.#convert = avroValueWriter(node);
  }

  /**
   * The id of the schema and the value.
   * @throws ConnectValueError naming the field that does not fit
   */
  write(id: number, value: unknown): Buffer {
    const end = this.#encode(value, PREFIX_LENGTH);
    writePrefix(scratch, id);
    return copied(end);
  }

  /**
   * The value alone, for bytes beside which the schema is kept.
   * @throws ConnectValueError naming the field that does not fit
   */
  writeBare(value: unknown): Buffer {
    return copied(this.#encode(value, 0));
  }

  #encode(value: unknown, start: number): number {
    const converted = this.#convert(value);
    let end = this.#type.encode(converted, scratch, start);
    if (end < 0) {
      scratch = Buffer.allocUnsafeSlow(2 * (scratch.length - end));
      end = this.#type.encode(converted, scratch, start);
    }
    return end;
  }
}

function copied(end: number): Buffer {
  const bytes = Buffer.allocUnsafe(end);
  scratch.copy(bytes, 0, 0, end);
  return bytes;
}
