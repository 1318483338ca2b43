/**
 * The registry as a program that reads and writes records uses it. Nothing is remembered here but by the library, for
 * each id: who asks remembers what it was told.
 *
 * `@kafkajs/confluent-schema-registry` makes the calls of the hot path's schemas. It gives compiled types, without the
 * attributes that Connect keeps in a schema; so the answers themselves are caught on their way through it.
 */
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { asError } from '../errors.js';
import type { AvroNode, NamedNode } from '../serde/avro/avro-schema.js';
import { avscOptions } from '../serde/avro/avsc-type.js';
import { AvroSchemaError, parseAvroSchema } from '../serde/avro/read-avro-schema.js';
import { avroSchemaText } from '../serde/avro/write-avro-schema.js';
import { type Answer, AnswerCatcher } from './answer-catcher.js';
import { REGISTRY_CODES, RegistryError, registryAway } from './registry-error.js';
import { type RegistryAddress, RegistryRest, readAnswer } from './rest.js';

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
    const answer = await this.#caught<SchemaAnswer>(`/schemas/ids/${id}`, () => this.#library.getSchema(id));
    return this.#read(answer, `the schema ${id}`);
  }

  /** The schema with a globally unique id, as newer producers write it into a header. Throws as {@link schemaById}. */
  async schemaByGuid(guid: string): Promise<AvroNode> {
    return this.#read(await this.rest.call<SchemaAnswer>('GET', `/schemas/guids/${guid}`), `the schema ${guid}`);
  }

  /**
   * Registers a schema, or finds that it is registered; gives its id.
   *
   * @throws RegistryError with the code 409 when it is incompatible with the subject's earlier ones; BrokerError
   *   `retriable` when the registry is away
   */
  async register(subject: string, schema: AvroNode): Promise<number> {
    const text = avroSchemaText(schema);
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    // The library wants a name.
    if (!('name' in schema)) return (await this.rest.call<{ readonly id: number }>('POST', path, { schema: text })).id;
    const level = await this.#levelOf(subject);
    const answer = await this.#caught<{ readonly id: number }>(path, () =>
      this.#library.register(
        { type: SchemaType.AVRO, schema: text },
        // It compares the level with the subject's, and would set it where the subject has none.
        { subject, compatibility: level as never },
      ),
    );
    return answer.id;
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

  async #levelOf(subject: string): Promise<string | undefined> {
    try {
      const path = `/config/${encodeURIComponent(subject)}`;
      const { compatibilityLevel } = await this.rest.call<{ readonly compatibilityLevel: string }>('GET', path);
      return compatibilityLevel.toUpperCase();
    } catch (thrown) {
      // It has none of its own.
      if (thrown instanceof RegistryError && String(thrown.code).startsWith('404')) return undefined;
      throw thrown;
    }
  }

  /** Makes a call of the library and gives the answer to the request with this path. */
  async #caught<T>(path: string, call: () => Promise<unknown>): Promise<T> {
    const url = `${this.url}${path}`;
    let answer: Answer | undefined;
    let failure: Error | undefined;
    try {
      await withinTime(call(), this.#timeoutMs);
    } catch (thrown) {
      failure = asError(thrown);
    } finally {
      answer = this.#answers.take(url);
    }
    if (answer === undefined) {
      throw registryAway(this.url, `does not answer: ${failure?.message ?? 'nothing came'}`, failure);
    }
    if (answer.networkError !== undefined) {
      throw registryAway(this.url, `does not answer: ${answer.networkError.message}`, answer.networkError);
    }
    // What the library makes of an answer that is good does not matter here.
    return readAnswer<T>(this.url, answer.status, answer.json, answer.text);
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
