import { resolve } from 'node:path';
import { ConfigurationError } from '../errors.js';
import type { Topology } from '../topology/graph.js';
import { defaultExport } from './default-export.js';

/**
 * Loads a topology from a TypeScript or JavaScript file: its default export.
 *
 * @throws ConfigurationError when the file is missing, cannot be loaded or exports no topology; TopologyError when the
 *   topology cannot be built
 */
export async function loadTopology(file: string): Promise<Topology> {
  const path = resolve(file);
  const loaded = (await defaultExport(path, 'topology')) as Partial<Topology> | null | undefined;
  if (typeof loaded?.describe !== 'function') {
    throw new ConfigurationError(
      `${path} has no topology as its default export: write export default topology(…)`,
      'topology',
    );
  }
  return loaded as Topology;
}
