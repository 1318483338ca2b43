/** Reads Avro's bytes of one schema, as it was written or resolved to another one. */
import type { Type } from 'avsc';
import { asError } from '../../errors.js';
import type { AvroNode } from './avro-schema.js';
import { avroValueReader } from './avro-value-reader.js';
import { avscType } from './avsc-type.js';

export class AvroReader {
  readonly #type: Type;
  readonly #resolver: ReturnType<Type['createResolver']> | undefined;
  readonly #convert: (value: unknown) => unknown;
  readonly #name: string;

  /**
   * @param writer the schema that the bytes are written with
   * @param reader the schema that values are wanted in; undefined: the writer's
   * @throws Error when what is written with the one cannot be read as the other
   */
  constructor(writer: AvroNode, reader: AvroNode = writer) {
    const type = avscType(reader);
    this.#type = type;
    // Names of records are compared without their namespaces, as Java does.
    this.#resolver = reader === writer ? undefined : type.createResolver(avscType(writer), { ignoreNamespaces: true });
    this.#convert = avroValueReader(reader);
    this.#name = 'name' in reader ? reader.name : reader.kind;
  }

  /**
   * @param start where the value begins; it goes up to the end of the bytes
   * @throws Error when the bytes are too few, too many, or no value of the schema
   */
  read(bytes: Buffer, start: number): unknown {
    let value: unknown;
    let end: number;
    try {
      ({ value, offset: end } = this.#type.decode(bytes, start, this.#resolver));
    } catch (thrown) {
      throw new Error(`the bytes are no value of '${this.#name}': ${asError(thrown).message}`, { cause: thrown });
    }
    if (end < 0) {
      throw new Error(`the Avro bytes end in the middle of a value of '${this.#name}': ${bytes.length} are too few`);
    }
    if (end !== bytes.length) {
      throw new Error(
        `${bytes.length - end} bytes stand behind the value of '${this.#name}': it was written with another schema`,
      );
    }
    return this.#convert(value);
  }
}
