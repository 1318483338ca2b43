import { afterAll, beforeAll, describe, it } from 'vitest';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { Broker } from '../../src/brokers/port.js';
import { startTestKafka, type TestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { resetContract } from '../reset/reset.contract.js';
import { compareContract } from './compare.contract.js';

const missing = await whyNoKafka();

if (missing === undefined) {
  let kafka: TestKafka;
  let broker: Broker;
  beforeAll(async () => {
    kafka = await startTestKafka();
    broker = kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers });
  });
  afterAll(() => kafka.stop());
  compareContract('Kafka', () => broker);
  resetContract('Kafka', () => broker);
} else {
  describe('Kafka: compare and reset', () => {
    it.skip(`are not tested: ${missing}`, () => {});
  });
}
