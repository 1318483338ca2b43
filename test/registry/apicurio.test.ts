/** The contract of the registry, held against the one of the stack; what it does otherwise than Confluent's is listed here. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { guard } from '../../deploy/stack/guard.js';
import { startRegistry } from '../../deploy/stack/registry.js';
import { whyNoStack } from '../stack/running-stack.js';
import { type Differences, registryContract } from './registry.contract.js';

const DIFFERENCES: Differences = {
  without: {
    'comparing with a version of no subject': 'Apicurio holds every schema compatible with what is not there',
    'a GUID that is not there':
      'Apicurio has no GUIDs, and 3.3.3 leaves some requests for a path it does not know unanswered',
  },
  refusals: {
    'a level of no subject': [404, 40401], // As Confluent's did before it had 40408.
    'a mode of no subject': [200], // The mode of all.
    'no mode': [422, 42201],
    'a body without a schema': [500, 0],
    'a body that is no JSON': [400], // A text.
  },
};

const missing = await whyNoStack();

describe.skipIf(missing !== undefined)('Apicurio', () => {
  registryContract(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
    const { url, pid, stop } = await startRegistry({ directory });
    const letGo = guard(pid);
    return {
      url,
      close: async () => {
        await stop();
        letGo();
        await rm(directory, { recursive: true, force: true });
      },
    };
  }, DIFFERENCES);
});
