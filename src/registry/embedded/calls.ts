/**
 * The registry's calls about schemas, subjects and their versions.
 *
 * Source: Confluent Schema Registry's REST interface, and its codes (`Errors`).
 */
import { asError } from '../../errors.js';
import type { AvroNode } from '../../serde/avro/avro-schema.js';
import { parseAvroSchema } from '../../serde/avro/read-avro-schema.js';
import { parseJson, stringifyJson } from '../../serde/json-text.js';
import {
  type BrokenRule,
  brokenRules,
  brokenRuleText,
  type CompatibilityLevel,
  type EarlierSchema,
} from '../compatibility-level.js';
import { REGISTRY_CODES } from '../registry-error.js';
import type { Changes } from './changes.js';
import type { Request } from './request.js';
import { invalidSchema, RestError, unknownSchema, unknownSubject, unknownVersion } from './rest-error.js';
import type { SchemaReference, StoredSchema, Subjects, SubjectVersion } from './subjects.js';

/** What was sent to be registered, looked up or compared. */
interface GivenSchema {
  readonly text: string;
  readonly references: readonly SchemaReference[];
  readonly node: AvroNode;
}

export class RegistryCalls {
  readonly #subjects: Subjects;
  readonly #changes: Changes;

  constructor(subjects: Subjects, changes: Changes) {
    this.#subjects = subjects;
    this.#changes = changes;
  }

  // Schemas

  readonly schemaById = ({ parts }: Request) => describedSchema(this.#schema(parts.id!));

  readonly schemaTextById = ({ parts }: Request) => parseJson(Buffer.from(this.#schema(parts.id!).text));

  readonly schemaByGuid = ({ parts }: Request) => {
    const schema = this.#subjects.byGuid(parts.guid!);
    if (schema === undefined) throw unknownSchema(parts.guid!);
    return describedSchema(schema);
  };

  readonly subjectsOfSchema = ({ parts }: Request) => this.#using(parts.id!).map(({ subject }) => subject);

  readonly versionsOfSchema = ({ parts }: Request) =>
    this.#using(parts.id!).map(({ subject, version }) => ({ subject, version }));

  readonly types = () => ['AVRO'];

  // Subjects

  readonly names = ({ query }: Request) => {
    const prefix = query.get('subjectPrefix') ?? '';
    const including = query.get('deleted') === 'true' ? 'deleted too' : 'living';
    return this.#subjects.names(including).filter((name) => name.startsWith(prefix));
  };

  readonly versions = ({ parts, query }: Request) =>
    this.#of(parts.subject!, query.get('deleted') === 'true').map(({ version }) => version);

  readonly version = ({ parts }: Request) => describedVersion(this.#version(parts.subject!, parts.version!));

  readonly versionText = ({ parts }: Request) =>
    parseJson(Buffer.from(this.#version(parts.subject!, parts.version!).schema.text));

  readonly lookUp = ({ parts, body }: Request) => {
    const subject = parts.subject!;
    this.#of(subject, false);
    const found = this.#subjects.find(subject, this.#given(body).node);
    if (found === undefined) throw new RestError(REGISTRY_CODES.unknownSchema, 'Schema not found');
    return describedVersion(found);
  };

  readonly register = ({ parts, body }: Request) =>
    this.#changes.inTurn(async () => {
      const subject = parts.subject!;
      const given = this.#given(body);
      const found = this.#subjects.find(subject, given.node);
      if (found !== undefined) return { id: found.schema.id };
      this.#mustBeWritable(subject);
      const level = this.#levelOf(subject);
      const broken = brokenRules(level, given.node, this.#earlier(subject));
      if (broken.length > 0) throw incompatible(subject, level, broken);
      const id = this.#subjects.idFor(given.node);
      const { text: schema, references } = given;
      const version = this.#subjects.nextVersion(subject);
      await this.#changes.make({ event: 'registered', subject, version, id, schema, references });
      return { id };
    });

  readonly deleteSubject = ({ parts, query }: Request) =>
    this.#changes.inTurn(async () => {
      const subject = parts.subject!;
      this.#mustBeWritable(subject);
      const permanent = query.get('permanent') === 'true';
      const all = this.#of(subject, permanent);
      if (permanent && all.some(({ deleted }) => !deleted)) {
        throw new RestError(
          REGISTRY_CODES.notSoftDeletedSubject,
          `Subject '${subject}' was not deleted first before being permanently deleted`,
        );
      }
      const versions = all.map(({ version }) => version);
      await this.#changes.make({ event: permanent ? 'erased' : 'deleted', subject, versions });
      return versions;
    });

  readonly deleteVersion = ({ parts, query }: Request) =>
    this.#changes.inTurn(async () => {
      const subject = parts.subject!;
      this.#mustBeWritable(subject);
      const permanent = query.get('permanent') === 'true';
      const { version, deleted } = permanent
        ? this.#anyVersion(subject, parts.version!)
        : this.#version(subject, parts.version!);
      if (permanent && !deleted) {
        throw new RestError(
          REGISTRY_CODES.notSoftDeletedVersion,
          `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`,
        );
      }
      await this.#changes.make({ event: permanent ? 'erased' : 'deleted', subject, versions: [version] });
      return version;
    });

  // Compatibility

  readonly compare = ({ parts, query, body }: Request) => {
    const subject = parts.subject!;
    return this.#compared(subject, body, query, this.#toCompareWith(subject, parts.version!));
  };

  readonly compareWithAll = ({ parts, query, body }: Request) =>
    this.#compared(parts.subject!, body, query, this.#earlier(parts.subject!));

  #schema(id: string): StoredSchema {
    const schema = this.#subjects.byId(Number(id));
    if (schema === undefined) throw unknownSchema(id);
    return schema;
  }

