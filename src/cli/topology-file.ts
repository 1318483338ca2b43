import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../errors.js';
import type { Topology } from '../topology/graph.js';

/**
 * Loads a topology from a TypeScript or JavaScript file: its default export.
 *
 * @throws ConfigurationError when the file is missing or exports no topology; whatever building the topology throws
 */
export async function loadTopology(file: string): Promise<Topology> {
  const path = resolve(file);
  if (!existsSync(path)) throw new ConfigurationError(`there is no ${path}`, 'topology');
  const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: Partial<Topology> };
  if (typeof loaded.default?.describe !== 'function') {
    throw new ConfigurationError(
      `${path} has no topology as its default export: write export default topology(…)`,
      'topology',
    );
  }
  return loaded.default as Topology;
}
