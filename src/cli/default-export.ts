import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { asError, ConfigurationError, TopologyError } from '../errors.js';

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
    return ((await import(pathToFileURL(path).href)) as { readonly default?: unknown }).default;
  } catch (thrown) {
    if (thrown instanceof ConfigurationError || thrown instanceof TopologyError) throw thrown;
    const why = LOADED_BY_REQUIRE.has((thrown as NodeJS.ErrnoException).code)
      ? 'no package.json beside or above it says "type": "module", so Node takes it for CommonJS. Say so there, or name the file *.mts'
      : asError(thrown).message;
    throw new ConfigurationError(`${path} cannot be loaded: ${why}`, setting, { cause: thrown });
  }
}
