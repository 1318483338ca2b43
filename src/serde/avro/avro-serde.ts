/** The serde of values in Avro, with their schemas in a registry. */

import type { ConnectSchema } from '../../record.js';
import { type SubjectNameStrategy, subjectName } from '../../registry/subject-name.js';
import type { RecordPart } from '../encoding.js';
import type { Serde, SerdeContext, UndecodedPart } from '../serde.js';
import type { AvroNode } from './avro-schema.js';
import { AvroWriter } from './avro-writer.js';
import { avroSchemaOf } from './from-connect.js';
import type { KnownSchema, KnownSchemas } from './known-schemas.js';
import type { RegisteredSchemas } from './registered-schemas.js';
import { idBefore, idInHeaders, noIdError, PREFIX_LENGTH, type SchemaId } from './wire.js';

/** What the serdes of one encoding share. */
export interface AvroSchemas {
  readonly known: Pick<KnownSchemas, 'find' | 'whyNot' | 'isMissing' | 'fetch'>;
  readonly registered: Pick<RegisteredSchemas, 'entry'>;
  readonly subjects: SubjectNameStrategy;
}

/** Gives the value of bytes whose schema is known. */
export type ReadKnown = (schema: KnownSchema, bytes: Buffer, start: number, context: SerdeContext) => unknown;

/** A writer, and the id of its schema under one subject. */
interface ReadyWriter {
  readonly writer: AvroWriter;
  id(): number;
  prepare(): Promise<void>;
}

export class AvroSerde<T> implements Serde<T> {
  readonly encoding = 'avro';
  readonly #schemas: AvroSchemas;
  readonly #part: RecordPart;
  readonly #read: ReadKnown;
  readonly #writers = new WeakMap<ConnectSchema, Map<string, ReadyWriter>>();
  #lastSchema: ConnectSchema | undefined;
  #lastTopic = '';
  #lastWriter: ReadyWriter | undefined;

  constructor(schemas: AvroSchemas, part: RecordPart, read: ReadKnown = readAsWritten) {
    this.#schemas = schemas;
    this.#part = part;
    this.#read = read;
  }

  serialize(value: T | null, context: SerdeContext): Buffer | null {
    if (value === null) return null;
    const { schema, topic } = context;
    if (schema === undefined) throw noSchema(topic, this.#part);
    const ready =
      schema === this.#lastSchema && topic === this.#lastTopic ? this.#lastWriter! : this.#writerFor(schema, topic);
    return ready.writer.write(ready.id(), value);
  }

  deserialize(bytes: Buffer | null, context: SerdeContext): T | null {
    context.schema = undefined;
    if (bytes === null) return null;
    const inHeaders = context.headers.length === 0 ? undefined : idInHeaders(context.headers, this.#part);
    const id = inHeaders ?? idBefore(bytes);
    if (id === undefined) throw noIdError(bytes);
    const schema = this.#schemas.known.find(id);
    if (schema === undefined) throw this.#schemas.known.whyNot(id);
    return this.#read(schema, bytes, inHeaders === undefined ? PREFIX_LENGTH : 0, context) as T;
  }

  prepare(batch: readonly UndecodedPart[]): Promise<void> | undefined {
    const { known } = this.#schemas;
    const missing = new Set<SchemaId>();
    let last: SchemaId | undefined;
    for (const { bytes, headers } of batch) {
      if (bytes === null) continue;
      const id = (headers.length === 0 ? undefined : idInHeaders(headers, this.#part)) ?? idBefore(bytes);
      if (id === undefined || id === last) continue;
      last = id;
      if (known.isMissing(id)) missing.add(id);
    }
    if (missing.size === 0) return undefined;
    return Promise.all([...missing].map((id) => known.fetch(id))).then(() => undefined);
  }

  prepareToWrite(topic: string, schema: ConnectSchema): Promise<void> {
    return this.#writerFor(schema, topic).prepare();
  }

  #writerFor(schema: ConnectSchema, topic: string): ReadyWriter {
    let byTopic = this.#writers.get(schema);
    if (byTopic === undefined) {
      byTopic = new Map();
      this.#writers.set(schema, byTopic);
    }
    let ready = byTopic.get(topic);
    if (ready === undefined) {
      ready = readyWriter(this.#schemas, topic, this.#part, originOf(schema) ?? avroSchemaOf(schema));
      byTopic.set(topic, ready);
    }
    this.#lastSchema = schema;
    this.#lastTopic = topic;
    this.#lastWriter = ready;
    return ready;
  }
}

/** The writer of a schema for a topic. */
export function readyWriter(schemas: AvroSchemas, topic: string, part: RecordPart, node: AvroNode): ReadyWriter {
  const subject = subjectName(schemas.subjects, topic, part, 'name' in node ? node.name : undefined);
  const { id, prepare } = schemas.registered.entry(subject, node);
  return { writer: new AvroWriter(node), id, prepare };
}

/** The schemas that were read from Avro, with what they were: they are written again as they came. */
const origins = new WeakMap<ConnectSchema, AvroNode>();

function originOf(schema: ConnectSchema): AvroNode | undefined {
  return origins.get(schema);
}

/** Gives the value and its schema as they were written. */
export function readAsWritten(schema: KnownSchema, bytes: Buffer, start: number, context: SerdeContext): unknown {
  const value = schema.reader.read(bytes, start);
  context.schema = schema.connect;
  if (schema.connect !== undefined && !origins.has(schema.connect)) origins.set(schema.connect, schema.node);
  return value;
}

function noSchema(topic: string, part: RecordPart): Error {
  return new Error(
    `a ${part} for the topic '${topic}' has no schema, and Avro writes by one: none came with the record and the topic ` +
      'declares none. Declare its fields with the topic (row({ id: int32, … })), or a contract (avroContract(…))',
  );
}
