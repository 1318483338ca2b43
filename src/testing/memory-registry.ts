/** A registry in the test's memory, so that topologies in Avro run without a server and without waiting. */
import { brokenRules, brokenRuleText, type CompatibilityLevel } from '../registry/compatibility-level.js';
import { Subjects } from '../registry/embedded/subjects.js';
import type { SubjectNameStrategy } from '../registry/subject-name.js';
import type { AvroNode } from '../serde/avro/avro-schema.js';
import { avroEncoding } from '../serde/avro/encoding.js';
import { KnownSchema } from '../serde/avro/known-schemas.js';
import { readAvroSchema } from '../serde/avro/read-avro-schema.js';
import type { SchemaId } from '../serde/avro/wire.js';
import { avroSchemaText } from '../serde/avro/write-avro-schema.js';
import type { Encoding } from '../serde/encoding.js';

/**
 * Schemas by subject and id, with the rules of the embedded registry. Two drivers with the encoding of one registry read
 * each other's bytes.
 *
 * @example
 * const registry = new MemoryRegistry();
 * const driver = await TopologyTestDriver.open(messages, { encoding: registry.encoding() });
 */
export class MemoryRegistry {
  readonly #subjects = new Subjects();
  readonly #known = new Map<SchemaId, KnownSchema>();

  /** Avro with its schemas here. What is written is registered, where its subject's level allows it. */
  encoding(subjects: SubjectNameStrategy = 'TopicNameStrategy'): Encoding {
    return avroEncoding({
      subjects,
      known: {
        find: (id) => this.#schema(id),
        isMissing: () => false,
        fetch: async () => {},
        whyNot: (id) => new Error(`the registry of the test has no schema ${id}`),
      },
      registered: {
        entry: (subject, node) => ({ id: () => this.#register(subject, node), prepare: async () => {} }),
      },
    });
  }

  /**
   * Registers a schema, as another program would.
   *
   * @param schema its JSON, parsed
   * @returns its id
   * @throws AvroSchemaError when it is no schema; Error with the rule that it breaks
   */
  register(subject: string, schema: unknown): number {
    return this.#register(subject, readAvroSchema(schema));
  }

  /** Sets the level of a subject. Default: `BACKWARD`. */
  setLevel(subject: string, level: CompatibilityLevel): void {
    this.#subjects.apply({ event: 'level', subject, level });
  }

  #register(subject: string, node: AvroNode): number {
    const found = this.#subjects.find(subject, node);
    if (found !== undefined) return found.schema.id;
    const earlier = this.#subjects.living(subject).map(({ version, schema }) => ({ version, node: schema.node }));
    const level = this.#subjects.level(subject) ?? this.#subjects.level(null)!;
    const broken = brokenRules(level, node, earlier);
    if (broken.length > 0) {
      throw new Error(`the schema breaks the level ${level} of '${subject}': ${broken.map(brokenRuleText).join('; ')}`);
    }
    const id = this.#subjects.idFor(node);
    const version = this.#subjects.nextVersion(subject);
    const schema = avroSchemaText(node);
    this.#subjects.apply({ event: 'registered', subject, version, id, schema, references: [] });
    return id;
  }

  #schema(id: SchemaId): KnownSchema | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const stored = typeof id === 'number' ? this.#subjects.byId(id) : this.#subjects.byGuid(id);
    if (stored === undefined) return undefined;
    const schema = new KnownSchema(stored.node);
    this.#known.set(id, schema);
    return schema;
  }
}
