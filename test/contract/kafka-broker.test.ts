import { describe, it } from 'vitest';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import { startTestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { brokerContract } from './broker.contract.js';

const missing = await whyNoKafka();
let topics = 0;

if (missing === undefined) {
  kafkaContract('Kafka', true);
  kafkaContract('Kafka, messages one by one', false);
} else {
  describe('Kafka: the broker contract', () => {
    it.skip(`is not tested: ${missing}`, () => {});
  });
}

/** @param native whether the native part is used, which node-rdkafka alone is to be equal to but for headers */
function kafkaContract(name: string, native: boolean): void {
  brokerContract(name, async () => {
    const kafka = await startTestKafka();
    const open = () => kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers, native });
    return {
      broker: open(),
      restart: async () => {
        await kafka.restart();
        return open();
      },
      uniqueTopic: () => `contract-${topics++}`,
      textHeadersOnly: !native,
      close: () => kafka.stop(),
    };
  });
}
