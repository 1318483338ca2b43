/** Writes values of one schema, with the id of the schema before them. */
import type { Type } from 'avsc';
import type { AvroNode } from './avro-schema.js';
import { avroValueWriter } from './avro-value-writer.js';
import { avscType } from './avsc-type.js';
import { PREFIX_LENGTH, writePrefix } from './wire.js';

/** Bytes. As `Buffer.poolSize`: whoever keeps one small buffer keeps its block. */
const BLOCK_BYTES = 8 * 1_024;

/** Shared by all writers. What is given lies side by side in it, as small buffers of Node do, and is never written again. */
let block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
let free = 0;

export class AvroWriter {
  readonly node: AvroNode;
  readonly #type: Type;
  readonly #convert: (value: unknown) => unknown;
  /** Bytes of the value that was written last: what does not fit is encoded twice, and the next one is mostly as long. */
  #last = 0;

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
    const bytes = this.#encode(value, PREFIX_LENGTH);
    writePrefix(bytes, id);
    return bytes;
  }

  /**
   * The value alone, for bytes beside which the schema is kept.
   * @throws ConnectValueError naming the field that does not fit
   */
  writeBare(value: unknown): Buffer {
    return this.#encode(value, 0);
  }

  /** @param prefix bytes that are left free before the value */
  #encode(value: unknown, prefix: number): Buffer {
    const converted = this.#convert(value);
    makeRoom(prefix + this.#last);
    let start = free;
    let end = this.#type.encode(converted, block, start + prefix);
    if (end < 0) {
      // It says how many bytes it lacks.
      makeRoom(block.length - start - end);
      start = free;
      end = this.#type.encode(converted, block, start + prefix);
    }
    free = end;
    this.#last = end - start - prefix;
    return block.subarray(start, end);
  }
}

function makeRoom(bytes: number): void {
  if (free + bytes <= block.length) return;
  block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes));
  free = 0;
}
