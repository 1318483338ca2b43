/**
 * What the registry holds: schemas by id, subjects with their versions, levels and modes. Changes come as events, which
 * the journal keeps; applying them again gives the same.
 */
import { createHash } from 'node:crypto';
import type { AvroNode, NamedNode } from '../../serde/avro/avro-schema.js';
import { parseAvroSchema } from '../../serde/avro/read-avro-schema.js';
import { avroSchemaIdentity } from '../../serde/avro/write-avro-schema.js';
import type { CompatibilityLevel } from '../compatibility-level.js';

/** Another subject's version that a schema refers to by name. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

export type RegistryMode = 'READWRITE' | 'READONLY';

/** What changes the registry. `subject: null` is the registry as a whole. */
export type RegistryEvent =
  | {
      readonly event: 'registered';
      readonly subject: string;
      readonly version: number;
      readonly id: number;
      readonly schema: string;
      readonly references: readonly SchemaReference[];
    }
  | { readonly event: 'deleted'; readonly subject: string; readonly versions: readonly number[] }
  | { readonly event: 'erased'; readonly subject: string; readonly versions: readonly number[] }
  | { readonly event: 'level'; readonly subject: string | null; readonly level: CompatibilityLevel | null }
  | { readonly event: 'mode'; readonly subject: string | null; readonly mode: RegistryMode | null };

export interface StoredSchema {
  readonly id: number;
  readonly guid: string;
  readonly text: string;
  readonly references: readonly SchemaReference[];
  readonly node: AvroNode;
}

export interface SubjectVersion {
  readonly subject: string;
  readonly version: number;
  readonly schema: StoredSchema;
  /** A deleted version is hidden; its id goes on being answered, for records that were written with it. */
  readonly deleted: boolean;
}

export class Subjects {
  readonly #byId = new Map<number, StoredSchema>();
  readonly #idByIdentity = new Map<string, number>();
  readonly #subjects = new Map<string, SubjectVersion[]>();
  /** The highest version that a subject ever had: versions are not given twice. */
  readonly #lastVersion = new Map<string, number>();
  readonly #levels = new Map<string | null, CompatibilityLevel>();
  readonly #modes = new Map<string | null, RegistryMode>();
  #lastId = 0;

  apply(event: RegistryEvent): void {
    switch (event.event) {
      case 'registered':
        this.#register(event);
        return;
      case 'deleted':
        this.#replace(event.subject, event.versions, (version) => ({ ...version, deleted: true }));
        return;
      case 'erased':
        this.#replace(event.subject, event.versions, () => undefined);
        return;
      case 'level':
        if (event.level === null) this.#levels.delete(event.subject);
        else this.#levels.set(event.subject, event.level);
        return;
      case 'mode':
        if (event.mode === null) this.#modes.delete(event.subject);
        else this.#modes.set(event.subject, event.mode);
    }
  }

  /** The id that a schema has, or will have when it is registered. */
  idFor(node: AvroNode): number {
    return this.#idByIdentity.get(avroSchemaIdentity(node)) ?? this.#lastId + 1;
  }

  nextVersion(subject: string): number {
    return (this.#lastVersion.get(subject) ?? 0) + 1;
  }

  byId(id: number): StoredSchema | undefined {
    return this.#byId.get(id);
  }

  byGuid(guid: string): StoredSchema | undefined {
    return [...this.#byId.values()].find((schema) => schema.guid === guid);
  }

  /** Names in alphabetical order. */
  names(including: 'living' | 'deleted too'): readonly string[] {
    const names = [...this.#subjects].filter(
      ([, versions]) => including === 'deleted too' || versions.some(({ deleted }) => !deleted),
    );
    return names.map(([name]) => name).sort();
  }

  /** Every version, deleted ones too, oldest first; empty where there is no such subject. */
  versions(subject: string): readonly SubjectVersion[] {
    return this.#subjects.get(subject) ?? [];
  }

  living(subject: string): readonly SubjectVersion[] {
    return this.versions(subject).filter(({ deleted }) => !deleted);
  }

  /** The versions of all subjects that have this schema. */
  using(id: number): readonly SubjectVersion[] {
    return this.names('living').flatMap((name) => this.living(name).filter(({ schema }) => schema.id === id));
  }

  /** The living version with the same schema. */
  find(subject: string, node: AvroNode): SubjectVersion | undefined {
    const id = this.#idByIdentity.get(avroSchemaIdentity(node));
    return this.living(subject).find(({ schema }) => schema.id === id);
  }

  /** @param subject null: the registry's own */
  level(subject: string | null): CompatibilityLevel | undefined {
    return this.#levels.get(subject) ?? (subject === null ? 'BACKWARD' : undefined);
  }

  mode(subject: string | null): RegistryMode | undefined {
    return this.#modes.get(subject) ?? (subject === null ? 'READWRITE' : undefined);
  }

  /**
   * The types that a schema may refer to.
   * @throws Error naming the reference that is not there
   */
  definitions(references: readonly SchemaReference[], found = new Map<string, NamedNode>()): Map<string, NamedNode> {
    for (const { name, subject, version } of references) {
      const schema = this.versions(subject).find((candidate) => candidate.version === version)?.schema;
      if (schema === undefined)
        throw new Error(`there is no version ${version} of '${subject}', which is referred to as '${name}'`);
      this.definitions(schema.references, found);
      if ('name' in schema.node) found.set(schema.node.name, schema.node);
    }
    return found;
  }

  #register({ subject, version, id, schema: text, references }: Extract<RegistryEvent, { event: 'registered' }>): void {
    let schema = this.#byId.get(id);
    if (schema === undefined) {
      const node = parseAvroSchema(text, this.definitions(references));
      const identity = avroSchemaIdentity(node);
      schema = Object.freeze({ id, guid: guidOf(identity), text, references, node });
      this.#byId.set(id, schema);
      this.#idByIdentity.set(identity, id);
      this.#lastId = Math.max(this.#lastId, id);
    }
    this.#subjects.set(subject, [...this.versions(subject), { subject, version, schema, deleted: false }]);
    this.#lastVersion.set(subject, Math.max(version, this.#lastVersion.get(subject) ?? 0));
  }

  #replace(
    subject: string,
    versions: readonly number[],
    by: (version: SubjectVersion) => SubjectVersion | undefined,
  ): void {
    const left = this.versions(subject)
      .map((version) => (versions.includes(version.version) ? by(version) : version))
      .filter((version) => version !== undefined);
    if (left.length > 0) {
      this.#subjects.set(subject, left);
    } else {
      this.#subjects.delete(subject);
      // Versions begin anew after a subject is gone for good.
      this.#lastVersion.delete(subject);
    }
  }
}

/** The same for the same schema, in whatever registry. */
function guidOf(identity: string): string {
  const hex = createHash('md5').update(identity).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
