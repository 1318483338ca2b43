import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { MillraceConfig } from '../app/millrace-config.js';
import { ConfigurationError } from '../errors.js';
import { defaultExport } from './default-export.js';

const DEFAULT_FILE = 'millrace.config.ts';

/**
 * Loads the configuration: `millrace.config.ts` of the working directory, or the file that is named.
 *
 * @throws ConfigurationError when the file is missing, cannot be loaded or exports no configuration
 */
export async function loadConfig(file: string | undefined): Promise<MillraceConfig> {
  const path = resolve(file ?? DEFAULT_FILE);
  if (file === undefined && !existsSync(path)) {
    throw new ConfigurationError(
      `there is no ${path}: a configuration gives at least application.id, and binds the models of the topology ` +
        '(name another file with --config)',
      'config',
    );
  }
  const loaded = await defaultExport(path, 'config');
  if (typeof loaded !== 'object' || loaded === null) {
    throw new ConfigurationError(`${path} has no default export: write export default defineConfig({ … })`, 'config');
  }
  return loaded as MillraceConfig;
}
