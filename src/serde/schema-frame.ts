/**
 * The frame `{"schema":…,"payload":…}` of Connect's JSON with schemas.
 *
 * From record to record the schema is the same bytes: they are compared with those seen last, and read only when they
 * differ; so one schema is one object, and what is compiled for it is found again.
 *
 * Source: Kafka Connect 4.3 `JsonConverter` with `schemas.enable=true`: exactly these two properties.
 */
import type { ConnectSchema } from '../record.js';
import { readSchema } from './connect-schema.js';
import { standsAt } from './json-bytes.js';
import { isSpace, unexpected } from './json-parser.js';
import { eachMember, skipSpace } from './json-scan.js';
import { parseJson, stringifyJson } from './json-text.js';

/** Schemas kept by a reader. A topic has a few: one for each version of its table. */
const KEPT = 16;

/**
 * Where the payload of a frame is. Its end is taken on trust where the schema is known: who parses the payload finds
 * out whether it is one value.
 */
export interface Frame {
  /** Undefined for `"schema":null`. */
  schema: ConnectSchema | undefined;
  payloadStart: number;
  payloadEnd: number;
}

interface Known {
  /** The bytes up to the payload. */
  readonly prefix: Buffer;
  readonly schema: ConnectSchema | undefined;
}

const SCHEMA = Buffer.from('"schema"');
const PAYLOAD = Buffer.from('"payload"');

/** Reads frames. One for each serde: it keeps the schemas that it has seen. */
export class FrameReader {
  /** The one used last is first. */
  readonly #known: Known[] = [];
  readonly #frame: Frame = { schema: undefined, payloadStart: 0, payloadEnd: 0 };

  /**
   * @returns the same object each time; undefined when the bytes are no frame (no object with exactly the two properties)
   * @throws Error when the bytes are a frame whose schema is wrong, or no JSON
   */
  read(bytes: Buffer): Frame | undefined {
    return this.#readKnown(bytes) ?? this.#readNew(bytes);
  }

  #readKnown(bytes: Buffer): Frame | undefined {
    const known = this.#known;
    for (let i = 0; i < known.length; i++) {
      const candidate = known[i]!;
      const { length } = candidate.prefix;
      if (bytes.length < length || candidate.prefix.compare(bytes, 0, length) !== 0) continue;
      if (i > 0) {
        known.splice(i, 1);
        known.unshift(candidate);
      }
      let last = bytes.length - 1;
      while (last >= length && isSpace(bytes[last]!)) last--;
      if (bytes[last] !== 0x7d) break; // The end is missing: the slower reading says where.
      return this.#found(candidate.schema, length, last);
    }
    return undefined;
  }

  #readNew(bytes: Buffer): Frame | undefined {
    const start = skipSpace(bytes, 0, bytes.length);
    if (bytes[start] !== 0x7b) return undefined;
    const members = new Map<string, readonly [start: number, end: number]>();
    const end = eachMember(bytes, start, bytes.length, (nameStart, nameEnd, valueStart, valueEnd) => {
      members.set(parseJson(bytes, nameStart, nameEnd) as string, [valueStart, valueEnd]);
    });
    const rest = skipSpace(bytes, end, bytes.length);
    if (rest < bytes.length) throw unexpected(bytes, rest, bytes.length, 'the end');
    const schema = members.get('schema');
    const payload = members.get('payload');
    if (schema === undefined || payload === undefined || members.size !== 2) return undefined;
    const json = parseJson(bytes, schema[0], schema[1]);
    const read = json === null ? undefined : readSchema(json);
    if (schema[0] < payload[0]) this.#keep(bytes.subarray(0, payload[0]), read);
    return this.#found(read, payload[0], payload[1]);
  }

  #keep(prefix: Buffer, schema: ConnectSchema | undefined): void {
    this.#known.unshift({ prefix: Buffer.from(prefix), schema });
    if (this.#known.length > KEPT) this.#known.pop();
  }

  #found(schema: ConnectSchema | undefined, payloadStart: number, payloadEnd: number): Frame {
    const frame = this.#frame;
    frame.schema = schema;
    frame.payloadStart = payloadStart;
    frame.payloadEnd = payloadEnd;
    return frame;
  }
}

/** Whether the object may be a frame, by its first property. */
export function mayBeFrame(bytes: Buffer): boolean {
  // `{"b…`, as an envelope without schema begins
  if (bytes[0] === 0x7b && bytes[1] === 0x22 && bytes[2] !== SCHEMA[1] && bytes[2] !== PAYLOAD[1]) return false;
  const brace = skipSpace(bytes, 0, bytes.length);
  const name = skipSpace(bytes, brace + 1, bytes.length);
  return bytes[brace] === 0x7b && (standsAt(SCHEMA, bytes, name) || standsAt(PAYLOAD, bytes, name));
}

const prefixes = new WeakMap<ConnectSchema, Buffer>();

/** The frame around a payload's text. */
export function framed(schema: ConnectSchema, payload: string): Buffer {
  const prefix = framePrefix(schema);
  const bytes = Buffer.allocUnsafe(prefix.length + Buffer.byteLength(payload) + 1);
  prefix.copy(bytes);
  bytes.write(payload, prefix.length);
  bytes[bytes.length - 1] = 0x7d;
  return bytes;
}

/** What stands before the payload, encoded once for each schema object. Behind the payload stands a brace. */
export function framePrefix(schema: ConnectSchema): Buffer {
  let prefix = prefixes.get(schema);
  if (prefix === undefined) {
    prefix = Buffer.from(`{"schema":${stringifyJson(schema)},"payload":`);
    prefixes.set(schema, prefix);
  }
  return prefix;
}
