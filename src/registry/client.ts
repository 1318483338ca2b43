/**
 * The registry as a program that reads and writes records uses it. Nothing is remembered here but by the library, for
 * each id: who asks remembers what it was told.
 *
 * `@kafkajs/confluent-schema-registry` fetches schemas by their ids. It gives compiled types, without the attributes that
 * Connect keeps in a schema, so the answers are caught on their way through it; and of a failure it keeps a text, so what
 * it cannot get is asked for once more, plainly. Its `register` wants a name of every schema, sets the level of a subject
 * that has none and refuses defaults beyond 2^53: registering is one plain call.
 */
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { AvroNode, NamedNode } from '../serde/avro/avro-schema.js';
import { avscOptions } from '../serde/avro/avsc-type.js';
import { AvroSchemaError, parseAvroSchema } from '../serde/avro/read-avro-schema.js';
import { avroSchemaText } from '../serde/avro/write-avro-schema.js';
import { AnswerCatcher } from './answer-catcher.js';
import { REGISTRY_CODES, RegistryError, registryAway } from './registry-error.js';
import { type RegistryAddress, RegistryRest } from './rest.js';

/** A schema as the registry gives it. */
interface SchemaAnswer {
  readonly schema: string;
  /** Absent: AVRO. */
  readonly schemaType?: string;
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[];
}

const TIMEOUT_MS = 5_000;

export class RegistryClient {
  readonly rest: RegistryRest;
  readonly #library: SchemaRegistry;
  readonly #answers = new AnswerCatcher();
  readonly #timeoutMs: number;

  /** @throws ConfigurationError when the address is none */
  constructor(address: RegistryAddress) {
    this.rest = new RegistryRest(address);
    this.#timeoutMs = address.timeoutMs ?? TIMEOUT_MS;
    this.#library = new SchemaRegistry(
      {
        host: this.rest.url,
        retry: { retries: 0 },
        middlewares: [this.#answers.middleware],
        ...(address.auth === undefined ? {} : { auth: { ...address.auth } }),
      },
      { [SchemaType.AVRO]: avscOptions() },
    );
  }

  get url(): string {
    return this.rest.url;
  }

  /**
   * The schema with an id.
   *
   * @throws RegistryError when there is none, or it is not Avro; BrokerError `retriable` when the registry is away
   */
  async schemaById(id: number): Promise<AvroNode> {
    const path = `/schemas/ids/${id}`;
    const answer = (await this.#byLibrary(path, id)) ?? (await this.rest.call<SchemaAnswer>('GET', path));
    return this.#read(answer, `the schema ${id}`);
  }

  /** The schema with a globally unique id, as newer producers write it into a header. Throws as {@link schemaById}. */
  async schemaByGuid(guid: string): Promise<AvroNode> {
    const path = `/schemas/guids/${guid}`;
    const answer = await this.rest.call<SchemaAnswer>('GET', path).catch(async (thrown: unknown) => {
      if (thrown instanceof RegistryError || !(await this.rest.lacks(path))) throw thrown;
      // As Apicurio. To wait for an answer would hold up every record behind.
      const message = `this registry has no GUIDs, and the record names its schema by ${guid}`;
      throw new RegistryError(message, REGISTRY_CODES.unknownSchema, { cause: thrown });
    });
    return this.#read(answer, `the schema ${guid}`);
  }

  /**
   * Registers a schema, or finds that it is registered; gives its id.
   *
   * @throws RegistryError with the code 409 when it is incompatible with the subject's earlier ones; BrokerError
   *   `retriable` when the registry is away
   */
  async register(subject: string, schema: AvroNode): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    return (await this.rest.call<{ readonly id: number }>('POST', path, { schema: avroSchemaText(schema) })).id;
  }

  /**
   * Whether a schema is registered under a subject, and its id.
   *
   * @throws RegistryError with the code 40401 or 40403 when it is not
   */
  async idOf(subject: string, schema: AvroNode): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}`;
    return (await this.rest.call<{ readonly id: number }>('POST', path, { schema: avroSchemaText(schema) })).id;
  }

  /** Undefined when the library could not get it. */
  async #byLibrary(path: string, id: number): Promise<SchemaAnswer | undefined> {
    try {
      await withinTime(this.#library.getSchema(id), this.#timeoutMs);
    } catch {
      // Why is found out by asking plainly; what it could not compile may still have been answered well.
    }
    return this.#answers.take(`${this.url}${path}`) as SchemaAnswer | undefined;
  }

  async #read(answer: SchemaAnswer, which: string): Promise<AvroNode> {
    if (typeof answer.schema !== 'string') {
      throw registryAway(
        this.url,
        `answers with JSON, but not with a schema, when it is asked for ${which}; is the address right?`,
      );
    }
    const { schemaType = 'AVRO' } = answer;
    if (schemaType !== 'AVRO') {
      throw new RegistryError(
        `${which} is of the type ${schemaType}, and this encoding reads AVRO`,
        REGISTRY_CODES.invalidSchema,
      );
    }
    try {
      return parseAvroSchema(answer.schema, await this.#definitions(answer, new Map()));
    } catch (thrown) {
      if (!(thrown instanceof AvroSchemaError)) throw thrown;
      throw new RegistryError(`${which} cannot be used: ${thrown.message}`, REGISTRY_CODES.invalidSchema, {
        cause: thrown,
      });
    }
  }

  /** The named types of the schemas that a schema refers to, and those that they refer to. */
  async #definitions(answer: SchemaAnswer, known: Map<string, NamedNode>): Promise<ReadonlyMap<string, NamedNode>> {
    for (const { name, subject, version } of answer.references ?? []) {
      if (known.has(name)) continue;
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
      const referred = await this.rest.call<SchemaAnswer>('GET', path);
      const node = parseAvroSchema(referred.schema, await this.#definitions(referred, known));
      if ('name' in node) known.set(node.name, node);
    }
    return known;
  }
}

/** The library sets no limit of its own. */
async function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
