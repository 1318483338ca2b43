/**
 * The schemas of a registry that this process has met.
 *
 * K1. A schema that was fetched is kept: an id stands for one schema for ever.
 * K2. An id that the registry does not have is not asked for again before {@link UNKNOWN_MS} have passed: one bad
 *     record is one question, and a schema that comes late is found.
 * K3. An id that is being fetched is fetched once, however many ask.
 */
import { type Clock, systemClock } from '../../clock.js';
import type { ConnectSchema } from '../../record.js';
import type { RegistryClient } from '../../registry/client.js';
import { RegistryError } from '../../registry/registry-error.js';
import { AvroReader } from './avro-reader.js';
import type { AvroNode } from './avro-schema.js';
import { connectSchemaOf } from './to-connect.js';
import type { SchemaId } from './wire.js';

/** How long an id counts as unknown, milliseconds. */
export const UNKNOWN_MS = 30_000;
/** Ids that are unknown; beyond that the oldest are asked for again. */
const MOST_UNKNOWN = 10_000;

/** The part of a {@link RegistryClient} that schemas are fetched with. */
export type SchemaSource = Pick<RegistryClient, 'url' | 'schemaById' | 'schemaByGuid'>;

/** A schema that values were written with. */
export class KnownSchema {
  readonly node: AvroNode;
  /** In Connect's vocabulary; undefined where it cannot be said there. */
  readonly connect: ConnectSchema | undefined;
  #reader: AvroReader | undefined;

  constructor(node: AvroNode) {
    this.node = node;
    this.connect = connectSchemaOf(node);
  }

  /** Reads values as they were written. */
  get reader(): AvroReader {
    this.#reader ??= new AvroReader(this.node);
    return this.#reader;
  }
}

export class KnownSchemas {
  readonly #source: SchemaSource;
  readonly #clock: Clock;
  readonly #known = new Map<SchemaId, KnownSchema>();
  readonly #unknown = new Map<SchemaId, { readonly until: number; readonly reason: Error }>();
  readonly #fetching = new Map<SchemaId, Promise<void>>();

  constructor(source: SchemaSource, clock: Clock = systemClock) {
    this.#source = source;
    this.#clock = clock;
  }

  get url(): string {
    return this.#source.url;
  }

  /** Undefined when it was not fetched. */
  find(id: SchemaId): KnownSchema | undefined {
    return this.#known.get(id);
  }

  /** Why there is no schema with this id. */
  whyNot(id: SchemaId): Error {
    const unknown = this.#unknown.get(id);
    if (unknown === undefined) {
      return new Error(
        `the schema ${id} was not fetched from ${this.url}: prepare() does that, before a batch is decoded`,
      );
    }
    return new Error(`the registry ${this.url} does not give the schema ${id}: ${unknown.reason.message}`, {
      cause: unknown.reason,
    });
  }

  /** Whether an id is to be asked for. */
  isMissing(id: SchemaId): boolean {
    if (this.#known.has(id)) return false;
    const unknown = this.#unknown.get(id);
    return unknown === undefined || unknown.until <= this.#clock.now();
  }

  /** Fetches a schema. @throws BrokerError `retriable` when the registry is away; an unknown id is no error */
  fetch(id: SchemaId): Promise<void> {
    let fetching = this.#fetching.get(id);
    if (fetching === undefined) {
      fetching = this.#fetch(id).finally(() => this.#fetching.delete(id));
      this.#fetching.set(id, fetching);
    }
    return fetching;
  }

  async #fetch(id: SchemaId): Promise<void> {
    try {
      const node = await (typeof id === 'number' ? this.#source.schemaById(id) : this.#source.schemaByGuid(id));
      this.#known.set(id, new KnownSchema(node));
      this.#unknown.delete(id);
    } catch (thrown) {
      if (!(thrown instanceof RegistryError)) throw thrown;
      if (this.#unknown.size >= MOST_UNKNOWN) this.#unknown.delete(this.#unknown.keys().next().value!);
      this.#unknown.set(id, { until: this.#clock.now() + UNKNOWN_MS, reason: thrown });
    }
  }
}
