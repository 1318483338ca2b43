/** The engines that the tests of the layers above are run on. */
import { memoryEngines } from '../../src/state/memory.js';
import type { StoreEngines } from '../../src/state/store.js';

export interface EngineKind {
  make(): Promise<{ readonly engines: StoreEngines; dispose(): Promise<void> }>;
  /** How many random runs it is fast enough for. */
  readonly runs: number;
}

export const engineKinds: readonly (readonly [string, EngineKind])[] = [
  ['memory', { make: async () => ({ engines: memoryEngines(), dispose: async () => {} }), runs: 1_000 }],
];
