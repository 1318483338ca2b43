/** Avro as a real Debezium 3.6 wrote it, and a registry that has its schemas. */
import { readFileSync } from 'node:fs';
import type { Headers } from '../../../src/record.js';
import { RegistryError } from '../../../src/registry/registry-error.js';
import type { AvroNode } from '../../../src/serde/avro/avro-schema.js';
import { type AvroSchemas, AvroSerde } from '../../../src/serde/avro/avro-serde.js';
import { KnownSchemas, type SchemaSource } from '../../../src/serde/avro/known-schemas.js';
import { readAvroSchema } from '../../../src/serde/avro/read-avro-schema.js';
import { RegisteredSchemas, type SchemaTarget } from '../../../src/serde/avro/registered-schemas.js';
import { parseJson } from '../../../src/serde/json-text.js';
import type { Serde } from '../../../src/serde/serde.js';

const RECORDED = new URL('../../fixtures/debezium-3.6/', import.meta.url);

export interface RecordedAvro {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

function lines(file: string): readonly Buffer[] {
  return readFileSync(new URL(file, RECORDED), 'utf8')
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line));
}

/** The JSON of the schemas that were registered, by id. */
export function recordedSchemas(): ReadonlyMap<number, unknown> {
  return new Map(
    lines('avro-schemas.jsonl').map((line) => {
      const { id, schema } = parseJson(line) as { id: number; schema: unknown };
      return [id, schema];
    }),
  );
}

export function recordedAvro(): readonly RecordedAvro[] {
  const bytes = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64'));
  return lines('avro.jsonl').map((line) => {
    const { offset, timestamp, key, value, headers } = JSON.parse(line.toString()) as {
      offset: number;
      timestamp: number;
      key: string | null;
      value: string | null;
      headers: readonly Record<string, string>[];
    };
    return {
      offset,
      timestamp,
      key: bytes(key),
      value: bytes(value),
      headers: headers.flatMap((header) =>
        Object.entries(header).map(([name, text]) => ({ key: name, value: Buffer.from(text) })),
      ),
    };
  });
}

/** A registry in memory, of schemas by id; what is registered gets the next one. */
export class FakeRegistry implements SchemaSource, SchemaTarget {
  readonly url = 'http://registry.example';
  readonly asked: (number | string)[] = [];
  readonly registered: { readonly subject: string; readonly schema: AvroNode }[] = [];
  readonly #schemas = new Map<number | string, AvroNode>();

  constructor(schemas: ReadonlyMap<number | string, unknown> = new Map()) {
    for (const [id, json] of schemas) this.#schemas.set(id, readAvroSchema(json));
  }

  add(id: number | string, json: unknown): void {
    this.#schemas.set(id, readAvroSchema(json));
  }

  async schemaById(id: number | string): Promise<AvroNode> {
    this.asked.push(id);
    const schema = this.#schemas.get(id);
    if (schema === undefined) throw new RegistryError('Schema not found', 40403);
    return schema;
  }

  schemaByGuid(guid: string): Promise<AvroNode> {
    return this.schemaById(guid);
  }

  async register(subject: string, schema: AvroNode): Promise<number> {
    this.registered.push({ subject, schema });
    const id = 100 + this.registered.length;
    this.#schemas.set(id, schema);
    return id;
  }

  async idOf(): Promise<number> {
    throw new RegistryError('Schema not found', 40403);
  }
}

export function schemasOf(registry: FakeRegistry): AvroSchemas {
  return {
    known: new KnownSchemas(registry),
    registered: new RegisteredSchemas(registry, 'register'),
    subjects: 'TopicNameStrategy',
  };
}

export function avroSerde<T>(registry: FakeRegistry, part: 'key' | 'value' = 'value'): AvroSerde<T> {
  return new AvroSerde<T>(schemasOf(registry), part);
}

/** Prepares and decodes. */
export async function decoded<T>(serde: Serde<T>, bytes: Buffer | null, headers: Headers = []) {
  await serde.prepare?.([{ topic: 'cars', bytes, headers }]);
  const context = { topic: 'cars', headers, schema: undefined };
  const value = serde.deserialize(bytes, context);
  return { value, schema: context.schema as Parameters<Serde<T>['serialize']>[1]['schema'] };
}
