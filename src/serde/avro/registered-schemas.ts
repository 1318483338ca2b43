/**
 * The ids under which schemas are registered for writing.
 *
 * R1. A schema is registered once for each subject; what it is refused for is remembered for {@link REFUSED_MS}, so that
 *     a registry whose level was changed is asked again.
 * R2. Registering takes a call to the registry, and writing is synchronous: who writes too early is told to wait.
 */
import { type Clock, systemClock } from '../../clock.js';
import type { RegistryClient } from '../../registry/client.js';
import { RegistryError } from '../../registry/registry-error.js';
import { NotReady } from '../serde.js';
import type { AvroNode } from './avro-schema.js';
import { avroSchemaIdentity } from './write-avro-schema.js';

/** How long a refusal is remembered, milliseconds. */
export const REFUSED_MS = 30_000;

/** The part of a {@link RegistryClient} that schemas are registered with. */
export type SchemaTarget = Pick<RegistryClient, 'url' | 'register' | 'idOf'>;

interface Entry {
  id: number | undefined;
  refused: { readonly reason: Error; readonly until: number } | undefined;
  registering: Promise<void> | undefined;
}

export class RegisteredSchemas {
  readonly #target: SchemaTarget;
  readonly #find: 'register' | 'idOf';
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  /** @param missing what is done with a schema that the subject has not */
  constructor(target: SchemaTarget, missing: 'register' | 'refuse', clock: Clock = systemClock) {
    this.#target = target;
    this.#find = missing === 'register' ? 'register' : 'idOf';
    this.#clock = clock;
  }

  /** An entry that `idOf` can be asked for without looking it up again. */
  entry(subject: string, schema: AvroNode): { id(): number; prepare(): Promise<void> } {
    const key = `${subject} ${avroSchemaIdentity(schema)}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { id: undefined, refused: undefined, registering: undefined };
      this.#entries.set(key, entry);
    }
    const found = entry;
    return {
      id: () => found.id ?? this.#notYet(found, subject, schema),
      prepare: () => (found.id === undefined ? this.#register(found, subject, schema) : Promise.resolve()),
    };
  }

  #notYet(entry: Entry, subject: string, schema: AvroNode): never {
    if (entry.refused !== undefined && entry.refused.until > this.#clock.now()) throw entry.refused.reason;
    const ready = this.#register(entry, subject, schema);
    // Who does not wait is not to be told by an unhandled rejection.
    ready.catch(() => {});
    throw new NotReady(`the schema is being registered under '${subject}' at ${this.#target.url}`, ready);
  }

  #register(entry: Entry, subject: string, schema: AvroNode): Promise<void> {
    entry.registering ??= this.#ask(entry, subject, schema).finally(() => {
      entry.registering = undefined;
    });
    return entry.registering;
  }

  async #ask(entry: Entry, subject: string, schema: AvroNode): Promise<void> {
    try {
      entry.id = await this.#target[this.#find](subject, schema);
      entry.refused = undefined;
    } catch (thrown) {
      if (!(thrown instanceof RegistryError)) throw thrown;
      const reason = new Error(
        this.#find === 'register'
          ? `the registry ${this.#target.url} does not take the schema under '${subject}': ${thrown.message}`
          : `the schema is not registered under '${subject}' at ${this.#target.url} (${thrown.message}): register it first ` +
              '(millrace schemas register), or let it be registered with register: automatically',
        { cause: thrown },
      );
      entry.refused = { reason, until: this.#clock.now() + REFUSED_MS };
    }
  }
}