  #using(id: string): readonly SubjectVersion[] {
    return this.#subjects.using(this.#schema(id).id);
  }

  #of(subject: string, deletedToo: boolean): readonly SubjectVersion[] {
    const found = deletedToo ? this.#subjects.versions(subject) : this.#subjects.living(subject);
    if (found.length > 0) return found;
    if (this.#subjects.versions(subject).length === 0) throw unknownSubject(subject);
    throw new RestError(
      REGISTRY_CODES.softDeletedSubject,
      `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`,
    );
  }

  #version(subject: string, version: string): SubjectVersion {
    const found = this.#anyVersion(subject, version);
    if (!found.deleted) return found;
    if (this.#subjects.living(subject).length === 0) throw unknownSubject(subject);
    throw unknownVersion(version);
  }

  #anyVersion(subject: string, version: string): SubjectVersion {
    const all = this.#subjects.versions(subject);
    if (all.length === 0) throw unknownSubject(subject);
    const latest = isLatest(version);
    const number = latest ? undefined : Number(version);
    if (number !== undefined && !(Number.isInteger(number) && number > 0 && number < 2 ** 31)) {
      throw new RestError(
        REGISTRY_CODES.invalidVersion,
        `The specified version '${version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
      );
    }
    const found = latest
      ? (this.#subjects.living(subject).at(-1) ?? all.at(-1))
      : all.find((candidate) => candidate.version === number);
    if (found === undefined) throw unknownVersion(version);
    return found;
  }

  #earlier(subject: string): readonly EarlierSchema[] {
    return this.#subjects.living(subject).map(({ version, schema }) => ({ version, node: schema.node }));
  }

  /** As Confluent's: a subject without versions has no latest, with which everything is compatible. */
  #toCompareWith(subject: string, version: string): readonly EarlierSchema[] {
    if (isLatest(version)) return this.#earlier(subject).slice(-1);
    if (this.#subjects.living(subject).length === 0) throw unknownVersion(version);
    const earlier = this.#version(subject, version);
    return [{ version: earlier.version, node: earlier.schema.node }];
  }

  #levelOf(subject: string): CompatibilityLevel {
    return this.#subjects.level(subject) ?? this.#subjects.level(null)!;
  }

  #compared(subject: string, body: unknown, query: URLSearchParams, earlier: readonly EarlierSchema[]) {
    const broken = brokenRules(this.#levelOf(subject), this.#given(body).node, earlier);
    const is_compatible = broken.length === 0;
    return query.get('verbose') === 'true'
      ? { is_compatible, messages: broken.map(brokenRuleText) }
      : { is_compatible };
  }

  #mustBeWritable(subject: string): void {
    if ((this.#subjects.mode(subject) ?? this.#subjects.mode(null)) === 'READWRITE') return;
    throw new RestError(REGISTRY_CODES.notPermitted, `Subject ${subject} is in read-only mode`);
  }

  #given(body: unknown): GivenSchema {
    const {
      schema,
      schemaType = 'AVRO',
      references = [],
    } = (body ?? {}) as {
      readonly schema?: unknown;
      readonly schemaType?: unknown;
      readonly references?: readonly SchemaReference[];
    };
    if (schemaType !== 'AVRO') {
      throw invalidSchema(
        `this registry keeps schemas of the type AVRO, not ${JSON.stringify(schemaType)}: it is a stand-in for one machine`,
      );
    }
    if (typeof schema !== 'string')
      throw invalidSchema('the body has no "schema", the text of a schema in a JSON string');
    try {
      const node = parseAvroSchema(schema, this.#subjects.definitions(references));
      return { text: stringifyJson(parseJson(Buffer.from(schema))), references, node };
    } catch (thrown) {
      throw invalidSchema(asError(thrown).message);
    }
  }
}

const isLatest = (version: string): boolean => version === 'latest' || version === '-1';

function describedSchema({ text: schema, references }: StoredSchema): object {
  return { schema, ...(references.length === 0 ? {} : { references }) };
}

function describedVersion({ subject, version, schema }: SubjectVersion): object {
  return { subject, version, id: schema.id, guid: schema.guid, ...describedSchema(schema) };
}

function incompatible(subject: string, level: CompatibilityLevel, broken: readonly BrokenRule[]): RestError {
  return new RestError(
    REGISTRY_CODES.incompatible,
    `Schema being registered is incompatible with an earlier schema for subject "${subject}", ` +
      `details: [${broken.map(brokenRuleText).join(' | ')}, {compatibility: '${level}'}]`,
  );
}
