import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { lmdbEngines } from '../../src/state/lmdb.js';
import { storeEngineContract } from '../contract/store-engine.contract.js';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'millrace-lmdb-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

storeEngineContract('LMDB', async () => lmdbEngines(await mkdtemp(join(base, 'engines-'))));
