/**
 * Debezium's changes in JSON, with schemas and without, read lazily: a program that takes the row and two fields of
 * the source pays for these.
 *
 * D1. What the bytes are, an envelope with schema, one without, or no envelope at all, is told by the bytes.
 * D2. An envelope has a known `op`, a `source`, and `before` and `after` that are rows or null, or it is refused when it
 *     is decoded. What is inside these is checked when it is read.
 * D3. What is no envelope is given as it is, with its schema in the context: Debezium's ExtractNewRecordState hands it
 *     on unchanged, and so does `unwrap`.
 */
import type { Change } from '../cdc/change.js';
import type { ConnectSchema } from '../record.js';
import { connectJson, connectJsonPlain } from './connect-json.js';
import { fieldNamed } from './connect-schema.js';
import { readConnectValue } from './connect-values.js';
import { isEnvelopeSchema } from './envelope-schema.js';
import { deepFreeze } from './freeze.js';
import { JsonSyntaxError } from './json-parser.js';
import { skipSpace } from './json-scan.js';
import { parseJson, parseMember } from './json-text.js';
import { type MemberReader, Outline } from './lazy-object.js';
import { FrameReader, mayBeFrame } from './schema-frame.js';
import type { Serde, SerdeContext } from './serde.js';

export interface DebeziumOptions {
  /** How changes are written: with the schema in each record (default), or the payload alone. */
  readonly writes?: 'connect-json' | 'json';
  /**
   * The envelope's schema for records that carry none (see `envelopeSchema`). Without it their values stay as parsed:
   * a Decimal stays base64.
   */
  readonly schemaless?: ConnectSchema;
}

/**
 * Changes in Debezium's JSON, with and without schemas.
 *
 * A change is lazy: see `lazy-object.ts` for what that means to who uses it. `context.schema` is the envelope's after
 * reading; its field `after` has the row's. Writing needs the envelope's schema in the context where schemas are written.
 *
 * @typeParam Row the row, with the types of `docs/types.md`
 * @example
 * const change = debezium<Car>().deserialize(bytes, context);
 * change?.after?.model
 */
export function debezium<Row>(options: DebeziumOptions = {}): Serde<Change<Row>> {
  const frames = new FrameReader();
  const schemaless = new EnvelopeReader(options.schemaless);
  const bySchema = new WeakMap<ConnectSchema, EnvelopeReader>();
  const writer = options.writes === 'json' ? connectJsonPlain<Change<Row>>() : connectJson<Change<Row>>();

  function readFramed(bytes: Buffer, context: SerdeContext): unknown {
    const frame = frames.read(bytes);
    if (frame === undefined) return readPlain(bytes, 0, bytes.length, context);
    const { schema, payloadStart, payloadEnd } = frame;
    if (schema === undefined) return readPlain(bytes, payloadStart, payloadEnd, context);
    context.schema = schema;
    if (!isEnvelopeSchema(schema) || bytes[payloadStart] !== 0x7b) {
      return deepFreeze(readConnectValue(schema, parseJson(bytes, payloadStart, payloadEnd)));
    }
    let reader = bySchema.get(schema);
    if (reader === undefined) {
      reader = new EnvelopeReader(schema);
      bySchema.set(schema, reader);
    }
    return reader.read(bytes, payloadStart, payloadEnd);
  }

  function readPlain(bytes: Buffer, start: number, end: number, context: SerdeContext): unknown {
    const change = schemaless.readIfEnvelope(bytes, start, end);
    if (change === undefined) return deepFreeze(parseJson(bytes, start, end));
    context.schema = options.schemaless;
    return change;
  }

  return Object.freeze({
    encoding: 'debezium-json',
    serialize: writer.serialize,
    deserialize(bytes: Buffer | null, context: SerdeContext): Change<Row> | null {
      context.schema = undefined;
      if (bytes === null) return null;
      const value = mayBeFrame(bytes) ? readFramed(bytes, context) : readPlain(bytes, 0, bytes.length, context);
      return value as Change<Row> | null;
    },
  });
}

/** Reads envelopes of one schema, or without one. */
class EnvelopeReader {
  readonly #outline: Outline;

  constructor(schema: ConnectSchema | undefined) {
    const source = new Outline(memberReader(schema && fieldNamed(schema, 'source')));
    const other = memberReader(schema);
    this.#outline = new Outline(
      (name, bytes, start, end) =>
        name === 'source' ? source.read(bytes, start, end) : other(name, bytes, start, end),
      ['before', 'after'],
    );
  }

  /** @throws JsonSyntaxError when the bytes are no JSON object, or no envelope */
  read(bytes: Buffer, start: number, end: number): object {
    const change = this.#outline.read(bytes, start, end);
    this.#checkOperation(bytes, start);
    const source = this.#outline.startOf('source');
    if (source === undefined || bytes[source] !== 0x7b) throw broken("its 'source' is no struct", source ?? start);
    this.#checkRow('before', bytes);
    this.#checkRow('after', bytes);
    return change;
  }

  /** Undefined when it is something else than an envelope. */
  readIfEnvelope(bytes: Buffer, start: number, end: number): object | undefined {
    if (bytes[skipSpace(bytes, start, end)] !== 0x7b) return undefined;
    const change = this.#outline.read(bytes, start, end);
    const outline = this.#outline;
    const source = outline.startOf('source');
    if (source === undefined || bytes[source] !== 0x7b || outline.startOf('op') === undefined) return undefined;
    if (outline.startOf('before') === undefined && outline.startOf('after') === undefined) return undefined;
    this.#checkOperation(bytes, start);
    this.#checkRow('before', bytes);
    this.#checkRow('after', bytes);
    return change;
  }

  /** One of c, u, d, r, t, between quotes. */
  #checkOperation(bytes: Buffer, start: number): void {
    const at = this.#outline.startOf('op');
    if (at !== undefined && bytes[at] === 0x22 && bytes[at + 2] === 0x22 && OPERATIONS.has(bytes[at + 1]!)) return;
    const found = at === undefined ? 'missing' : bytes.toString('utf8', at, Math.min(at + 12, bytes.length));
    throw broken(`its 'op' is ${found}, none of "c", "u", "d", "r", "t"`, at ?? start);
  }

  #checkRow(name: 'before' | 'after', bytes: Buffer): void {
    const at = this.#outline.startOf(name);
    if (at === undefined || bytes[at] === 0x7b || bytes[at] === 0x6e) return;
    throw broken(`its '${name}' is neither a row nor null`, at);
  }
}

const OPERATIONS: ReadonlySet<number> = new Set(Buffer.from('cudrt'));

function broken(problem: string, at: number): JsonSyntaxError {
  return new JsonSyntaxError(`the change is no envelope of Debezium: ${problem},`, at);
}

/** Reads the members of a struct, converted by their schemas where there are any. */
function memberReader(schema: ConnectSchema | undefined): MemberReader {
  if (schema === undefined) return (_name, bytes, start, end) => deepFreeze(parseMember(bytes, start, end));
  const fields = new Map(schema.fields?.map((field) => [field.field!, field]));
  return (name, bytes, start, end) => {
    const json = parseMember(bytes, start, end);
    const field = fields.get(name);
    return deepFreeze(field === undefined ? json : readConnectValue(field, json));
  };
}
