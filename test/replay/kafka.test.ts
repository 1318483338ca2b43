import { describe, it } from 'vitest';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import { startTestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { replayContract } from './replay.contract.js';
import { until } from './stage.js';

const missing = await whyNoKafka();

if (missing === undefined) {
  replayContract('Kafka', async () => {
    // A cleaner that looks every moment, where Kafka's looks every 15 s to 5 min.
    const kafka = await startTestKafka({
      'log.cleaner.backoff.ms': '100',
      'log.retention.check.interval.ms': '100',
      'log.initial.task.delay.ms': '100',
    });
    const broker = kafkaBroker({ 'bootstrap.servers': kafka.bootstrapServers });
    return {
      broker,
      compacted: async (topic) => {
        const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
        await until(async () => {
          consumer.assign([{ topic, partition: 0, offset: 0 }]);
          return (await consumer.poll(100, 5_000))[0]!.offset > 20;
        });
        await consumer.close();
      },
      restless: {
        'segment.ms': '1000',
        'min.cleanable.dirty.ratio': '0.001',
        'min.compaction.lag.ms': '0',
        'file.delete.delay.ms': '0',
      },
      close: () => kafka.stop(),
    };
  });
} else {
  describe('Kafka: replay', () => {
    it.skip(`is not tested: ${missing}`, () => {});
  });
}
