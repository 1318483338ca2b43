/**
 * Reads bytes of any topic as far as it goes, for tools that look at topics that they have no declaration of.
 *
 * What the bytes are is told by the bytes: Confluent's frame of Avro where a registry is known, Connect's frame with its
 * schema, JSON, text in UTF-8, and else the bytes themselves. Nothing is an error; `encoding` says what it was read as.
 */
import { isUtf8 } from 'node:buffer';
import { asError } from '../errors.js';
import { connectJson } from '../serde/connect-json.js';
import type { Encoding, RecordPart } from '../serde/encoding.js';
import { parseJson } from '../serde/json-text.js';
import type { Serde, SerdeContext, UndecodedPart } from '../serde/serde.js';

/** What bytes were read as. */
export interface Decoded {
  /** `avro`, `connect-json`, `json`, `text`, `bytes`; `null` for a tombstone or a record without a key. */
  readonly encoding: string;
  readonly value: unknown;
  /** Why they could not be read as what they look like, when that is so. */
  readonly problem?: string;
}

/** Reads one half of the records of a topic. */
export class AnyDecoder {
  readonly #framed = connectJson<unknown>();
  readonly #avro: Serde<unknown> | undefined;

  /** @param avro where schema ids are known; without it Avro stays bytes */
  constructor(part: RecordPart, avro?: Encoding) {
    this.#avro = avro?.values(part);
  }

  /** Fetches the schemas that these bytes name. */
  async prepare(batch: readonly UndecodedPart[]): Promise<void> {
    await this.#avro?.prepare?.(batch.filter(({ bytes }) => looksLikeAvro(bytes)));
  }

  decode(bytes: Buffer | null, context: Pick<SerdeContext, 'topic' | 'headers'>): Decoded {
    if (bytes === null) return { encoding: 'null', value: null };
    const known = { ...context, schema: undefined };
    let problem: string | undefined;
    if (looksLikeAvro(bytes) && this.#avro !== undefined) {
      try {
        return { encoding: 'avro', value: this.#avro.deserialize(bytes, known) };
      } catch (thrown) {
        problem = asError(thrown).message;
      }
    }
    if (bytes[0] === OPEN_BRACE) {
      try {
        return { encoding: 'connect-json', value: this.#framed.deserialize(bytes, known) };
      } catch {
        // No frame: perhaps it is JSON all the same.
      }
    }
    const rest = withoutSchema(bytes);
    return problem === undefined ? rest : { ...rest, problem };
  }
}

const OPEN_BRACE = 0x7b;

/** A zero byte and the schema's id in four. Source: Confluent's wire format. */
function looksLikeAvro(bytes: Buffer | null): bytes is Buffer {
  return bytes !== null && bytes.length >= 5 && bytes[0] === 0;
}

function withoutSchema(bytes: Buffer): Decoded {
  try {
    return { encoding: 'json', value: parseJson(bytes) };
  } catch {
    const isText = isUtf8(bytes) && !bytes.includes(0);
    return isText ? { encoding: 'text', value: bytes.toString() } : { encoding: 'bytes', value: bytes };
  }
}
