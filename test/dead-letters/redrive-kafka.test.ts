import { describe, it } from 'vitest';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import { startTestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { redriveContract } from './redrive.contract.js';

const missing = await whyNoKafka();

if (missing === undefined) {
  redriveContract('Kafka', async () => {
    const kafka = await startTestKafka();
    return {
      open: async () => kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers }),
      close: (broker) => broker.close(),
      flags: ['--bootstrap-servers', kafka.bootstrapServers],
      env: {},
      shared: true,
      remove: () => kafka.stop(),
    };
  });
} else {
  describe('Kafka: dead letters come back once', () => {
    it.skip(`is not tested: ${missing}`, () => {});
  });
}
