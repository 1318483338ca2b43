import { describe, it } from 'vitest';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import { startTestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { brokerContract } from './broker.contract.js';

const missing = await whyNoKafka();
let topics = 0;

if (missing === undefined) {
  brokerContract('Kafka', async () => {
    const kafka = await startTestKafka();
    const open = () => kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers });
    return {
      broker: open(),
      restart: async () => {
        await kafka.restart();
        return open();
      },
      uniqueTopic: () => `contract-${topics++}`,
      textHeadersOnly: true,
      close: () => kafka.stop(),
    };
  });
} else {
  describe('Kafka: the broker contract', () => {
    it.skip(`is not tested: ${missing}`, () => {});
  });
}
