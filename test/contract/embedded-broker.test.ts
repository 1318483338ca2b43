import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedBrokerOptions } from '../../src/brokers/embedded/index.js';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { brokerContract } from './broker.contract.js';

let topics = 0;
const uniqueTopic = (): string => {
  topics += 1;
  return `contract-${topics}`;
};

brokerContract('embedded, in memory', async () => {
  const broker = await openEmbeddedBroker();
  return { broker, uniqueTopic, close: () => broker.close() };
});

const onDisk = (name: string, options: EmbeddedBrokerOptions): void => {
  brokerContract(name, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-broker-'));
    let broker = await openEmbeddedBroker({ ...options, directory });
    return {
      broker,
      restart: async () => {
        await broker.close();
        broker = await openEmbeddedBroker({ ...options, directory });
        return broker;
      },
      uniqueTopic,
      close: async () => {
        await broker.close();
        await rm(directory, { recursive: true });
      },
    };
  });
};

onDisk('embedded, on disk', {});
onDisk('embedded, on disk with fsync', { flush: 'disk' });
onDisk('embedded, on disk without a cache', { cacheBytes: 1 });
