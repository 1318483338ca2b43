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
import { converts, readConnectValue } from './connect-values.js';
import { isEnvelopeSchema } from './envelope-schema.js';
import { FlatJsonReader } from './flat-json-reader.js';
import { deepFreeze } from './freeze.js';
import { OBJECT_START } from './json-bytes.js';
import { JsonSyntaxError } from './json-parser.js';
import { skipSpace, skipValue } from './json-scan.js';
import { parseFrozen, parseJson, parseMember } from './json-text.js';
import type { MemberReader } from './lazy-object.js';
import { type InnerReader, Outline } from './outline.js';
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
    if (!isEnvelopeSchema(schema) || bytes[payloadStart] !== OBJECT_START) {
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
    if (change === undefined) return parseFrozen(bytes, start, end);
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
  /** The names that the indexes below are of. */
  #names: readonly string[] = [];
  #op = -1;
  #source = -1;
  #before = -1;
  #after = -1;

  constructor(schema: ConnectSchema | undefined) {
    const source = new Outline(memberReader(schema && fieldNamed(schema, 'source')));
    const after = structReader(schema && fieldNamed(schema, 'after'));
    const other = memberReader(schema);
    const member: MemberReader = (name, bytes, start, end) => {
      if (name === 'source') return source.read(bytes, start, end);
      return name === 'after' ? after.read(bytes, start, end) : other(name, bytes, start, end);
    };
    const inner = new Map<string, InnerReader>([
      ['source', source],
      ['after', after],
    ]);
    this.#outline = new Outline(member, ['before', 'after'], inner);
  }

  /** @throws JsonSyntaxError when the bytes are no JSON object, or no envelope */
  read(bytes: Buffer, start: number, end: number): object {
    const change = this.#readObject(bytes, start, end);
    if (!this.#hasSource(bytes)) throw broken("its 'source' is no struct", start);
    this.#check(bytes, start);
    return change;
  }

  /** Undefined when it is something else than an envelope. */
  readIfEnvelope(bytes: Buffer, start: number, end: number): object | undefined {
    if (bytes[skipSpace(bytes, start, end)] !== OBJECT_START) return undefined;
    const change = this.#readObject(bytes, start, end);
    if (!this.#hasSource(bytes) || this.#op < 0 || (this.#before < 0 && this.#after < 0)) return undefined;
    this.#check(bytes, start);
    return change;
  }

  #readObject(bytes: Buffer, start: number, end: number): object {
    const change = this.#outline.read(bytes, start, end);
    const { names } = this.#outline;
    if (names !== this.#names) {
      this.#names = names;
      this.#op = names.indexOf('op');
      this.#source = names.indexOf('source');
      this.#before = names.indexOf('before');
      this.#after = names.indexOf('after');
    }
    return change;
  }

  #hasSource(bytes: Buffer): boolean {
    return this.#source >= 0 && bytes[this.#outline.startOf(this.#source)] === OBJECT_START;
  }

  #check(bytes: Buffer, start: number): void {
    this.#checkOperation(bytes, start);
    this.#checkRow('before', this.#before, bytes);
    this.#checkRow('after', this.#after, bytes);
  }

  /** One of c, u, d, r, t, between quotes. */
  #checkOperation(bytes: Buffer, start: number): void {
    const at = this.#op < 0 ? -1 : this.#outline.startOf(this.#op);
    if (at >= 0 && bytes[at] === 0x22 && bytes[at + 2] === 0x22 && OPERATIONS.has(bytes[at + 1]!)) return;
    const found =
      at < 0 ? 'missing' : bytes.toString('utf8', at, Math.min(at + 20, skipValue(bytes, at, bytes.length)));
    throw broken(`its 'op' is ${found}, none of "c", "u", "d", "r", "t"`, at < 0 ? start : at);
  }

  #checkRow(name: string, index: number, bytes: Buffer): void {
    if (index < 0) return;
    const at = this.#outline.startOf(index);
    if (bytes[at] !== OBJECT_START && bytes[at] !== 0x6e) throw broken(`its '${name}' is neither a row nor null`, at);
  }
}

const OPERATIONS: ReadonlySet<number> = new Set(Buffer.from('cudrt'));

function broken(problem: string, at: number): JsonSyntaxError {
  return new JsonSyntaxError(`the change is no envelope of Debezium: ${problem},`, at);
}

/** Reads the members of a struct, converted by their schemas where there are any. */
function memberReader(schema: ConnectSchema | undefined): MemberReader {
  const structs = new Map(schema?.fields?.filter(converts).map((field) => [field.field!, structReader(field)]));
  return (name, bytes, start, end) => {
    const known = structs.get(name);
    if (known !== undefined) return known.read(bytes, start, end);
    if (bytes[start] !== OBJECT_START) return parseMember(bytes, start, end);
    const struct = structReader(undefined);
    structs.set(name, struct);
    return struct.read(bytes, start, end);
  };
}

/** Reads a value, mostly a struct, that is frozen. */
interface StructReader extends InnerReader {
  read(bytes: Buffer, start: number, end: number): unknown;
}

function structReader(schema: ConnectSchema | undefined): StructReader {
  return schema !== undefined && converts(schema) ? new ConvertingReader(schema) : new PlainReader();
}

/** Gives values as they were parsed. */
class PlainReader implements StructReader {
  readonly #reader = new FlatJsonReader('frozen');

  read(bytes: Buffer, start: number, end: number): unknown {
    return bytes[start] === OBJECT_START ? this.#reader.readPart(bytes, start, end) : parseMember(bytes, start, end);
  }

  readShown(bytes: Buffer, start: number, end: number): unknown {
    return this.#reader.readShown(bytes, start, end);
  }

  get behind(): number {
    return this.#reader.behind;
  }
}

/** Converts values by their schema. */
class ConvertingReader implements StructReader {
  readonly #schema: ConnectSchema;
  readonly #isFlat: boolean;
  readonly #reader = new FlatJsonReader('changeable');

  constructor(schema: ConnectSchema) {
    this.#schema = schema;
    this.#isFlat = isFlat(schema);
  }

  read(bytes: Buffer, start: number, end: number): unknown {
    return this.#converted(this.#reader.readPart(bytes, start, end));
  }

  /** What cannot be converted fails when it is asked for, by {@link read}. */
  readShown(bytes: Buffer, start: number, end: number): unknown {
    const value = this.#reader.readShown(bytes, start, end);
    if (value === undefined) return undefined;
    try {
      return this.#converted(value);
    } catch {
      return undefined;
    }
  }

  get behind(): number {
    return this.#reader.behind;
  }

  #converted(parsed: unknown): unknown {
    const value = readConnectValue(this.#schema, parsed);
    return this.#isFlat ? Object.freeze(value) : deepFreeze(value);
  }
}

/** Whether it is a struct that holds no objects but bytes, which cannot be frozen. */
function isFlat(schema: ConnectSchema): boolean {
  return schema.fields?.every(({ type }) => type !== 'struct' && type !== 'array' && type !== 'map') ?? false;
}
