/** The registry's calls about levels of compatibility and modes, of a subject or of all. */
import { COMPATIBILITY_LEVELS, isCompatibilityLevel } from '../compatibility-level.js';
import { REGISTRY_CODES } from '../registry-error.js';
import type { Changes } from './changes.js';
import type { Request } from './request.js';
import { RestError } from './rest-error.js';
import type { RegistryMode, Subjects } from './subjects.js';

export class SettingsCalls {
  readonly #subjects: Subjects;
  readonly #changes: Changes;

  constructor(subjects: Subjects, changes: Changes) {
    this.#subjects = subjects;
    this.#changes = changes;
  }

  readonly level = ({ parts, query }: Request) => {
    const subject = parts.subject ?? null;
    const own = this.#subjects.level(subject);
    const found = own ?? (query.get('defaultToGlobal') === 'true' ? this.#subjects.level(null) : undefined);
    if (found !== undefined) return { compatibilityLevel: found };
    throw new RestError(
      REGISTRY_CODES.noSubjectLevel,
      `Subject '${subject}' does not have subject-level compatibility configured`,
    );
  };

  readonly setLevel = ({ parts, body }: Request) =>
    this.#changes.inTurn(async () => {
      const given = (body as { readonly compatibility?: unknown } | undefined)?.compatibility;
      const level = typeof given === 'string' ? given.toUpperCase() : given;
      if (!isCompatibilityLevel(level)) {
        throw new RestError(
          REGISTRY_CODES.invalidLevel,
          `Invalid compatibility level ${JSON.stringify(given)}. Valid values are: ${COMPATIBILITY_LEVELS.join(', ')}`,
        );
      }
      await this.#changes.make({ event: 'level', subject: parts.subject ?? null, level });
      return { compatibility: level };
    });

  readonly dropLevel = (request: Request) =>
    this.#changes.inTurn(async () => {
      const before = this.level(request);
      await this.#changes.make({ event: 'level', subject: request.parts.subject ?? null, level: null });
      return before;
    });

  // Modes

  readonly mode = ({ parts, query }: Request) => {
    const subject = parts.subject ?? null;
    const own = this.#subjects.mode(subject);
    const found = own ?? (query.get('defaultToGlobal') === 'true' ? this.#subjects.mode(null) : undefined);
    if (found !== undefined) return { mode: found };
    throw new RestError(
      REGISTRY_CODES.noSubjectMode,
      `Subject '${subject}' does not have subject-level mode configured`,
    );
  };

  readonly setMode = ({ parts, body }: Request) =>
    this.#changes.inTurn(async () => {
      const mode = (body as { readonly mode?: unknown } | undefined)?.mode;
      if (mode !== 'READWRITE' && mode !== 'READONLY') {
        throw new RestError(
          REGISTRY_CODES.invalidMode,
          `Invalid mode ${JSON.stringify(mode)}. Valid values are: READWRITE, READONLY (schemas are not imported here)`,
        );
      }
      await this.#changes.make({ event: 'mode', subject: parts.subject ?? null, mode: mode satisfies RegistryMode });
      return { mode };
    });
}
