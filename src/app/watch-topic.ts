import { Observable } from 'rxjs';
import type { Broker, TopicPartitionOffset } from '../brokers/port.js';
import { asError, ConfigurationError } from '../errors.js';
import type { StreamRecord } from '../record.js';
import { TopicCodec, type TopicSerdes } from '../runtime/codec.js';

const POLL_MS = 200;
const BATCH = 1_000;

/**
 * What is committed to a topic, from the subscription on, as an ordinary Observable: to look at, without guarantees.
 * It belongs to no group, commits nothing, and has no backpressure.
 */
export function watchTopic(broker: Broker, topic: string, serdes: TopicSerdes): Observable<StreamRecord> {
  return new Observable((subscriber) => {
    let open = true;
    const codec = new TopicCodec(new Map([[topic, serdes]]), Number.POSITIVE_INFINITY);
    const source = {
      role: 'source',
      name: `observe(${topic})`,
      topics: [],
      parents: [],
      children: [],
      timestampExtractor: undefined,
      offsetReset: undefined,
    } as const;

    async function follow(): Promise<void> {
      const admin = await broker.admin();
      const partitions = await admin.partitionCount(topic).finally(() => admin.close());
      if (partitions === undefined) throw new ConfigurationError(`the topic '${topic}' does not exist`, topic);
      const consumer = await broker.consumer({ offsetReset: 'latest', isolation: 'read_committed' });
      try {
        const starts: TopicPartitionOffset[] = [];
        for (let partition = 0; partition < partitions; partition += 1) {
          const { high } = await consumer.watermarks({ topic, partition });
          starts.push({ topic, partition, offset: high });
        }
        consumer.assign(starts);
        while (open) {
          const records = await consumer.poll(BATCH, POLL_MS);
          await codec.prepare(records);
          for (const raw of records) subscriber.next(codec.read(source, raw, -1));
        }
      } finally {
        await consumer.close();
      }
    }

    follow().catch((thrown) => subscriber.error(asError(thrown)));
    return () => {
      open = false;
    };
  });
}
