/** `millrace schemas`: a project's contracts against a registry. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { asError, ConfigurationError } from '../errors.js';
import {
  type BrokenRule,
  brokenRules,
  brokenRuleText,
  type CompatibilityLevel,
} from '../registry/compatibility-level.js';
import { REGISTRY_CODES, RegistryError } from '../registry/registry-error.js';
import { RegistryRest } from '../registry/rest.js';
import type { AvroNode } from '../serde/avro/avro-schema.js';
import { parseAvroSchema } from '../serde/avro/read-avro-schema.js';
import { avroSchemaIdentity, avroSchemaText } from '../serde/avro/write-avro-schema.js';

/** Where the registry is looked for without `--registry` and `MILLRACE_REGISTRY_URL`. */
const DEFAULT_REGISTRY = 'http://localhost:8081';

/** A version that a subject has. */
export interface RegisteredVersion {
  readonly version: number;
  readonly id: number;
  readonly node: AvroNode;
}

/** A contract beside what its subject has. */
export interface Comparison {
  readonly file: string;
  readonly subject: string;
  readonly level: CompatibilityLevel;
  /** Oldest first. */
  readonly versions: readonly RegisteredVersion[];
  /** The version that says the same. */
  readonly same: RegisteredVersion | undefined;
  readonly broken: readonly BrokenRule[];
  readonly node: AvroNode;
}

export function registryUrl(given: string | undefined): string {
  return given ?? (process.env.MILLRACE_REGISTRY_URL || DEFAULT_REGISTRY);
}

/** The subject of a contract: `--subject`, or its file's name with `-value`. */
export function subjectOf(file: string, given: string | undefined): string {
  return given ?? `${basename(file, '.avsc')}-value`;
}

/**
 * The contracts that are meant: the files, or those of a folder.
 *
 * @throws ConfigurationError when there is none
 */
export async function contractFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths.length === 0 ? ['schemas'] : paths) {
    if (path.endsWith('.avsc')) {
      files.push(path);
      continue;
    }
    const entries = await readdir(path).catch((thrown: unknown) => {
      throw new ConfigurationError(`${resolve(path)} cannot be read: ${asError(thrown).message}`, 'files', {
        cause: thrown,
      });
    });
    files.push(...entries.filter((name) => name.endsWith('.avsc')).map((name) => join(path, name)));
  }
  if (files.length === 0)
    throw new ConfigurationError(`there is no .avsc file in ${paths.join(', ') || 'schemas'}`, 'files');
  return files.sort();
}

/** @throws ConfigurationError when the file cannot be read or holds no schema */
export async function readContract(file: string): Promise<AvroNode> {
  try {
    return parseAvroSchema(await readFile(file, 'utf8'));
  } catch (thrown) {
    throw new ConfigurationError(`${file}: ${asError(thrown).message}`, 'files', { cause: thrown });
  }
}

/** The registry as this command asks it. */
export class RegistrySubjects {
  readonly #rest: RegistryRest;

  /** @throws ConfigurationError when the address is none */
  constructor(url: string) {
    this.#rest = new RegistryRest({ url });
  }

  async names(): Promise<readonly string[]> {
    return [...(await this.#rest.call<readonly string[]>('GET', '/subjects'))].sort();
  }

  /** Oldest first; empty where there is no such subject. Schemas of other types than Avro are left out. */
  async versions(subject: string): Promise<readonly RegisteredVersion[]> {
    const numbers = await this.#known<readonly number[]>(`${pathOf(subject)}/versions`);
    const versions: RegisteredVersion[] = [];
    for (const version of numbers ?? []) {
      const {
        id,
        schema,
        schemaType = 'AVRO',
      } = await this.#rest.call<{
        readonly id: number;
        readonly schema: string;
        readonly schemaType?: string;
      }>('GET', `${pathOf(subject)}/versions/${version}`);
      if (schemaType === 'AVRO') versions.push({ version, id, node: parseAvroSchema(schema) });
    }
    return versions;
  }

  /** The subject's level, or the registry's. */
  async level(subject: string): Promise<CompatibilityLevel> {
    const own = await this.#known<{ readonly compatibilityLevel: CompatibilityLevel }>(
      `/config/${encodeURIComponent(subject)}`,
    );
    const { compatibilityLevel } =
      own ?? (await this.#rest.call<{ readonly compatibilityLevel: CompatibilityLevel }>('GET', '/config'));
    return compatibilityLevel;
  }

  async compare(file: string, subject: string): Promise<Comparison> {
    const node = await readContract(file);
    const [versions, level] = [await this.versions(subject), await this.level(subject)];
    const identity = avroSchemaIdentity(node);
    return {
      file,
      subject,
      level,
      versions,
      same: versions.find((version) => avroSchemaIdentity(version.node) === identity),
      broken: brokenRules(level, node, versions),
      node,
    };
  }

  /** @throws RegistryError when the registry refuses it */
  async register({ subject, node }: Comparison): Promise<number> {
    const body = { schema: avroSchemaText(node) };
    return (await this.#rest.call<{ readonly id: number }>('POST', `${pathOf(subject)}/versions`, body)).id;
  }

  /** Undefined where the registry says that there is no such thing. */
  async #known<T>(path: string): Promise<T | undefined> {
    try {
      return await this.#rest.call<T>('GET', path);
    } catch (thrown) {
      if (thrown instanceof RegistryError && isUnknown(thrown.code)) return undefined;
      throw thrown;
    }
  }
}

function isUnknown(code: number): boolean {
  return code === 404 || Math.floor(code / 100) === Math.floor(REGISTRY_CODES.unknownSubject / 100);
}

function pathOf(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}`;
}

/** What stands in the way of a contract, in words; undefined when nothing does. */
export function obstacleOf({ file, subject, level, broken }: Comparison): string | undefined {
  if (broken.length === 0) return undefined;
  return [
    `${file} breaks the level ${level} of '${subject}':`,
    ...broken.map((rule) => `  ${brokenRuleText(rule)}`),
  ].join('\n');
}
