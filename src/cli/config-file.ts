import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MillraceConfig } from '../app/millrace-config.js';
import { ConfigurationError } from '../errors.js';

const DEFAULT_FILE = 'millrace.config.ts';

/**
 * Loads the configuration: `millrace.config.ts` of the working directory, or the file that is named.
 *
 * @throws ConfigurationError when the file is missing or exports no configuration
 */
export async function loadConfig(file: string | undefined): Promise<MillraceConfig> {
  const path = resolve(file ?? DEFAULT_FILE);
  if (!existsSync(path)) {
    throw new ConfigurationError(
      `there is no ${path}: a configuration gives at least application.id, and binds the models of the topology`,
      'config',
    );
  }
  const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: MillraceConfig };
  if (typeof loaded.default !== 'object' || loaded.default === null) {
    throw new ConfigurationError(`${path} has no default export: write export default defineConfig({ … })`, 'config');
  }
  return loaded.default;
}
