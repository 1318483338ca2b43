import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { asError, ConfigurationError, TopologyError } from '../errors.js';

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
    throw new ConfigurationError(`${path} cannot be loaded: ${asError(thrown).message}`, setting, { cause: thrown });
  }
}
