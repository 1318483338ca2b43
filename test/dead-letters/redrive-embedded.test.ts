import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { redriveContract } from './redrive.contract.js';

redriveContract('embedded', async () => {
  const home = await mkdtemp(join(tmpdir(), 'millrace-redrive-'));
  return {
    open: () => openEmbeddedBroker({ directory: join(home, 'broker') }),
    close: (broker) => broker.close(),
    flags: ['--dev'],
    env: { MILLRACE_HOME: home },
    shared: false,
    remove: () => rm(home, { recursive: true, force: true }),
  };
});
