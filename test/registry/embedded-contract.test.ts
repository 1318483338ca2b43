import { describe } from 'vitest';
import { openEmbeddedRegistry } from '../../src/registry/embedded/index.js';
import { registryContract } from './registry.contract.js';

describe('the embedded registry', () => {
  registryContract(() => openEmbeddedRegistry(), { without: {}, refusals: {} });
});
