/** The engines that the tests of the layers above are run on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbEngines } from '../../src/state/lmdb.js';
import { memoryEngines } from '../../src/state/memory.js';
import type { StoreEngines } from '../../src/state/store.js';

export interface EngineKind {
  make(): Promise<{ readonly engines: StoreEngines; dispose(): Promise<void> }>;
  /** How many random runs it is fast enough for. */
  readonly runs: number;
}

async function lmdbInTemporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-state-'));
  return { engines: lmdbEngines(folder), dispose: () => rm(folder, { recursive: true, force: true }) };
}

export const engineKinds: readonly (readonly [string, EngineKind])[] = [
  ['memory', { make: async () => ({ engines: memoryEngines(), dispose: async () => {} }), runs: 1_000 }],
  ['LMDB', { make: lmdbInTemporaryFolder, runs: 150 }],
];
