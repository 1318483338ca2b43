import type { Broker, ConsumedRecord, ConsumerConfig } from '../../../src/brokers/port.js';

/** All records of a partition, up to its end. */
export async function readAll(
  broker: Broker,
  topic: string,
  partition = 0,
  isolation: ConsumerConfig['isolation'] = 'read_committed',
): Promise<ConsumedRecord[]> {
  const consumer = await broker.consumer({ offsetReset: 'none', isolation });
  const { low, high } = await consumer.watermarks({ topic, partition });
  consumer.assign([{ topic, partition, offset: low }]);
  const records: ConsumedRecord[] = [];
  while ((consumer.position({ topic, partition }) ?? low) < high) records.push(...(await consumer.poll(100, 1000)));
  await consumer.close();
  return records;
}
