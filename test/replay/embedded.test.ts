import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { replayContract } from './replay.contract.js';

replayContract('embedded', async () => {
  const broker = await openEmbeddedBroker();
  return {
    broker,
    compacted: (topic) => broker.compact(topic),
    restless: { 'segment.bytes': '1' },
    close: () => broker.close(),
  };
});
