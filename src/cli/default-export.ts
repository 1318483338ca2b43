import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { asError, ConfigurationError, TopologyError } from '../errors.js';

interface Module {
  readonly default?: unknown;
  /** What Node adds to a CommonJS module that is imported. */
  readonly 'module.exports'?: unknown;
}

/** What Node says of a TypeScript file with `import` or `export` that it takes for CommonJS. */
const LOADED_BY_REQUIRE: ReadonlySet<string | undefined> = new Set(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_CYCLE_MODULE']);

/**
 * Loads a TypeScript or JavaScript file and gives its default export.
 *
 * @param setting what names the file, for the message: `config`, `topology`
 * @throws ConfigurationError when the file is missing or cannot be loaded; a TopologyError or ConfigurationError that
 *   the file throws itself comes as it is
 */
export async function defaultExport(path: string, setting: string): Promise<unknown> {
  if (!existsSync(path)) throw new ConfigurationError(`there is no file ${path}`, setting);
  try {
    return ofModule((await import(pathToFileURL(path).href)) as Module);
  } catch (thrown) {
    if (thrown instanceof ConfigurationError || thrown instanceof TopologyError) throw thrown;
    const why = LOADED_BY_REQUIRE.has((thrown as NodeJS.ErrnoException).code)
      ? 'no package.json beside or above it says "type": "module", so Node takes it for CommonJS. Say so there, or name the file *.mts'
      : asError(thrown).message;
    throw new ConfigurationError(`${path} cannot be loaded: ${why}`, setting, { cause: thrown });
  }
}

/** A TypeScript file that Node takes for CommonJS, and can load all the same (24 can), is wrapped once more. */
function ofModule(module: Module): unknown {
  const { default: exported } = module;
  const isWrapped = 'module.exports' in module && typeof exported === 'object' && exported !== null;
  return isWrapped && 'default' in exported ? exported.default : exported;
}
